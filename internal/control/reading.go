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
// are answered now. One who asks alone hardly notices it. Many are answered one after the
// other during the rest, so that they do not all want the processors at the same moment.
const (
	restFactor = 4
	restEach   = 5 * time.Millisecond
	mostRest   = 500 * time.Millisecond
	atOnce     = 4 // are answered without a pause
)

// get is the bytes of a reading that began after the call, or the error of ctx.
func (s *readings) get(ctx context.Context) ([]byte, error) {
	r, place := s.join()
	select {
	case <-r.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if late := time.Duration(place/atOnce) * (atOnce * restEach / 2); late > 0 {
		select {
		case <-time.After(min(late, mostRest)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return r.body, r.err
}

// join gives the next reading, and how many were there before.
func (s *readings) join() (r *reading, place int) {
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
	return s.next, s.next.askers - 1
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
