package engine

import (
	"procward/escalate"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/restart"
)

// plan asks the policy what follows from a failure, and goes there.
func (m *Machine) plan(p *process, in restart.Input) {
	m.letGo(p)
	p.outage = true
	if m.suspends(p) != "" {
		m.enter(p, Unknown)
		return
	}
	if m.observe {
		m.observed(p)
		return
	}
	if l := m.ladderOf(p); l.Climb.Phase == escalate.Handed {
		m.enter(p, Handed)
		return
	}
	if dep := m.heldBy(p); dep != "" {
		m.held(p, dep)
		return
	}
	var d restart.Decision
	p.history, d = p.spec.Restart.Next(p.history, in, p.verdict(), m.now, m.rand.Float64())
	m.follow(p, d)
}

// held holds a failure back until a dependency is up.
func (m *Machine) held(p *process, dep string) {
	m.say(message.Held, p, func(s *message.Message) { s.Detail = "group " + dep + " is not up" })
	m.enter(p, HeldState)
	p.waitsFor = "group " + dep
}

// follow does what the policy decided.
func (m *Machine) follow(p *process, d restart.Decision) {
	switch d.Action {
	case restart.Wait:
		m.enter(p, Waiting)
		p.deadline = d.At
		if wait := d.At - m.now; wait > 0 {
			m.say(message.RestartLater, p, func(s *message.Message) {
				s.Attempt, s.Attempts, s.Detail = d.Attempt, p.spec.Restart.Attempts.String(), scalar.Duration(wait).Rounded()
			})
		}
	case restart.CleanStop:
		m.say(message.Ended, p, func(s *message.Message) { m.aboutDead(p, s) })
		m.enter(p, EndedState)
	case restart.Finish:
		m.finish(p)
	case restart.Exhaust:
		m.say(message.Exhausted, p, func(s *message.Message) { s.Attempts = p.spec.Restart.Attempts.String() })
		m.spent(p)
	case restart.Nothing: // exhausted before, in this same outage
		m.spent(p)
	}
}

// finish is where no restart helps: no attempt is made and no rung follows.
func (m *Machine) finish(p *process) {
	cause := p.verdict()
	m.say(message.Final, p, func(s *message.Message) {
		m.aboutDead(p, s)
		about(cause, s)
	})
	m.enter(p, FinalState)
	m.remindFinal(p)
}

// spent is where no attempt is left. Too many are no reason to climb: it is up.
func (m *Machine) spent(p *process) {
	if p.event == "count" && p.enough() {
		p.endured = true
		m.credit(p)
		m.endOutage(p)
		return
	}
	m.join(p)
}

// observed is a failure in observe mode: one restart is told of, then it is waited for.
func (m *Machine) observed(p *process) {
	m.sayObserved(p)
	m.enter(p, Waiting)
	m.wait(p)
}

func (m *Machine) sayObserved(p *process) {
	m.say(message.Restart, p, func(s *message.Message) {
		s.Attempt, s.Attempts, s.Observed = 1, p.spec.Restart.Attempts.String(), true
	})
}

// wait is what observe mode does instead of a restart.
func (m *Machine) wait(p *process) {
	p.nextLook, p.waitsFor = m.now+lookMissing, "a return by itself (observe mode)"
}
