package state

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ErrEnded is the error of who waits for a Writer whose Run has returned.
var ErrEnded = errors.New("the writer of the state has ended")

// lazily is after what time a value is brought to the disk that nobody waits for;
// again is the pause after a failure, unless a new value or a waiter comes.
const (
	lazily = time.Second
	again  = 2 * time.Second
)

// Writer writes a Store in the background. Of values that come while one is written only
// the latest is. Its methods are safe for concurrent use.
type Writer struct {
	save func(payload []byte, sync bool) error
	tell func(error)
	wake chan struct{} // one place: something may be to do

	mu       sync.Mutex
	value    []byte
	given    uint64        // how many values were given, and of these
	written  uint64        // the last in the file
	durable  uint64        // the last on the disk
	asked    uint64        // the last that someone waits for to be on the disk
	since    time.Time     // when the first value was written that is not on the disk
	tried    uint64        // how many attempts have begun
	failed   uint64        // the last that failed; zero: the last did not fail
	err      error         // and why
	advanced chan struct{} // closed, and another, after each attempt
	ended    bool
}

// NewWriter makes a Writer, which works while its Run does. The function tell is called
// when saving begins to fail, when it fails for another reason, and with nil when it
// works again; not for each attempt. It must not block.
func NewWriter(s *Store, tell func(error)) *Writer {
	return newWriter(s.Save, tell)
}

func newWriter(save func([]byte, bool) error, tell func(error)) *Writer {
	return &Writer{save: save, tell: tell, wake: make(chan struct{}, 1), advanced: make(chan struct{})}
}

// Save has the payload written soon: to the file at once, to the disk within a second or
// so. It does not block, and the payload must not be changed any more. After a failure
// it is tried again, in vain or not, until a newer one comes.
func (w *Writer) Save(payload []byte) {
	w.mu.Lock()
	w.value = payload
	w.given++
	w.mu.Unlock()
	w.prod()
}

func (w *Writer) prod() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Written returns when the newest value is in the file, so that the death of this
// process does not lose it. The error is that of the first attempt since, or ctx's.
func (w *Writer) Written(ctx context.Context) error {
	return w.await(ctx, false)
}

// Flush returns when the newest value is on the disk (fsync), so that the death of the
// machine does not lose it. The error is that of the first attempt since, or ctx's: a
// disk that hangs makes it wait for ctx.
func (w *Writer) Flush(ctx context.Context) error {
	return w.await(ctx, true)
}

func (w *Writer) await(ctx context.Context, disk bool) error {
	w.mu.Lock()
	target, tried := w.given, w.tried
	if disk {
		w.asked = target
	}
	w.mu.Unlock()
	w.prod()
	for {
		w.mu.Lock()
		reached, failed, err, advanced, ended := w.written, w.failed, w.err, w.advanced, w.ended
		if disk {
			reached = w.durable
		}
		w.mu.Unlock()
		switch {
		case reached >= target:
			return nil
		case failed > tried:
			return err
		case ended:
			return ErrEnded
		}
		select {
		case <-advanced:
		case <-ctx.Done():
			return fmt.Errorf("wait for the state to be saved: %w", ctx.Err())
		}
	}
}

// Run writes until ctx ends, then brings the newest value to the disk and returns the
// error of that.
func (w *Writer) Run(ctx context.Context) error {
	timer := time.NewTimer(lazily)
	defer timer.Stop()
	for {
		select {
		case <-w.wake:
		case <-timer.C:
		case <-ctx.Done():
			return w.end()
		}
		timer.Reset(w.work(time.Now()))
	}
}

// work does what is due, and says how long it can wait for the next time.
func (w *Writer) work(now time.Time) time.Duration {
	w.mu.Lock()
	unsafe := w.written > w.durable
	late := unsafe && now.Sub(w.since) >= lazily
	disk := w.asked > w.durable || late
	due := w.given > w.written || disk
	w.mu.Unlock()
	if !due {
		if unsafe {
			return max(lazily-now.Sub(w.since), time.Millisecond)
		}
		return time.Hour // until a value comes
	}
	if w.attempt(disk) != nil {
		return again
	}
	return lazily
}

// attempt saves the newest value.
func (w *Writer) attempt(disk bool) error {
	w.mu.Lock()
	value, number := w.value, w.given
	w.tried++
	w.mu.Unlock()
	err := w.save(value, disk)
	if before := w.note(number, disk, err); !same(before, err) {
		w.tell(err)
	}
	return err
}

// note keeps the outcome of an attempt, and returns the error of the one before.
func (w *Writer) note(number uint64, disk bool, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.err
	w.err, w.failed = err, 0
	switch {
	case err != nil:
		w.failed = w.tried
	case disk:
		w.written, w.durable = number, number
	default:
		if w.written == w.durable {
			w.since = time.Now()
		}
		w.written = number
	}
	w.advance()
	return before
}

// advance wakes all who wait. The lock is held.
func (w *Writer) advance() {
	close(w.advanced)
	w.advanced = make(chan struct{})
}

func (w *Writer) end() error {
	w.mu.Lock()
	left := w.given > w.durable
	w.mu.Unlock()
	var err error
	if left {
		err = w.attempt(true)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.advance()
	return err
}

// same says that two failures have one reason, as far as the operator is concerned.
func same(a, b error) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	var x, y unix.Errno
	if errors.As(a, &x) && errors.As(b, &y) {
		return x == y
	}
	return a == b || a.Error() == b.Error()
}
