package engine

import (
	"procward/internal/engine/operation"
	"procward/internal/message"
	"procward/procscan"
	"procward/restart"
)

// outcome is how a script or a unit's restart ended.
type outcome struct {
	ok       bool
	conflict bool
	missed   bool // nobody knows how it ended
	lack     bool // it was not started: we lack what that needs
	code     int
	words    string
	output   string
}

func (m *Machine) scriptEnded(token int, out outcome) {
	j, ok := m.jobs[token]
	if !ok {
		return
	}
	m.release(token)
	delete(m.jobs, token)
	m.touchJob(j)
	switch {
	case j.ladder != "":
		m.hookEnded(j, token, out)
	case j.op != nil && j.process == "":
		j.op.Token = 0
		m.post(toOperation{j.op, operation.ScriptEnded{OK: out.ok, Words: out.words, Output: out.output}})
	default:
		m.restartEnded(j, token, out)
	}
}

// restartEnded takes the end of a process's own restart script.
func (m *Machine) restartEnded(j job, token int, out outcome) {
	p := m.procs[j.process]
	if out.lack && m.unstarted(p, token, out) {
		return
	}
	if p == nil && out.ok {
		m.sayGoneEnded(j, out)
	}
	if quiet := out.conflict && p != nil && (p.op == nil || p.hanging == token); !out.ok && !quiet {
		m.sayScriptFailed(j.process, p, out)
	}
	if p != nil && p.hanging == token {
		p.hanging = 0 // the next one may begin
		return
	}
	if p == nil || p.attempt.token != token {
		return
	}
	if !p.attempt.started {
		p.attempt.started = true
		m.sayRestart(p, 0)
	}
	p.attempt.token, p.attempt.scriptDone = 0, true
	if out.conflict && p.op == nil {
		m.inHands(p, Finding{Unit: Unit{Name: p.spec.Restart.Unit, Hands: out.words}})
		return
	}
	if p.state != Restarting {
		return
	}
	if p.op != nil {
		m.post(toOperation{p.op, operation.Freed{Name: p.name}})
		return
	}
	p.deadline = m.now + p.spec.Restart.StartTimeout.D()
	p.lookStep = 0
	m.wantLook(p)
}

// sayGoneEnded tells of the end of what was begun for a process or a ladder that has gone
// with a reload. Nothing follows from it.
func (m *Machine) sayGoneEnded(j job, out outcome) {
	what := "its script "
	if j.ladder != "" {
		what = "the hook of " + j.ladder + " "
	} else if j.ofUnit() {
		what, out.words = "", "its unit has been restarted"
	}
	m.say(message.GoneEnded, nil, func(s *message.Message) {
		s.Process, s.Detail, s.Output = j.process, what+out.words, out.output
	})
}

// foundAfterRestart is a look while an attempt runs, or after its script has ended.
func (m *Machine) foundAfterRestart(p *process, news []procscan.Process) {
	switch {
	case p.attempt.started && p.well():
		m.settle(p)
	case p.attempt.started:
		m.lookSoon(p)
	case p.attempt.ready != 0 && p.well() && !(p.event == "count" && p.over()):
		m.creditReturn(p, news) // while what was left was killed
	}
}

// lostInSettle is a loss before the settle time was over, with no successor.
func (m *Machine) lostInSettle(p *process) {
	a := p.attempt
	grace := p.lastDown + min(graceLost, p.spec.Restart.StartTimeout.D())
	switch {
	case a.token != 0 && !a.scriptDone: // the script may still start another
		m.enter(p, Restarting)
		p.lookStep = 0
		m.lookSoon(p)
		if a.holds { // its timeout does not end it any more
			p.attempt.lost = true
			p.deadline = max(a.until, m.now) + p.spec.Restart.StartTimeout.D()
		}
	case m.now < grace:
		m.enter(p, Restarting)
		p.deadline, p.lookStep, p.attempt.lost = grace, 0, true
		m.lookSoon(p)
	default:
		p.attempt.lost = true
		m.attemptLate(p)
	}
}

// attemptLate ends an attempt whose time is over.
func (m *Machine) attemptLate(p *process) {
	if p.attempt.lost && p.endedWell() {
		m.plan(p, restart.Down)
		return
	}
	why := "not found within start-timeout, which is " + p.spec.Restart.StartTimeout.String()
	if p.attempt.lost {
		why = p.lastCause + " before it was up for settle, which is " + p.spec.Restart.Settle.String()
	}
	m.attemptFailed(p, why)
}

// attemptFailed ends an attempt that did not bring the process back.
func (m *Machine) attemptFailed(p *process, why string) {
	if p.attempt.number > 0 {
		m.say(message.RestartFailed, p, func(s *message.Message) {
			s.Attempt, s.Attempts, s.Detail = p.attempt.number, p.spec.Restart.Attempts.String(), why
		})
	}
	p.lookedAt = 0 // before the next one systemd is asked again
	m.plan(p, restart.Failed)
	m.endScript(p.hanging)
}
