package message

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Log sends every message to several queues. The zero value has none, and drops
// everything without counting.
type Log struct {
	queues []*Queue
}

// NewLog makes a Log of queues, which it closes with itself.
func NewLog(queues ...*Queue) *Log { return &Log{queues: queues} }

// Send puts the message into every queue. It never blocks, does not format, and may be
// called by any number of goroutines. A message without a time gets the present one.
func (l *Log) Send(m Message) {
	if m.Time.IsZero() {
		m.Time = time.Now()
	}
	for _, q := range l.queues {
		q.Send(m)
	}
}

// Names lists the sinks in use: "journal", "syslog", "stderr".
func (l *Log) Names() []string {
	names := make([]string, len(l.queues))
	for i, q := range l.queues {
		names[i] = q.Name()
	}
	return names
}

// Dropped is how many messages each sink has lost since the start, by its name; sinks
// that lost none are left out.
func (l *Log) Dropped() map[string]uint64 {
	lost := make(map[string]uint64)
	for _, q := range l.queues {
		if n := q.Dropped(); n > 0 {
			lost[q.Name()] += n
		}
	}
	return lost
}

// Flush returns when every queue is empty, or ctx ends, whose error it then gives. What is
// sent meanwhile is waited for too.
func (l *Log) Flush(ctx context.Context) error {
	errs := make([]error, len(l.queues))
	for i, q := range l.queues {
		errs[i] = q.Flush(ctx)
	}
	return errors.Join(errs...)
}

// Close writes what the queues hold, all at the same time, until ctx ends. The error
// names each sink that did not finish.
func (l *Log) Close(ctx context.Context) error {
	errs := make([]error, len(l.queues))
	var wait sync.WaitGroup
	for i, q := range l.queues {
		wait.Go(func() { errs[i] = q.Close(ctx) })
	}
	wait.Wait()
	return errors.Join(errs...)
}
