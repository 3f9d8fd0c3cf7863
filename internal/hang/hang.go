// Package hang runs what may never return, such as a question to a file system whose
// server is gone, so that only the question hangs and not who asks.
package hang

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

var (
	// ErrHangs says that a call has not come back, this one or an earlier one of the same
	// name.
	ErrHangs = errors.New("does not answer")
	// ErrMany says that a call was not tried: too many others hang already.
	ErrMany = errors.New("was not tried: too many others do not answer")
)

// Most is how many calls may hang at once; each holds a thread of the kernel.
const Most = 16

// Guard knows the calls that hang. The zero value works; it may be used by several
// goroutines.
type Guard struct {
	Most int // how many may hang at once; 0: the constant

	mu      sync.Mutex
	out     map[string]struct{} // the names of calls that have not come back
	hanging int                 // how many of them nobody waits for any more
}

// Call is a call under way.
type Call[T any] struct {
	guard *Guard
	name  string
	done  chan struct{}
	value T
	err   error
	state state
}

// state is used with the guard's lock held.
type state struct {
	left bool // nobody waits for it any more
	back bool // it has come back
}

// Go calls f. No other call of its name is made until it comes back; calls without a name do
// not exclude each other. A panic in f is its error.
func Go[T any](g *Guard, name string, f func() (T, error)) (*Call[T], error) {
	if err := g.enter(name); err != nil {
		return nil, err
	}
	c := &Call[T]{guard: g, name: name, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		defer func() {
			if p := recover(); p != nil {
				c.err = fmt.Errorf("internal failure: %v", p)
			}
			g.leave(name, &c.state)
		}()
		c.value, c.err = f()
	}()
	return c, nil
}

// Wait gives what the call gives. When ctx ends first it is left behind, and the error is
// both ErrHangs and that of ctx.
func (c *Call[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
	}
	c.guard.mu.Lock()
	defer c.guard.mu.Unlock()
	if c.state.back { // at the last moment
		return c.value, c.err
	}
	if !c.state.left {
		c.state.left = true
		c.guard.hanging++
	}
	var none T
	return none, &hung{ctx.Err()}
}

// hung is ErrHangs and why nobody waits any more.
type hung struct{ why error }

func (h *hung) Error() string { return ErrHangs.Error() }

func (h *hung) Unwrap() []error { return []error{ErrHangs, h.why} }

// Until calls f and waits for it until ctx ends.
func Until[T any](ctx context.Context, g *Guard, name string, f func() (T, error)) (T, error) {
	c, err := Go(g, name, f)
	if err != nil {
		var none T
		return none, err
	}
	return c.Wait(ctx)
}

// Do calls f and waits for it no longer than patience.
func Do[T any](g *Guard, name string, patience time.Duration, f func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return Until(ctx, g, name, f)
}

// Hanging is how many calls have not come back that nobody waits for any more.
func (g *Guard) Hanging() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hanging
}

func (g *Guard) enter(name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	most := g.Most
	if most == 0 {
		most = Most
	}
	if _, out := g.out[name]; out {
		return ErrHangs
	}
	if g.hanging >= most {
		return ErrMany
	}
	if name == "" {
		return nil
	}
	if g.out == nil {
		g.out = map[string]struct{}{}
	}
	g.out[name] = struct{}{}
	return nil
}

func (g *Guard) leave(name string, s *state) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.out, name)
	if s.back = true; s.left {
		g.hanging--
	}
}
