package engine

import (
	"procward/internal/message"
	"procward/restart"
)

// unstarted gives back an attempt whose script could not be started for want of what
// procward itself needs: descriptors, processes, memory. An attempt is spent when its script
// has started, and what follows from spent attempts must not follow from that. It says
// whether it has taken the end of the script in hand.
func (m *Machine) unstarted(p *process, token int, out outcome) bool {
	if p == nil || p.attempt.token != token || p.attempt.started || p.op != nil || p.attempt.number == 0 {
		return false
	}
	m.say(message.Unstarted, p, func(s *message.Message) {
		s.Attempt, s.Attempts, s.Detail = p.attempt.number, p.spec.Restart.Attempts.String(), out.words
	})
	p.lookedAt = 0 // it may have come back before the next try
	m.plan(p, restart.Unstarted)
	return true
}
