package engine

import (
	"procward/internal/message"
)

// StoppedOnRequest is what a Unit's Hands say of one that somebody has stopped.
const StoppedOnRequest = "stopped on request"

// stopUnit has systemd stop the unit of a member that has one: a kill would call up the
// unit's own Restart=. It says whether that is under way. What is left of the member after
// that is killed.
func (m *Machine) stopUnit(op *operation, p *process) bool {
	r := p.spec.Restart
	if r.Unit == "" || op.rounds > 0 {
		return false
	}
	op.token = m.newToken(job{process: p.name, op: op})
	p.unitStopped = op.by == ""
	m.touch(p)
	m.do(StopUnit{Token: op.token, Unit: r.Unit, Timeout: r.Timeout.D(), Force: op.by != ""})
	return true
}

// unitStopped takes the end of a StopUnit. A conflict is somebody who is at work on the
// unit, and goes first.
func (m *Machine) unitStopped(in UnitStopped) {
	j, ok := m.jobs[in.Token]
	if !ok {
		return
	}
	delete(m.jobs, in.Token)
	op, p := j.op, m.procs[j.process]
	if op == nil || op.token != in.Token {
		return
	}
	op.token = 0
	if in.Err != nil {
		m.say(message.GroupFailed, p, func(s *message.Message) {
			s.Process, s.Group, s.Detail = j.process, op.group, in.Err.Error()
		})
	}
	kills := op.stopOnly || p != nil && !p.spec.Restart.Kill.Never
	if in.Conflict || m.suspended != "" || !kills || p == nil || p.op != op || !m.killLeft(op, p) {
		m.stopNext(op)
	}
}

// forgive takes a stop of the unit for procward's own that an earlier daemon has asked for
// and did not live to undo: systemd does not tell whose it was.
func (p *process) forgive(f *Finding) {
	if p.unitForgiven && f.Unit.Hands == StoppedOnRequest {
		f.Unit.Hands = ""
	}
}
