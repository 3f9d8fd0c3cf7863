package engine

import (
	"fmt"
	"slices"
	"time"

	"procward/internal/message"
	"procward/procscan"
)

// inDoubt says that a process which could be the one cannot be read, and was not there
// in that state when all was well: then nothing is done.
func (m *Machine) inDoubt(p *process, f Finding) bool {
	for _, u := range f.Selection.Unreadable {
		if !p.unreadable[u.ID] {
			m.doubt(p, message.Unreadable, fmt.Sprintf("%s of pid %d (%s): %v", u.What, u.PID, u.Comm, u.Err))
			return true
		}
	}
	unproved := func(q procscan.Process) bool { return !p.strays[q.ID] && !m.outlived(p, q) }
	if m.toldLate(p) && slices.ContainsFunc(p.orphans, unproved) {
		m.doubt(p, message.Orphans, "pids "+processPIDs(p.orphans)+", or successors: procward itself was stopped when the death was to be told, so its time is not known")
		return true
	}
	return false
}

// lateWithin is how near to the end of a stop of the daemon a death was told that may
// have come at any time during it.
const lateWithin = 2 * time.Second

// toldLate says that the death may be much older than its wake-up, so that what started
// before the one may have started after the other.
func (m *Machine) toldLate(p *process) bool {
	return m.paused != 0 && (p.died-m.paused).Abs() < lateWithin
}

func (p *process) forgetDoubt(f Finding) {
	p.unreadable = map[procscan.ID]bool{}
	for _, u := range f.Selection.Unreadable {
		p.unreadable[u.ID] = true
	}
}

// doubt reports that nothing is known, once per outage, and looks again a little later.
func (m *Machine) doubt(p *process, kind *message.Kind, why string) {
	held := m.ladderOf(p).need[p.name] || p.attempt.ready != 0
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

// outlived says that a process had been up for settle when an earlier daemon last wrote
// its state, with its master still alive: it is an orphan of that, whenever the master died.
func (m *Machine) outlived(p *process, q procscan.Process) bool {
	return m.alive != 0 && q.Started() < m.alive-p.spec.Restart.Settle.D()
}
