package power

import (
	"context"
	"runtime"
	"time"

	"procward/internal/hang"
)

// spareThreads is how many threads are ready for everything else that the process does
// meanwhile.
const spareThreads = 8

// hands are threads that exist before they are needed, one for each step that may hang.
// If a step hangs its thread is lost, and the other steps have theirs. If a thread had to
// be made at the moment of need this could fail, and Go's runtime then ends the whole
// process.
type hands struct {
	by    map[string]*hand
	timer *time.Timer
}

type hand struct {
	work chan func() error
	done chan error
	left bool // lost to a step that hung
}

func newHands(steps ...string) *hands {
	h := &hands{by: map[string]*hand{}, timer: time.NewTimer(0)}
	h.timer.Stop()
	for _, name := range steps {
		one := &hand{work: make(chan func() error, 1), done: make(chan error, 1)}
		h.by[name] = one
		go one.run()
	}
	hang.Threads(len(steps) + spareThreads)
	return h
}

// run keeps its thread until close; the thread ends with it.
func (h *hand) run() {
	runtime.LockOSThread()
	for f := range h.work {
		h.done <- f()
	}
}

// do does one step for at most a time. After that, or if the step still hangs from the
// last time, it returns ErrStuck. It allocates no memory. Only one step is done at a
// time.
func (h *hands) do(name string, limit time.Duration, f func() error) error {
	if f == nil {
		return ErrLeftOut
	}
	one := h.by[name]
	if one.left {
		select {
		case <-one.done:
			one.left = false
		default:
			return ErrStuck
		}
	}
	h.timer.Reset(limit)
	defer h.timer.Stop()
	one.work <- f
	select {
	case err := <-one.done:
		return err
	case <-h.timer.C:
		one.left = true
		return ErrStuck
	}
}

// wait waits without allocating memory, or returns the error of ctx.
func (h *hands) wait(ctx context.Context, d time.Duration) error {
	h.timer.Reset(d)
	defer h.timer.Stop()
	select {
	case <-h.timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the threads, those that hang as soon as they return, and reports whether
// there are any.
func (h *hands) close() (hanging bool) {
	for _, one := range h.by {
		close(one.work)
		hanging = hanging || one.left
	}
	return hanging
}
