package control

import (
	"context"
	"sync"
	"time"
)

// readings shares a reading that costs much. All that ask while one is in progress share
// the next one, so that nobody gets a state from before the question. After each reading
// there is a rest, so that frequent questions do not take the CPU time of the daemon's
// main work.
type readings struct {
	read func(ctx context.Context) ([]byte, error)

	mu   sync.Mutex
	busy bool     // one is in progress, or the rest after it
	next *reading // the reading for those that ask now, or nil
}

// reading is one reading for all that wait for it.
type reading struct {
	done   chan struct{}
	askers int
	body   []byte
	err    error
}

// The rest after a reading: a multiple of the time that it took, and a little for each
// caller that is answered. A single caller hardly notices it. During the rest many
// callers are answered one after the other, so that they do not all need the CPUs at the
// same moment.
const (
	restFactor = 4
	restEach   = 5 * time.Millisecond
	mostRest   = 500 * time.Millisecond
	atOnce     = 4 // so many are answered without a pause
)

// get returns a reading that began after the call, or the error of ctx.
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

// join returns the next reading, and how many callers joined it before.
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
