package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// ErrEnded is the error for callers that wait for a Book whose Run has returned.
var ErrEnded = errors.New("the writing of the state has ended")

// Book keeps values by key beyond the death of the daemon. A change costs one small
// write, however many values there are. Its methods are safe for concurrent use.
//
// A value that was put is in the files soon, and on the disk (fsync(2)) about a second
// later: only this last second can be lost when the machine dies.
type Book struct {
	tell func(error)
	wake chan struct{}

	// Only the goroutine of Run uses these.
	log     *log
	values  map[string]json.RawMessage
	owed    map[string]json.RawMessage // what is not in the files
	failed  error                      // of the last attempt
	dirty   bool                       // something was written, and no sync was begun for it
	syncing chan error                 // brings the result of the sync in progress; nil: there is none
	covered int                        // the life of the log that it brings to the disk,
	up      uint64                     // up to which record,
	covers  uint64                     // and how many calls of Put are in that

	mu       sync.Mutex
	pending  map[string]any
	given    uint64 // how many times Put was called, and up to which of these calls the values are
	written  uint64 // the last in the files
	disk     uint64 // the last on the disk
	asked    uint64 // the last one that somebody waits for to be on the disk
	tries    uint64
	err      error // of the last attempt
	advanced chan struct{}
	ended    bool
}

func newBook(l *log, tell func(error)) *Book {
	return &Book{log: l, tell: tell, wake: make(chan struct{}, 1), advanced: make(chan struct{}),
		values: map[string]json.RawMessage{}, owed: map[string]json.RawMessage{}, pending: map[string]any{}}
}

// Boot is the boot id of this boot, to compare with that of Kept.
func (b *Book) Boot() string { return b.log.boot }

// Put writes values soon; nil removes a key. It does not block. The values must not be
// changed after this.
func (b *Book) Put(changes map[string]any) {
	b.mu.Lock()
	for key, v := range changes {
		b.pending[key] = v
	}
	b.given++
	b.mu.Unlock()
	b.prod()
}

// prod makes Run look for work.
func (b *Book) prod() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Written returns when everything that was put is in the files, so that the death of this
// process does not lose it. The error is that of the first attempt since, or ctx's.
func (b *Book) Written(ctx context.Context) error { return b.await(ctx, false) }

// Flush returns when everything that was put is on the disk (fsync), so that the death of
// the machine does not lose it. The error is that of the first attempt since, or ctx's.
func (b *Book) Flush(ctx context.Context) error { return b.await(ctx, true) }

func (b *Book) await(ctx context.Context, disk bool) error {
	b.mu.Lock()
	if disk && b.given == 0 {
		b.given = 1 // what was recalled
	}
	target, tries := b.given, b.tries
	if disk {
		b.asked = target
	}
	b.mu.Unlock()
	b.prod()
	for {
		b.mu.Lock()
		reached, err, later, advanced, ended := b.written, b.err, b.tries > tries, b.advanced, b.ended
		if disk {
			reached = b.disk
		}
		b.mu.Unlock()
		switch {
		case reached >= target:
			return nil
		case err != nil && later:
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
