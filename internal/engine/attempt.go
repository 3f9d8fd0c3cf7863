package engine

import (
	"slices"
	"strings"
	"time"

	"procward/escalate"
	"procward/internal/engine/operation"
	"procward/internal/message"
	"procward/internal/script"
	"procward/restart"
)

// runWaiting starts the attempts that are due, oldest first, as far as slots are free.
// A look older than freshLook is repeated first, for all of them at once.
func (m *Machine) runWaiting() {
	ahead := max(m.cfg.Daemon.ParallelRestarts, 1) * aheadOfSlots
	for key := range m.alarms.line.All {
		p := m.procs[strings.TrimPrefix(key, keyProcess)]
		switch {
		case p.stopped != "" && p.op == nil: // it is not looked at either
			continue
		case p.attempt.ready == 0 && p.state != Waiting: // taken in hand by the group operation of one before it
			continue
		case ahead == 0:
			return
		}
		why := m.barred(p)
		if why == "" || why == forASlot {
			ahead--
		}
		switch {
		case why != "":
			p.waitsFor = why
			if m.now < p.remains.undecided && p.nextLook == 0 { // who is young when the rest is ended
				m.lookSoon(p)
				p.waitsFor = why
			}
		case p.lookedAt == 0 || m.now-p.lookedAt > freshLook:
			if !p.blind { // else the next look is on its way
				m.wantLook(p)
			}
		case p.attempt.ready != 0:
			m.launch(p)
		default:
			m.start(p)
		}
		m.deliver()
	}
}

// aheadOfSlots is how many that wait for each slot are looked at again; those behind them
// wait their turn, so that a burst of thousands does not look for all at every step.
const aheadOfSlots = 32

const forASlot = "a free slot of parallel-restarts"

// barred says why a script of the process must not start at this moment, or nothing.
func (m *Machine) barred(p *process) string {
	if p.hanging != 0 {
		m.endScript(p.hanging)
		return "the end of its former script"
	}
	if m.now < p.remains.undecided {
		return p.remains.why
	}
	if p.evidence != 0 {
		return "the evidence of its stall"
	}
	if p.stale() {
		return "its signs to be judged again, as the stall was seen before procward was started"
	}
	if p.op == nil && m.ops[p.groupKey()] != nil {
		return "the end of what is done to its group"
	}
	if p.op == nil && m.ladderOf(p).Climb.Phase == escalate.Acting {
		return "the end of a rung of its ladder"
	}
	if m.running >= max(m.cfg.Daemon.ParallelRestarts, 1) {
		return forASlot
	}
	return ""
}

// scripts is the jobs of the scripts that run, by the name of their process, which may have
// gone with a reload.
func (m *Machine) scripts() map[string]int {
	out := map[string]int{}
	for token, j := range m.jobs {
		if j.script && j.process != "" {
			out[j.process] = max(out[j.process], token)
		}
	}
	return out
}

// start spends an attempt and begins it.
func (m *Machine) start(p *process) {
	var d restart.Decision
	p.history, d = p.spec.Restart.Next(p.history, restart.Due, p.cause, m.now, 0)
	if d.Action != restart.Run {
		m.follow(p, d)
		return
	}
	m.enter(p, Restarting)
	delete(m.looking.want, p.name)
	p.attempt = attempt{number: d.Attempt}
	if g, ok := m.cfg.Groups[p.spec.Group]; ok && g.Strategy == escalate.All && len(m.members(p.spec.Group)) > 1 {
		m.beginOp(&operation.Operation{Group: p.spec.Group, Payer: p.name})
		return
	}
	m.launch(p)
}

// killRounds bounds how often what is left of a process is killed before a script runs:
// what was killed may have left others.
const killRounds = 3

// launch does one restart: what is left is killed where that is due, and looked at again;
// then the script.
func (m *Machine) launch(p *process) {
	p.attempt.ready = 0
	m.touch(p)
	victims := p.toEnd(p.spec.Restart.Orphans)
	if p.op == nil && (p.event == "count" && p.attempt.kills == 0 || p.isStalled() && p.spec.Restart.Unit == "") {
		victims = append(victims, p.tracks()...)
	}
	if len(victims) > 0 && !p.spec.Restart.Kill.Never && p.attempt.kills < killRounds {
		p.attempt.kills++
		p.attempt.token = m.newToken(job{process: p.name, op: p.op})
		m.do(Kill{Token: p.attempt.token, IDs: victims, How: p.spec.Restart.Kill})
		return
	}
	if !p.startable() { // by a reload
		m.attemptFailed(p, "the configuration no longer says how to restart it")
		return
	}
	m.runScript(p)
}

// getReady lets a script wait for a look that begins now, and for a slot.
func (m *Machine) getReady(p *process) {
	m.touch(p)
	p.attempt.ready, p.changedAt, p.lookedAt = m.now, max(p.changedAt, m.now), 0
	m.wantLook(p)
}

// letGo ends the present attempt. A script of it that still runs gives its slot back, and
// has to end before another one begins.
func (m *Machine) letGo(p *process) {
	if m.jobs[p.attempt.token].script {
		m.release(p.attempt.token)
		p.hanging = p.attempt.token
	}
	p.attempt = attempt{}
	m.touch(p)
}

// runScript starts the restart script, or the restart of the unit.
func (m *Machine) runScript(p *process) {
	r := p.spec.Restart
	j := job{process: p.name, op: p.op, script: true, slot: true, asked: m.now, until: m.now + r.Timeout.D()}
	if r.Unit == "" {
		j.path = r.Run[0]
	}
	p.attempt.token = m.newToken(j)
	m.running++
	p.lookStep = 0
	p.beginRestart(m.now)
	switch {
	case r.Unit != "":
		m.do(RestartUnit{Token: p.attempt.token, Unit: r.Unit, Spec: r, Start: p.op != nil})
	default:
		m.do(Run{Token: p.attempt.token, Job: script.Job{
			Argv: r.Run, User: r.User, Env: m.environment(p, r.Env, ""), Timeout: r.Timeout.D(), Persist: p.op != nil,
		}})
	}
}

// release gives a job's parallel slot back.
func (m *Machine) release(token int) {
	if j := m.jobs[token]; j.slot {
		j.slot = false
		m.jobs[token] = j
		m.running--
	}
}

func (m *Machine) scriptStarted(in ScriptStarted) {
	j, ok := m.jobs[in.Token]
	if !ok {
		return
	}
	j.id = in.ID
	m.jobs[in.Token] = j
	m.touchJob(j)
	p := m.procs[j.process]
	if p == nil || p.attempt.token != in.Token || p.attempt.started {
		return
	}
	p.attempt.started, p.attempt.until = true, m.now+p.spec.Restart.Timeout.D()
	m.sayRestart(p, in.At)
	m.lookSoon(p)
}

func (m *Machine) sayRestart(p *process, at time.Duration) {
	if p.attempt.number == 0 {
		return // a start by a rung or a strategy is no attempt
	}
	m.say(message.Restart, p, func(s *message.Message) {
		s.Attempt, s.Attempts = p.attempt.number, p.spec.Restart.Attempts.String()
		s.Took = max(at-p.wokeAt(), 0)
	})
}

// endScript ends a script that still runs.
func (m *Machine) endScript(token int) {
	if j := m.jobs[token]; j.script && !j.ending {
		j.ending = true
		m.jobs[token] = j
		m.do(EndScript{Token: token})
	}
}

func (m *Machine) killEnded(in KillEnded) {
	j, ok := m.jobs[in.Token]
	if !ok {
		return
	}
	delete(m.jobs, in.Token)
	p := m.procs[j.process]
	stuck := m.sayKilled(j.process, p, in.Ended)
	m.expected(p, in.Ended)
	if j.op != nil && j.op.Token == in.Token {
		m.post(toOperation{j.op, operation.Killed{Name: j.process, Stuck: stuck}})
		return
	}
	if p == nil || p.attempt.token != in.Token {
		return
	}
	p.attempt.token, p.remains.found = 0, nil
	m.touch(p)
	switch {
	case p.op != nil:
		m.post(toOperation{p.op, operation.Freed{Name: p.name, Killed: true, Stuck: stuck}})
	case m.suspends(p) != "":
		m.letGo(p)
		m.enter(p, Unknown)
	case stuck && !slices.ContainsFunc(in.Ended, unkillable):
		m.attemptFailed(p, "what was left of it could not be ended")
	case stuck:
		m.attemptStuck(p)
	default:
		m.getReady(p)
	}
}

// expected forgets what was killed before its exit is told: it is no loss, and no script
// is told its PID.
func (m *Machine) expected(p *process, ended []restart.Ended) {
	for _, e := range ended {
		if p == nil || e.Outcome == restart.Unkillable || e.Outcome == restart.Refused {
			continue
		}
		if info, ok := p.tracked[e.ID]; ok {
			if p.event == "stall" {
				p.died = m.now // of what is found later some may be older than the stall
			}
			traits := p.traits[e.ID]
			m.untrack(p, e.ID)
			m.bury(p, death{Process: info, traits: traits, expected: true}, m.now)
		}
	}
}

// unkillable reports whether not even SIGKILL has ended a process. One that could not be signalled,
// say because there are no descriptors at the moment, may be another time.
func unkillable(e restart.Ended) bool { return e.Outcome == restart.Unkillable }

// attemptStuck skips the remaining restarts: what cannot be killed cannot be replaced.
func (m *Machine) attemptStuck(p *process) {
	m.say(message.RestartFailed, p, func(s *message.Message) {
		s.Attempt, s.Attempts = p.attempt.number, p.spec.Restart.Attempts.String()
		s.Detail = "what was left of it cannot be killed; the remaining restarts are skipped"
	})
	m.plan(p, restart.Skip)
}
