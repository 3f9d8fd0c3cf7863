package message

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The bounds of a queue.
const (
	queueSize  = 8192                   // messages of one sink; those of Err and worse come in addition
	firstRetry = 100 * time.Millisecond // after a failed write; doubled from then on
	lastRetry  = 5 * time.Second
)

// Queue stands between the senders and a sink: Send never blocks, and one goroutine
// writes. While the sink fails, the first message is tried again at growing intervals and
// the others wait. When the queue is full, new messages of Warning and below are dropped
// and counted; its last quarter takes only Warning. Messages of Err and worse are never
// dropped: when twice as many as the size of the queue wait, a new one takes the place of
// an earlier one of the same kind about the same name, if there is one. When half of the
// queue is empty again, a Dropped message says how many are missing, and how many were
// combined. An idle queue never wakes.
type Queue struct {
	name  string
	sink  Sink
	wake  chan struct{} // holds one: there is something to do
	stop  chan struct{} // closed: write no more
	done  chan struct{} // closed: the goroutine has ended
	close sync.Once

	mu sync.Mutex
	backlog
	busy   bool // one is being written
	closed bool
	missed tally // not yet reported
	total  uint64
}

// NewQueue starts a queue of a size of at least 4 messages. It ends with Close. The name stands
// in Dropped messages.
func NewQueue(sink Sink, name string, size int) *Queue {
	q := &Queue{
		name: name, sink: sink, backlog: backlog{room: max(size, 4)},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go q.run()
	return q
}

// Name is the name given to NewQueue.
func (q *Queue) Name() string { return q.name }

// Send puts a message into the queue, or drops and counts it. It takes a lock for a
// moment and never waits for the sink. After Close every message is dropped.
func (q *Queue) Send(m Message) {
	q.mu.Lock()
	out := refused
	if !q.closed {
		out = q.put(m)
	}
	switch out {
	case folded:
		q.missed.fold(m)
	case refused:
		q.drop(m)
	}
	q.mu.Unlock()
	if out == refused {
		return
	}
	q.nudge()
}

// Dropped is how many messages were dropped since the start.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total
}

// Close lets the queue write its messages until ctx ends; the rest is dropped, and the
// error says how many. It does not wait longer for a write that hangs.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.nudge()
	select {
	case <-q.done:
		return nil
	case <-ctx.Done():
	}
	q.close.Do(func() { close(q.stop) })
	select {
	case <-q.done:
		return nil
	default:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return fmt.Errorf("log to %s: up to %d messages not written: %w", q.name, q.len()+1, ctx.Err())
}

// Flush waits until everything is written, or ctx ends.
func (q *Queue) Flush(ctx context.Context) error {
	for {
		q.mu.Lock()
		idle := q.len() == 0 && !q.busy && !q.missed.any()
		q.mu.Unlock()
		if idle {
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("log to %s: %w", q.name, ctx.Err())
		}
	}
}

func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// drop counts a message that is not written. The lock is held.
func (q *Queue) drop(m Message) {
	q.total++
	q.missed.add(m)
}

func (q *Queue) run() {
	defer close(q.done)
	if c, ok := q.sink.(io.Closer); ok {
		defer c.Close()
	}
	for {
		m, ok, end := q.take()
		switch {
		case end:
			return
		case ok:
			q.deliver(m)
		default:
			<-q.wake
		}
	}
}

// take returns the next message to write: a report of dropped messages as soon as half of
// the queue is empty, else the oldest message. end means that there will be no more.
func (q *Queue) take() (m Message, ok, end bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer func() { q.busy = ok }()
	switch {
	case q.missed.any() && q.len() <= q.room/2:
		m = q.missed.report(q.name)
		q.missed = tally{}
		return m, true, false
	}
	if m, ok = q.backlog.take(); ok {
		return m, true, false
	}
	return Message{}, false, q.closed
}

// deliver tries one message again and again, until it is written, can never be written,
// or the queue is stopped.
func (q *Queue) deliver(m Message) {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		select {
		case <-q.stop:
			q.lose(m)
			return
		default:
		}
		err := q.try(m)
		if err == nil {
			return
		}
		if errors.Is(err, unix.EMSGSIZE) && len(m.Output) > shortOutput {
			m.Output = tail(m.Output, shortOutput)
			continue
		}
		if errors.Is(err, errPanic) || errors.Is(err, unix.EMSGSIZE) {
			q.lose(m)
			return
		}
		select {
		case <-time.After(wait):
		case <-q.stop:
		}
	}
}

// lose counts a message that was taken and cannot be written. A report is not counted,
// because that would cause another report.
func (q *Queue) lose(m Message) {
	if m.Kind == Dropped {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop(m)
}

var errPanic = errors.New("panic in a sink")

func (q *Queue) try(m Message) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errPanic, r)
		}
	}()
	return q.sink.Write(m)
}
