package engine

import (
	"time"

	"procward/internal/message"
	"procward/watch"
)

// unitsMoved looks at once for what belongs to units that systemd has started, stopped or
// restarted, and goes on often for a while: a unit may be active before its program runs.
func (m *Machine) unitsMoved(in UnitsMoved) {
	for _, name := range m.names {
		p := m.procs[name]
		if p.unit == "" || !in.All && !in.Units[p.unit] {
			continue
		}
		p.heralded = m.now + p.spec.Restart.StartTimeout.D()
		if p.state != Unknown { // there it tells whether the time of looking has begun
			p.lookStep = 0
		}
		if p.state != Up && p.state != Settling || !p.enough() {
			p.changedAt = max(p.changedAt, m.now) // a look under way may have asked before the news
			m.wantLook(p)
		}
	}
}

// lookForHeralded looks soon for a process whose unit has news, and is still missing.
func (m *Machine) lookForHeralded(p *process) {
	if m.now < p.heralded {
		m.lookSoon(p)
	}
}

// unitComes reports whether the unit of a missing process is up again, and has not been for longer
// than a start may take: its main process may be another program that starts the one wanted.
func (m *Machine) unitComes(p *process, f Finding) bool {
	return f.Unit.Up && m.now < max(p.heralded, f.Unit.MainStarted+p.spec.Restart.StartTimeout.D())
}

// unseen is what is known of a process that has come and gone without being tracked.
const unseen = "it was stopped from outside procward, and is not up now; how it ended since is not known"

// stoppedNoMore takes a process as dead that somebody had stopped, and whose unit is in
// nobody's hands now. The one that was tracked before has nothing to do with that, unless it
// is the last that systemd has started.
func (m *Machine) stoppedNoMore(p *process, f Finding) {
	if p.event == "exit" && (f.Unit.LastPID == 0 || p.lastDead().PID != f.Unit.LastPID) {
		m.forgetDead(p)
	}
	m.down(p)
}

// cameAndWent reports whether systemd has started another main process of the unit since the one
// that was tracked began, and that it has ended too: it was there after the death.
func (p *process) cameAndWent(f Finding) bool {
	const tick = 10 * time.Millisecond // of start times
	if p.event != "exit" || f.Unit.LastPID == 0 {
		return false
	}
	last := p.lastDead()
	return last.PID != f.Unit.LastPID && f.Unit.LastStarted > last.Started()+tick
}

// forgetDead is for a failure that is not the death of who was tracked: neither its PID nor
// its cause is told.
func (m *Machine) forgetDead(p *process) {
	p.dead, p.remains.found = nil, nil
	p.died, p.lastDown = m.now, m.now
	p.cause, p.lastCause = watch.Cause{}, "unknown: "+unseen
	m.touch(p)
}

func (m *Machine) limitLifted(in LimitLifted) {
	m.say(message.LimitLifted, m.procs[m.jobs[in.Token].process], func(s *message.Message) { s.Detail = in.Unit + ": " + in.Limit })
}
