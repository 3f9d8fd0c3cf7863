package launch

import (
	"errors"
	"slices"
	"sync/atomic"
)

// more makes a launcher if none is ready. It is called with the lock held, and does not
// wait.
func (p *Launchers) more() {
	if len(p.idle) > 0 || p.making || p.closed {
		return
	}
	p.making = true
	go func() {
		l, err := p.make()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.making = false
		if err != nil {
			p.fail(err)
			return
		}
		p.free(l)
		if len(p.waiting) > 0 && p.ordinary() <= p.left {
			p.more()
		}
	}()
}

// make makes a launcher by the maker, and first the maker if there is none.
func (p *Launchers) make() (*launcher, error) {
	p.births.Lock()
	defer p.births.Unlock()
	maker, err := p.oneMaker()
	if err != nil {
		return nil, err
	}
	l, err := newLauncher(next(), starts, p.by(maker), p.gone)
	if errors.Is(err, errHangs) {
		p.stall(maker)
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.over {
		return nil, errors.New("a launcher ended at once")
	}
	if p.all == nil {
		p.all = map[*launcher]struct{}{}
	}
	p.all[l] = struct{}{}
	return l, nil
}

// last is the number of the last launcher of this process: their names identify their
// children.
var last atomic.Int64

func next() int { return int(last.Add(1)) }

// oneMaker returns the maker. If it is gone another one is made: by a launcher that is
// ready, if there is one.
func (p *Launchers) oneMaker() (*launcher, error) {
	p.mu.Lock()
	maker, stuck := p.maker, p.stuck
	p.mu.Unlock()
	switch {
	case maker != nil:
		return maker, nil
	case stuck:
		return nil, errHangs
	}
	maker, err := p.newMaker()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		maker.end()
		return nil, errClosed
	case maker.over:
		return nil, errors.New("a launcher ended at once")
	}
	p.maker = maker
	return maker, nil
}

func (p *Launchers) newMaker() (*launcher, error) {
	l := p.borrow()
	if l == nil {
		return newLauncher(next(), makes, directly, p.gone)
	}
	maker, err := newLauncher(next(), makes, p.by(l), p.gone)
	if !errors.Is(err, errHangs) {
		p.give(l)
		return maker, err
	}
	p.mu.Lock()
	p.flying--
	delete(p.all, l) // it does not come back
	p.mu.Unlock()
	p.stall(l)
	return nil, err
}

// borrow takes a launcher that is ready, if there is one.
func (p *Launchers) borrow() *launcher {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	l := p.idle[0]
	p.idle = p.idle[1:]
	p.flying++
	return l
}

// stall leaves a launcher behind that does not return from making another one. Nothing is
// executed from this process itself then, because it would hang as well. What the
// launcher makes in the end finds nobody to talk to, and ends.
func (p *Launchers) stall(maker *launcher) {
	p.mu.Lock()
	p.maker, p.stuck = nil, true
	p.mu.Unlock()
	p.say("%v; until it ends no launcher can be made", errHangs)
	go func() {
		for a := range maker.answers {
			maker.end()
			if a.PID != 0 {
				reap(a.PID)
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stuck = false
	}()
}

// gone is called when a launcher has ended.
func (p *Launchers) gone(l *launcher) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.over = true
	_, was := p.all[l]
	delete(p.all, l)
	p.idle = slices.DeleteFunc(p.idle, func(other *launcher) bool { return other == l })
	p.penned = slices.DeleteFunc(p.penned, func(other *launcher) bool { return other == l })
	if l.pen != nil {
		was = false
		go l.pen.remove()
	}
	if p.maker == l {
		p.maker, was = nil, true
	}
	if was {
		p.more()
	}
}
