package launch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"procward/internal/ktime"

	"golang.org/x/sys/unix"
)

// Launchers are the launchers of one program. The zero value is ready to use; set the
// fields before the first use. The program's main must call Main.
type Launchers struct {
	// Say, if not nil, is called with what goes wrong with launchers, in words, and must not
	// block.
	Say func(text string)

	births sync.Mutex // held while a launcher is made: only one is made at a time

	mu      sync.Mutex
	closed  bool
	maker   *launcher              // makes launchers; nil: there is none
	stuck   bool                   // a maker hangs in the execution of our own program
	all     map[*launcher]struct{} // but the maker
	idle    []*launcher            // ready
	penned  []*launcher            // ready, each in a pen of its own
	noPens  bool                   // not possible
	waiting []chan *launcher
	making  bool
	why     error        // the last could not be made
	left    int          // left behind with programs that hang
	known   map[int]bool // what has been started and is not reaped
	flying  int          // starts without an answer yet
}

const (
	mostIdle = 2                     // launchers that are kept
	patience = 20 * time.Millisecond // a launcher that does not return by then is not counted on
	mostLeft = 64                    // so many may hang at once

	// leastWithin is for programs that must end sooner than a busy machine can execute them.
	leastWithin = time.Second
)

// Prepare makes the first launchers. The first use does so too.
func (p *Launchers) Prepare() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more()
}

// Close ends the launchers. What they have started goes on.
func (p *Launchers) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, l := range p.idle {
		l.end()
	}
	if p.maker != nil {
		p.maker.end()
	}
	p.idle, p.penned = nil, nil // the penned ones end with us, and remove their pens
	p.fail(errClosed)
}

var errClosed = errors.New("procward ends, and starts nothing more")

// Start starts a program and returns when it was executed, or could not be: the error
// matches ErrLack, or the number of the error. If its execution takes longer than
// prog.Within, or than ctx lives, the error is a *Hung, which matches ErrLate in the
// first case.
func (p *Launchers) Start(ctx context.Context, prog Program) (Started, error) {
	if !prepared.Load() {
		return Started{}, errors.New("the main of this program does not call launch.Main")
	}
	for tries := 0; ; tries++ {
		l, err := p.takeFor(ctx, prog)
		if err != nil {
			return Started{}, err
		}
		s, err := p.start(ctx, l, prog)
		if errors.Is(err, errLost) && tries < 3 {
			continue
		}
		return s, err
	}
}

var errLost = fmt.Errorf("%w: launchers end before they start anything", ErrLack)

func (p *Launchers) start(ctx context.Context, l *launcher, prog Program) (Started, error) {
	o, files, since := request{Program: prog}, []int{}, ktime.Boottime()
	if prog.Output >= 0 {
		files = append(files, prog.Output)
	}
	slow := time.AfterFunc(patience, p.Prepare)
	defer slow.Stop()
	ctx, cancel := context.WithTimeoutCause(ctx, max(prog.Within, leastWithin), ErrLate)
	defer cancel()
	if err := l.send(o, files...); err != nil {
		l.end()
	}
	select {
	case a, ok := <-l.answers:
		if !ok {
			return p.lost(ctx, l, prog, since)
		}
		return p.answered(l, a)
	case <-ctx.Done():
		return Started{}, p.leave(ctx, l, prog)
	}
}

func (p *Launchers) answered(l *launcher, a answer) (Started, error) {
	if a.PID == 0 {
		reapUnborn(l)
		p.give(l)
		return Started{}, &failure{a.Text, unix.Errno(a.Errno), a.Lack}
	}
	p.know(a.PID)
	s := Started{PID: a.PID, At: time.Duration(a.At)}
	if l.pen != nil {
		p.mu.Lock()
		p.flying--
		p.mu.Unlock()
		s.End = func(kill bool) { p.over(l, kill) }
		return s, nil
	}
	p.give(l)
	return s, nil
}

// take returns a launcher that is ready, and waits for one.
func (p *Launchers) take(ctx context.Context) (*launcher, error) {
	mine := make(chan *launcher, 1)
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return nil, errClosed
	case len(p.idle) > 0:
		p.flying++
		l := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		p.mu.Unlock()
		return l, nil
	case p.left >= mostLeft:
		p.mu.Unlock()
		return nil, fmt.Errorf("%w: %d programs hang while they are executed, and no more are tried", ErrLack, mostLeft)
	}
	p.waiting = append(p.waiting, mine)
	if p.ordinary() <= p.left { // else one comes back, or is found to be slow
		p.more()
	}
	p.mu.Unlock()
	select {
	case l := <-mine:
		return p.taken(l)
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.waiting = slices.DeleteFunc(p.waiting, func(c chan *launcher) bool { return c == mine })
	p.mu.Unlock()
	select {
	case l := <-mine:
		return p.taken(l)
	default:
		return nil, fmt.Errorf("%w: no launcher came free: %w", ErrLack, ctx.Err())
	}
}

func (p *Launchers) taken(l *launcher) (*launcher, error) {
	if l != nil {
		return l, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return nil, fmt.Errorf("%w: %w", ErrLack, p.why)
}

// ordinary is how many launchers are not in a pen. It is called with the lock held.
func (p *Launchers) ordinary() int {
	n := 0
	for l := range p.all {
		if l.pen == nil {
			n++
		}
	}
	return n
}

// give takes a launcher back.
func (p *Launchers) give(l *launcher) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flying--
	p.free(l)
}

// free gives a launcher to the first that waits. It is called with the lock held.
func (p *Launchers) free(l *launcher) {
	switch _, lives := p.all[l]; {
	case !lives:
	case l.pen != nil && (p.closed || len(p.penned) >= mostIdle):
		l.end()
	case l.pen != nil:
		p.penned = append(p.penned, l)
	case len(p.waiting) > 0:
		p.flying++
		p.waiting[0] <- l
		p.waiting = p.waiting[1:]
	case p.closed || len(p.idle) >= mostIdle:
		l.end()
	default:
		p.idle = append(p.idle, l)
	}
}

// fail tells all that wait that there is no launcher. It is called with the lock held.
func (p *Launchers) fail(err error) {
	p.why = err
	for _, w := range p.waiting {
		w <- nil
	}
	p.waiting = nil
}

func (p *Launchers) say(format string, args ...any) {
	if p.Say != nil {
		p.Say(fmt.Sprintf(format, args...))
	}
}

// know remembers a child that the caller of Start has to reap.
func (p *Launchers) know(pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[int]bool{}
	}
	p.known[pid] = true
}

// Reaped says that a program was reaped.
func (p *Launchers) Reaped(pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, pid)
}
