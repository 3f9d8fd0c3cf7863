package probe

import (
	"maps"
	"slices"
)

// ear is the socket of a target; if it does not exist it is made. The lock is held.
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

// silence closes the sockets of a target that no check needs. The lock is held.
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

// over reports whether a channel is closed.
func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
