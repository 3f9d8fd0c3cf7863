// Package hang runs calls that may never return, such as a question to a file system
// whose server is gone. Then only the call hangs, and not its caller.
package hang

import (
	"errors"
	"sync"
	"time"
)

var (
	// ErrHangs means that a call has not returned, this one or an earlier one of the same
	// name.
	ErrHangs = errors.New("does not answer")
	// ErrMany means that a call was not tried, because too many others hang already.
	ErrMany = errors.New("was not tried: too many others do not answer")
)

// Most is how many calls may hang at once; each holds a thread of the kernel.
const Most = 16

// Guard knows the calls that hang. The zero value is ready to use, also by several
// goroutines.
type Guard struct {
	mu   sync.Mutex
	outs map[string]struct{}
}

// Do calls f and returns its error. If f takes longer than patience, Do returns ErrHangs
// without waiting for it; until f returns no other call of the same name is made.
func Do[T any](g *Guard, name string, patience time.Duration, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	if err := g.enter(name); err != nil {
		return none, err
	}
	done := make(chan answer, 1)
	go func() {
		value, err := f()
		g.leave(name)
		done <- answer{value, err}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-done:
		return a.value, a.err
	case <-late.C:
		return none, ErrHangs
	}
}

// Hanging is how many calls have not returned.
func (g *Guard) Hanging() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.outs)
}

func (g *Guard) enter(name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, hangs := g.outs[name]; hangs {
		return ErrHangs
	}
	if len(g.outs) >= Most {
		return ErrMany
	}
	if g.outs == nil {
		g.outs = map[string]struct{}{}
	}
	g.outs[name] = struct{}{}
	return nil
}

func (g *Guard) leave(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.outs, name)
}
