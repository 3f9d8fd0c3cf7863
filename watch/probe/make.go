package probe

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// maker makes what carries out the checks of a target: for a program started at start,
// with something to judge expected from then on. afresh says that what was known of an
// earlier program does not count. Times are of being awake.
type maker func(t *target, c Check, start, from time.Duration, afresh bool) (checker, error)

// checker makes what carries out a check.
func (p *Prober) checker(t *target, c Check, start, now time.Duration, afresh bool) checker {
	made, err := p.make(t, c, start, max(now, start+c.StartDelay.D()), afresh)
	if err != nil {
		return broken{err}
	}
	return made
}

// kind is the maker.
func (p *Prober) kind(t *target, c Check, start, from time.Duration, afresh bool) (checker, error) {
	switch {
	case c.HTTP != nil:
		return newAsker(c.HTTP)
	case c.TCP != nil:
		return newCaller("tcp", c.TCP.Address, c.TCP.Send, c.TCP.Expect)
	case c.Unix != nil:
		return newCaller("unix", c.Unix.Path, c.Unix.Send, c.Unix.Expect)
	case c.Exec != nil:
		return &executor{spec: c.Exec, scripts: p.opts.Scripts}, nil
	case c.Heartbeat != nil:
		return newListener(c.Heartbeat, p.awake, from), nil
	case c.Notify != nil:
		e, known := p.ear(t, c.Notify)
		if afresh || !known {
			e.life.afresh(start, from)
		}
		return hearing{e, c.Notify.MaxAge.D()}, nil
	}
	return nil, errors.New("a check of no kind")
}

// ear is the socket of a target, made where there is none. The lock is held.
func (p *Prober) ear(t *target, n *Notify) (e *ear, known bool) {
	for _, e := range t.ears {
		if e.is(n) {
			return e, true
		}
	}
	e = &ear{path: n.Socket, user: n.User, awake: p.awake}
	if p.opts.Scripts != nil {
		e.ask = p.opts.Scripts.Getent
	}
	e.urgent = func() { p.hurry(t, e) }
	t.ears = append(t.ears, e)
	p.ears = append(p.ears, e)
	return e, false
}

func (e *ear) is(n *Notify) bool { return e.path == n.Socket && e.user == n.User }

// silence closes the sockets of a target that none of the checks want. The lock is held.
func (p *Prober) silence(t *target, checks []Check) {
	maps.DeleteFunc(p.ending, func(_ string, done <-chan struct{}) bool { return over(done) })
	t.ears = slices.DeleteFunc(t.ears, func(e *ear) bool {
		if slices.ContainsFunc(checks, func(c Check) bool { return c.Notify != nil && e.is(c.Notify) }) {
			return false
		}
		p.ears = slices.DeleteFunc(p.ears, func(o *ear) bool { return o == e })
		if done := e.close(); done != nil {
			p.ending[e.path] = done
		}
		return true
	})
}

// hurry makes the checks of a socket due now.
func (p *Prober) hurry(t *target, e *ear) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range t.items {
		if h, ok := it.checker.(hearing); ok && h.ear == e && it.index >= 0 {
			p.lane(it).push(it, p.awake())
		}
	}
	p.nudge()
}

// over says whether a channel is closed.
func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
