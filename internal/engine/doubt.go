package engine

import (
	"fmt"

	"procward/internal/message"
	"procward/procscan"
)

// inDoubt reports whether a process which could be the one cannot be read, and was not there
// in that state when all was well: then nothing is done.
func (m *Machine) inDoubt(p *process, f Finding) bool {
	for _, u := range f.Selection.Unreadable {
		if !p.unreadable[u.ID] {
			m.doubt(p, message.Unreadable, fmt.Sprintf("%s of pid %d (%s): %v", u.What, u.PID, u.Comm, u.Err))
			return true
		}
	}
	return false
}

func (p *process) forgetDoubt(f Finding) {
	p.unreadable = map[procscan.ID]bool{}
	for _, u := range f.Selection.Unreadable {
		p.unreadable[u.ID] = true
	}
}

// doubt reports that nothing is known, once per outage, and looks again a little later.
func (m *Machine) doubt(p *process, kind *message.Kind, why string) {
	held := m.ladderOf(p).LooksFor(p.name) || p.attempt.ready != 0
	switch {
	case p.state == Unknown, p.state == Looking, p.state == Waiting && !m.observe:
		kept := p.deadline
		if p.state != Waiting {
			kept = 0
		}
		m.sayDoubt(p, kind, why)
		m.enter(p, Unclear)
		p.kept = kept
	case held && !p.blind:
		m.sayDoubt(p, kind, why)
		fallthrough
	default:
		if p.nextLook == 0 || p.nextLook > m.now+lookLast {
			p.nextLook = m.now + lookLast
		}
	}
	p.waitsFor, p.blind = why, true
	m.mark(p.key)
}

// sayDoubt says nothing where kind is nil: what keeps the look from telling is told already.
func (m *Machine) sayDoubt(p *process, kind *message.Kind, why string) {
	if kind == nil {
		return
	}
	m.say(kind, p, func(s *message.Message) { s.Detail = why + "; nothing is done while in doubt" })
}
