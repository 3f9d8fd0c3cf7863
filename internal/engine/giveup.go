package engine

import (
	"procward/escalate"
	"procward/internal/message"
	"procward/restart"
	"procward/watch"
)

// settings is the group section that the ladder obeys; a process without one has the
// defaults.
func (m *Machine) settings(l *ladder) escalate.Group {
	if g, ok := m.cfg.Groups[l.group]; ok && l.monitor == "" {
		return g
	}
	return escalate.DefaultGroup()
}

func (m *Machine) giveUp(l *ladder) {
	for _, p := range m.climbers(l) {
		if p.state == Climbing {
			m.enter(p, GaveUp)
		}
	}
	m.sayLadder(message.GivenUp, l, nil)
	m.arm(l)
}

// arm sets the times at which a ladder that is given up is told of and tried again.
func (m *Machine) arm(l *ladder) {
	m.remind(l)
	if g := m.settings(l); !g.RetryAfter.Never && l.retryAt == 0 {
		l.retryAt = m.now + g.RetryAfter.D
	}
}

func (m *Machine) remind(l *ladder) {
	l.remindAt = 0
	m.touchLadder(l)
	if g := m.settings(l); !g.Remind.Never {
		l.remindAt = m.now + g.Remind.D
	}
}

func (m *Machine) handOver(l *ladder) {
	for _, p := range m.required(l) {
		if !p.well() && p.op == nil {
			m.letGo(p)
			m.enter(p, Handed)
		}
	}
	m.sayLadder(message.HandedOver, l, func(s *message.Message) { s.Rung, s.Output = "hook", l.said })
	l.said = ""
}

// ladderDue does what the time has come for.
func (m *Machine) ladderDue(l *ladder) {
	if l.climb.Phase == escalate.Pausing && l.climb.Until <= m.now && !m.ladderSettled(l) {
		if !l.climb.IsPostponed() {
			m.sayRungFailed(l, "no recovery within its wait, which is "+m.waitOf(l), "")
		}
		m.climb(l, escalate.Waited)
	}
	if l.remindAt != 0 && l.remindAt <= m.now {
		m.sayLadder(message.Reminder, l, nil)
		m.remind(l)
	}
	if l.retryAt != 0 && l.retryAt <= m.now {
		m.retry(l)
	}
}

func (m *Machine) waitOf(l *ladder) string {
	r, _ := l.climb.Rung(m.rungs(l))
	return r.Wait().String()
}

// retry begins again from the bottom, with all attempts.
func (m *Machine) retry(l *ladder) {
	l.retryAt = 0
	m.touchLadder(l)
	if m.suspended != "" {
		return
	}
	m.sayLadder(message.RetryAfter, l, func(s *message.Message) { s.Detail = m.settings(l).RetryAfter.String() })
	m.climb(l, escalate.GiveBack)
	for _, p := range m.climbers(l) {
		if p.state == GaveUp {
			p.history, _ = p.spec.Restart.Next(p.history, restart.GiveBack, watch.Cause{}, m.now, 0)
			m.enter(p, Looking)
			m.wantLook(p)
		}
	}
}
