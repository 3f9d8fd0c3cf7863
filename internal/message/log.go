package message

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// Log sends every message to several queues. The zero value has none, and drops
// everything without counting.
type Log struct {
	mu     sync.RWMutex
	queues []*Queue
	lost   map[string]uint64 // by sinks that were replaced
}

// NewLog makes a Log of queues, which it closes with itself.
func NewLog(queues ...*Queue) *Log { return &Log{queues: queues} }

// Send puts the message into every queue. It never blocks and does not format; any number
// of goroutines may call it. A message without a time gets the present time.
func (l *Log) Send(m Message) {
	if m.Time.IsZero() {
		m.Time = time.Now()
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, q := range l.queues {
		q.Send(m)
	}
}

// Turn replaces the sinks of this Log with those of another one, which must not be used
// afterwards. It happens at once: no message is lost in between. The function that it
// returns closes the former sinks, as Close does.
func (l *Log) Turn(to *Log) (finish func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	had := NewLog(l.queues...)
	l.queues = to.queues
	return func(ctx context.Context) error {
		err := had.Close(ctx)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.lost == nil {
			l.lost = map[string]uint64{}
		}
		for name, n := range had.Dropped() {
			l.lost[name] += n
		}
		return err
	}
}

// present is the queues in use.
func (l *Log) present() []*Queue {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.queues
}

// Names lists the sinks in use: "journal", "syslog", "stderr".
func (l *Log) Names() []string {
	queues := l.present()
	names := make([]string, len(queues))
	for i, q := range queues {
		names[i] = q.Name()
	}
	return names
}

// Dropped is how many messages each sink has lost since the start, by its name; sinks
// that lost none are left out.
func (l *Log) Dropped() map[string]uint64 {
	lost := make(map[string]uint64)
	l.mu.RLock()
	defer l.mu.RUnlock()
	maps.Copy(lost, l.lost)
	for _, q := range l.queues {
		if n := q.Dropped(); n > 0 {
			lost[q.Name()] += n
		}
	}
	return lost
}

// Flush returns when every queue is empty, or with the error of ctx when that ends. It
// also waits for messages that are sent meanwhile.
func (l *Log) Flush(ctx context.Context) error {
	queues := l.present()
	errs := make([]error, len(queues))
	for i, q := range queues {
		errs[i] = q.Flush(ctx)
	}
	return errors.Join(errs...)
}

// Close writes what the queues hold, all at the same time, until ctx ends. The error
// names each sink that did not finish.
func (l *Log) Close(ctx context.Context) error {
	queues := l.present()
	errs := make([]error, len(queues))
	var wait sync.WaitGroup
	for i, q := range queues {
		wait.Go(func() { errs[i] = q.Close(ctx) })
	}
	wait.Wait()
	return errors.Join(errs...)
}
