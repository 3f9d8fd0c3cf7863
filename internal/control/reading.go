package control

import (
	"context"
	"sync"
	"time"
)

// readings shares what is costly to read. All that ask while one reading is under way get
// the next one, together, so that nobody is answered with what was so before he asked; and
// between two readings there is a rest, so that those who ask again and again do not take
// the time of what the daemon is for.
type readings struct {
	read func(ctx context.Context) ([]byte, error)

	mu   sync.Mutex
	busy bool     // one is under way, or the rest after it
	next *reading // what those get that ask now, or nil
}

// reading is one for all that wait for it.
type reading struct {
	done   chan struct{}
	askers int
	body   []byte
	err    error
}

// The rest after a reading: a multiple of what it took, and something for each of those that
// are answered now. One who asks alone hardly notices it.
const (
	restFactor = 4
	restEach   = time.Millisecond
	mostRest   = 250 * time.Millisecond
)

// get is the bytes of a reading that began after the call, or the error of ctx.
func (s *readings) get(ctx context.Context) ([]byte, error) {
	r := s.join()
	select {
	case <-r.done:
		return r.body, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *readings) join() *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &reading{done: make(chan struct{})}
	}
	s.next.askers++
	if !s.busy {
		s.busy = true
		go s.run()
	}
	return s.next
}

// run reads as long as somebody waits.
func (s *readings) run() {
	for {
		r := s.begin()
		if r == nil {
			return
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
		r.body, r.err = s.read(ctx)
		cancel()
		close(r.done)
		time.Sleep(min(restFactor*time.Since(began)+time.Duration(r.askers)*restEach, mostRest))
	}
}

func (s *readings) begin() *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.next
	s.next, s.busy = nil, r != nil
	return r
}
