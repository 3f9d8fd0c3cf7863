package message

import (
	"io"
	"os"
	"sync"
	"time"
)

// keptMost is how many messages, the newest, are kept for a log daemon that comes later.
const keptMost = 512

// Candidate is a log daemon that may come: where it will listen, and the sink for it.
type Candidate struct {
	Path string
	Sink Sink
}

// Auto writes to one sink until a log daemon is there. From then on it writes to the log
// daemon, first the newest 512 messages from before. The kernel reports when a daemon
// comes, if its directory exists already; otherwise Auto notices it with the next
// message.
type Auto struct {
	candidates []Candidate
	arrivals   *os.File // nil: there is none

	mu    sync.Mutex
	first Sink
	kept  []Message
	later Sink // chosen
}

// NewAuto makes a sink that begins with first, or without a sink if that is nil. It must
// be closed.
func NewAuto(first Sink, candidates ...Candidate) *Auto {
	a := &Auto{candidates: candidates, first: first}
	paths := make([]string, len(candidates))
	for i, c := range candidates {
		paths[i] = c.Path
	}
	var err error
	if a.arrivals, err = arrivals(paths); err != nil {
		return a // it is noticed with the next message
	}
	some := make(chan struct{}, 1)
	go told(a.arrivals, some)
	go a.await(some)
	return a
}

// await ends when a daemon has come and has received what was kept, or with Close. A
// daemon that is just starting may not answer yet.
func (a *Auto) await(some <-chan struct{}) {
	defer a.arrivals.Close()
	var again <-chan time.Time
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		select {
		case _, open := <-some:
			if !open {
				return
			}
			wait = firstRetry
		case <-again:
		}
		a.mu.Lock()
		a.choose()
		there := a.later != nil
		done := there && a.handOver() == nil
		a.mu.Unlock()
		if done {
			return
		}
		if there {
			again = time.After(wait)
		}
	}
}

// Write first gives the log daemon the messages that wait for it, then this one.
func (a *Auto) Write(m Message) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.choose(); a.later == nil {
		a.keep(m)
		if a.first == nil {
			return nil
		}
		return a.first.Write(m)
	}
	if err := a.handOver(); err != nil {
		return err
	}
	return a.later.Write(m)
}

// choose takes the first candidate that is there. The lock is held.
func (a *Auto) choose() {
	for _, c := range a.candidates {
		if a.later == nil && exists(c.Path) {
			a.later = c.Sink
		}
	}
}

// handOver writes what was kept. The lock is held.
func (a *Auto) handOver() error {
	for len(a.kept) > 0 {
		if err := a.later.Write(a.kept[0]); err != nil {
			return err
		}
		a.kept = a.kept[1:]
	}
	return nil
}

func (a *Auto) keep(m Message) {
	if len(a.kept) >= keptMost {
		a.kept = a.kept[1:]
	}
	a.kept = append(a.kept, m)
}

// Close closes the sinks, and waits for no daemon any more.
func (a *Auto) Close() error {
	if a.arrivals != nil {
		a.arrivals.Close()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.candidates {
		if closer, ok := c.Sink.(io.Closer); ok {
			closer.Close()
		}
	}
	return nil
}
