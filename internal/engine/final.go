package engine

import (
	"time"

	"procward/internal/message"
)

// remindFinal lets a final end be said again after the remind of its group.
func (m *Machine) remindFinal(p *process) {
	p.remindAt = 0
	p.waitsFor = "procward recover, or a return by itself: " + p.lastCause + " is final"
	if g := m.settings(m.ladderOf(p)); !g.Remind.Never {
		p.remindAt = m.now + g.Remind.D
	}
	m.touch(p)
}

// stillFinal says it again, as a ladder that is given up does.
func (m *Machine) stillFinal(p *process) {
	if g := m.settings(m.ladderOf(p)); m.suspends(p) == "" && !g.Remind.Never {
		m.say(message.Reminder, p, func(s *message.Message) { s.Detail = p.lastCause + " is final" })
	}
	m.remindFinal(p)
}

// claimFinal puts a process where it stood, also after a boot: it goes on to be said.
func (m *Machine) claimFinal(p *process, remindAt time.Duration) {
	m.enter(p, FinalState)
	m.remindFinal(p)
	if p.remindAt != 0 && remindAt != 0 {
		p.remindAt = min(max(remindAt, m.now+1), p.remindAt)
	}
}

// reminds is when a final end is said again, or 0.
func (p *process) reminds() time.Duration {
	if p.state != FinalState {
		return 0
	}
	return p.remindAt
}
