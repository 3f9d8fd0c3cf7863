package engine

import (
	"slices"

	"procward/internal/engine/saved"
	"procward/procscan"
	"procward/watch/probe"
	"procward/watch/vital"
)

// claim gives a process that has come into the configuration what was saved of it.
func (m *Machine) claim(p *process) {
	m.touch(p)
	s, is := saved.Claim[savedProcess](&m.book, p.key)
	if !is {
		return
	}
	m.claimed = append(m.claimed, p.name)
	p.history, p.lastCause, p.lastDown = s.History, s.LastCause, s.LastDown
	p.stopped, p.suspended, p.excess, p.endured = s.Stopped, s.Suspended, s.Excess, s.Endured
	p.unitForgiven = s.Halted
	if s.Unit != "" {
		p.unit = s.Unit
	}
	p.rematch = len(s.Tracked) > 0 && s.Match != p.digest
	for _, id := range s.Tracked {
		m.trackAgain(p, id)
	}
	p.remains.restore(s.Remains, s.Apart)
	p.roots = s.Roots
	m.claimOutage(p, s.Outage)
	if s.Hanging != nil && s.Hanging.Path != "" {
		p.hanging = m.awaitScript(job{process: p.name, script: true}, s.Hanging)
	}
	m.claimState(p, s)
}

// trackAgain tracks what an earlier daemon has tracked. If it is gone the tracker says so,
// and it is handled as an exit.
func (m *Machine) trackAgain(p *process, s savedID) {
	p.tracked[s.ID] = s.process()
	if s.Traits.At != 0 {
		p.traits[s.ID] = s.Traits
	}
	if len(m.trackers[s.ID]) == 0 {
		m.do(Track{ID: s.ID})
	}
	m.trackers[s.ID] = append(m.trackers[s.ID], p.name)
}

func (s savedID) process() procscan.Process {
	return procscan.Process{ID: s.ID, Comm: s.Comm, Session: s.Session}
}

func (m *Machine) claimOutage(p *process, s *savedOutage) {
	if s == nil {
		return
	}
	p.outage, p.died, p.event, p.cause, p.returned, p.begun = s.Sure, s.Died, s.Event, s.Cause, s.Returned, s.Begun
	for _, d := range s.Dead {
		p.dead = append(p.dead, death{Process: d.process(), traits: d.Traits, cause: d.Cause, at: d.At, moved: d.Moved, expected: d.Expected, past: d.Past, launched: d.Launched})
		m.digGrave(d.ID, p.name)
	}
	names := append(probe.Names(p.spec.Checks()), vital.Names(p.spec.Vital())...)
	if s.Stall != nil && slices.Contains(names, s.Stall.Sign.Name) {
		p.stall = &stalled{ids: map[procscan.ID]bool{}, sign: s.Stall.Sign, told: s.Stall.Told, old: true}
		for _, id := range s.Stall.IDs {
			p.stall.ids[id] = true
		}
	}
}

// claimState puts the process where it stood; a look follows in any case.
func (m *Machine) claimState(p *process, s savedProcess) {
	m.wantLook(p)
	switch s.State {
	case Restarting:
		m.claimAttempt(p, s)
	case Settling:
		m.enter(p, Settling)
		m.claimScript(p, s.Attempt)
		p.deadline = min(max(s.Deadline, m.now+1), m.now+max(p.spec.Restart.Settle.D(), 1))
		p.settledAt = p.deadline
	case Waiting:
		m.enter(p, Waiting)
		p.deadline = max(s.Deadline, 1)
	case Unclear, Looking:
		m.enter(p, Looking)
		switch {
		case s.State == Unclear && s.Deadline != 0:
			m.enter(p, Waiting)
			p.deadline = s.Deadline
		case p.event == "":
			m.enter(p, Unknown)
		default:
			m.claimScript(p, s.Attempt)
		}
	case FinalState:
		m.claimFinal(p, s.RemindAt)
	case "", Unknown:
		m.enter(p, Unknown)
	default:
		m.enter(p, s.State)
	}
}

// claimScript goes on with an attempt: its script is awaited if it may still run.
func (m *Machine) claimScript(p *process, a *savedAttempt) {
	if a == nil {
		return
	}
	p.attempt = attempt{number: a.Number, started: a.Started, scriptDone: a.Done, lost: a.Lost, until: a.Until}
	if a.Script == nil {
		return
	}
	if a.Script.Path == "" { // systemd restarts the unit by itself
		p.attempt.started, p.attempt.scriptDone = true, true
		return
	}
	p.attempt.token = m.awaitScript(job{process: p.name, script: true, slot: true}, a.Script)
	m.running++
	if a.Holds {
		m.hold(p)
	}
}

// claimAttempt goes on with an attempt that was under way: a script that was not asked for
// yet is started after a look; one that runs is awaited; else the process is looked for,
// for one start-timeout more, since nobody knows when its script ended.
func (m *Machine) claimAttempt(p *process, s savedProcess) {
	m.enter(p, Restarting)
	m.claimScript(p, s.Attempt)
	a := &p.attempt
	switch {
	case s.Attempt == nil || !s.Attempt.Asked:
		m.getReady(p)
	case a.token != 0:
		p.deadline = s.Deadline
	default:
		a.started, a.scriptDone = true, true
		p.deadline = m.now + p.spec.Restart.StartTimeout.D()
		if s.Attempt.Done && s.Deadline != 0 {
			p.deadline = s.Deadline
		}
	}
}
