package launch

import (
	"context"
	"sync"
)

// takeFor returns a launcher that is ready for a program: for a program that is Whole,
// one in a pen, if that is possible.
func (p *Launchers) takeFor(ctx context.Context, prog Program) (*launcher, error) {
	if !prog.Whole {
		return p.take(ctx)
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	if n := len(p.penned); n > 0 {
		l := p.penned[n-1]
		p.penned = p.penned[:n-1]
		p.flying++
		p.mu.Unlock()
		return l, nil
	}
	none := p.noPens
	p.mu.Unlock()
	if none {
		return p.take(ctx)
	}
	clearing.Do(clearPens)
	pen, err := newPen(next())
	if err == nil {
		var l *launcher
		if l, err = p.inPen(pen); l != nil {
			return l, nil
		}
		pen.remove()
	}
	if err != nil {
		p.without(err)
	}
	return p.take(ctx)
}

// inPen makes a launcher in a pen. The error says that pens are not possible here; if
// there is no launcher and no error, there is none at present.
func (p *Launchers) inPen(pen *pen) (*launcher, error) {
	l, err := p.make()
	if err != nil {
		return nil, nil // the caller that takes another one is told why
	}
	if err := move(l.pid, pen.dir); err != nil {
		l.end()
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l.pen = pen
	p.flying++
	if len(p.waiting) > 0 && p.ordinary() <= p.left {
		p.more()
	}
	return l, nil
}

// clearing is once in a process: what is left is of others.
var clearing sync.Once

// without remembers that there are no pens.
func (p *Launchers) without(err error) {
	p.mu.Lock()
	told := p.noPens
	p.noPens = true
	p.mu.Unlock()
	if !told {
		p.say("what a check that runs out of time has started may stay behind: it cannot be kept in a control group of its own: %v", err)
	}
}

// over ends, or leaves alone, what a program has left behind in a pen, and takes the
// launcher back.
func (p *Launchers) over(l *launcher, kill bool) {
	if kill && len(l.pen.others(l.pid)) > 0 {
		l.pen.kill() // and the launcher with it; another one is made when it is needed
	} else {
		l.pen.letGo(l.pid)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free(l)
}
