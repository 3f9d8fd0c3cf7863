package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/internal/engine/climb"
	"procward/internal/engine/operation"
	"procward/internal/message"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

// found decides what a look means in the state that the process is in.
func (m *Machine) found(p *process, f Finding, news []procscan.Process) {
	if p.op != nil {
		m.touch(p)
		m.post(toOperation{p.op, operation.Looked{Name: p.name}})
		return
	}
	switch p.state {
	case Unknown:
		m.foundAtStart(p, f, news)
	case Unclear:
		if p.kept != 0 {
			kept := p.kept
			m.enter(p, Waiting)
			p.deadline = kept
			m.foundWaiting(p, f, news)
			return
		}
		m.secondLook(p, f, news)
	case Looking:
		m.secondLook(p, f, news)
	case Waiting:
		m.foundWaiting(p, f, news)
	case Restarting:
		m.foundAfterRestart(p, news)
	case Up:
		m.foundUp(p, f, news)
	case Settling:
		if !p.enough() { // by a new match
			m.enter(p, Looking)
			m.wantLook(p)
		}
	default:
		m.foundWhileMissing(p, f, news)
	}
}

// foundUp is a look at a process that is up: too many may be there, or, by a new match,
// too few.
func (m *Machine) foundUp(p *process, f Finding, news []procscan.Process) {
	if !p.enough() {
		m.enter(p, Unknown)
		p.lookStep = 0
		m.foundAtStart(p, f, news)
		return
	}
	m.sayFound(p, news)
	m.enter(p, Up)
}

// foundWaiting is a look at a process whose restart is due, at once or later.
func (m *Machine) foundWaiting(p *process, f Finding, news []procscan.Process) {
	switch {
	case p.event == "count" && p.over():
	case p.event == "count" && p.well(): // the surplus ones are gone
		p.returned = true
		m.settle(p)
		return
	case p.well():
		m.creditReturn(p, news)
		return
	case m.inHands(p, f):
		return
	case p.deadline == 0:
		m.wait(p) // observe mode
	}
	if p.nextLook == 0 {
		p.nextLook = m.now + lookMissing
	}
}

// foundAtStart is the first look at a process, or the first after a suspension.
func (m *Machine) foundAtStart(p *process, f Finding, news []procscan.Process) {
	if p.enough() && !(m.suspends(p) != "" && p.isStalled()) {
		p.watched.Afresh, p.stall = p.isStalled(), nil
		m.sayFound(p, news)
		m.credit(p)
		m.endOutage(p)
		return
	}
	if m.suspends(p) != "" {
		return
	}
	switch {
	case m.optional(p):
		m.enter(p, AbsentNow)
		p.waitsFor = m.whyOptional(p)
	case m.booting:
		p.waitsFor = "the boot to finish"
		p.nextLook = m.now + lookMissing
	case m.inHands(p, f):
	case p.lookStep == 0:
		p.deadline = m.now + p.spec.Restart.StartTimeout.D()
		p.waitsFor = "it to show within start-timeout"
		m.lookSoon(p)
	case p.deadline != 0:
		m.lookSoon(p)
	case p.spec.Absent == confd.AbsentWait:
		m.sayAbsent(p)
		m.enter(p, AbsentNow)
		p.waitsFor = "it to come (absent: wait)"
	default:
		m.absent(p)
	}
}

// absent takes a process that did not show within one start-timeout as failed.
func (m *Machine) absent(p *process) {
	m.sayAbsent(p)
	p.event, p.died, p.cause, p.lastCause = "absent", m.now, watch.Cause{}, "absent"
	p.lastDown = m.now
	m.plan(p, restart.Down)
}

// lookSoon looks again, quickly at first and then less often.
func (m *Machine) lookSoon(p *process) {
	if p.lookStep == 0 {
		p.lookStep = lookFirst
	}
	p.nextLook = m.now + p.lookStep
	m.mark(p.key)
	p.lookStep = min(2*p.lookStep, lookLast)
}

// secondLook is the look after a loss, before anything is done about it.
func (m *Machine) secondLook(p *process, f Finding, news []procscan.Process) {
	switch {
	case p.enough() && p.isStalled():
		m.stallSeen(p, f)
	case p.enough() && p.remains.beside && m.undecided(p):
	case p.enough() && p.outage:
		m.settle(p)
	case p.enough() && p.event == "":
		m.endOutage(p) // nothing was lost: the doubt is over
	case p.enough() && len(news) == 0:
		m.sayLost(p)
		m.endOutage(p)
	case p.enough():
		m.say(message.Replaced, p, func(s *message.Message) {
			m.aboutDead(p, s)
			s.PID = news[0].PID
			s.Detail = fmt.Sprintf("it took the place of pid %d", p.lastDead().PID)
			if j := p.remains.carry[news[0].ID]; j.Proof != "" {
				s.Detail += ": " + j.Proof
			}
		})
		m.sayRemains(p)
		m.credit(p)
		m.endOutage(p)
	case m.suspends(p) != "":
		if p.event != "" {
			m.sayDown(p, "")
		}
		m.letGo(p)
		m.enter(p, Unknown)
	case m.inHands(p, f):
	case m.undecided(p):
	case m.comingUp(p, f):
	case m.causeAwaited(p):
	case p.attempt.number > 0:
		m.lostInSettle(p)
	case p.event == "":
		m.enter(p, Unknown) // in doubt at the start, and now known to be missing
		p.lookStep = 0
		m.wantLook(p)
	case p.cameAndWent(f):
		m.forgetDead(p)
		m.down(p)
	default:
		m.down(p)
	}
}

// inHands leaves the process alone while systemd or the operator has its unit in hand.
func (m *Machine) inHands(p *process, f Finding) bool {
	if f.Unit.Hands == "" {
		return false
	}
	m.say(message.UnitStopped, p, func(s *message.Message) {
		m.aboutDead(p, s)
		s.Detail = f.Unit.Name + ": " + f.Unit.Hands
	})
	m.letGo(p)
	m.enter(p, StoppedBy)
	p.waitsFor = f.Unit.Name
	m.lookForHeralded(p)
	m.climb(m.ladderOf(p), climb.Yields{Why: f.Unit.Name + ": " + f.Unit.Hands})
	return true
}

// comingUp looks again, for at most graceLost, while systemd has just started another main
// process that does not match yet: a unit is active before its program is executed.
func (m *Machine) comingUp(p *process, f Finding) bool {
	const tick = 10 * time.Millisecond // of start times
	if f.Unit.MainStarted < p.died-tick || m.now >= p.lastDown+graceLost {
		return false
	}
	m.lookSoon(p)
	return true
}

// causeAwaited holds the decision until the cause is known: for a moment, since it is
// told right after the death, and for at most causeWait where the policy needs it.
func (m *Machine) causeAwaited(p *process) bool {
	wait := causeMoment
	if p.spec.Restart.NeedsCause() {
		wait = causeWait
	}
	if p.verdict().Known || p.event != "exit" || m.now >= p.lastDown+wait {
		return false
	}
	p.deadline = p.lastDown + wait
	return true
}

// endedWell reports whether the process ended by itself as it may: an end, not a failure.
func (p *process) endedWell() bool {
	return p.spec.Restart.When == restart.Abnormal && p.event == "exit" && p.spec.Restart.IsClean(p.verdict())
}

// down is a failure beyond doubt.
func (m *Machine) down(p *process) {
	if p.endedWell() {
		m.plan(p, restart.Down)
		return
	}
	detail := ""
	if p.spec.Match.Count.Min > 1 {
		detail = fmt.Sprintf("%d of %d are left", len(p.tracked), p.spec.Match.Count.Min)
	}
	if p.event == "exit" && len(p.dead) == 0 {
		detail = unseen
	}
	m.sayDown(p, detail)
	m.sayRemains(p)
	m.plan(p, restart.Down)
}

// foundWhileMissing is a look at a process that nothing is being done about just now.
func (m *Machine) foundWhileMissing(p *process, f Finding, news []procscan.Process) {
	if p.well() {
		m.creditReturn(p, news)
		return
	}
	switch {
	case (p.state == Climbing || p.state == GaveUp || p.state == HeldState) && m.inHands(p, f):
	case p.state == StoppedBy && f.Unit.Hands == "" && m.suspends(p) == "" && p.enough():
		m.stalled(p)
	case p.state == StoppedBy && m.unitComes(p, f):
		m.lookSoon(p)
	case p.state == StoppedBy && f.Unit.Hands == "" && m.suspends(p) == "":
		if p.event == "" {
			m.enter(p, Unknown) // never seen: absent applies
			p.lookStep = 0
			m.wantLook(p)
			return
		}
		m.stoppedNoMore(p, f)
	case p.state == HeldState && m.heldBy(p) == "" && m.suspends(p) == "":
		m.plan(p, restart.Down)
	default:
		why := p.waitsFor
		m.enter(p, p.state)
		p.waitsFor = why
		m.lookForHeralded(p)
	}
}

// creditReturn takes a process that is back without procward's doing.
func (m *Machine) creditReturn(p *process, news []procscan.Process) {
	if p.event == "" {
		m.sayFound(p, news)
		m.endOutage(p)
		return
	}
	m.say(message.Returned, p, func(s *message.Message) { s.PID = firstPID(p) })
	m.sayRemains(p)
	m.letGo(p)
	p.returned = true
	m.settle(p)
}

// credit ends the policy's outage: the process is up.
func (m *Machine) credit(p *process) {
	p.history, _ = p.spec.Restart.Next(p.history, restart.Recovered, watch.Cause{}, m.now, 0)
	m.touch(p)
}

// endOutage is where all is well again.
func (m *Machine) endOutage(p *process) {
	m.letGo(p)
	m.endJudgement(p)
	p.dead, p.event, p.returned, p.lookStep, p.outage, p.begun, p.script = nil, "", false, 0, false, 0, 0
	p.stall, p.unitStopped, p.unitForgiven = nil, false, false
	m.enter(p, Up)
	m.upAgain(p)
	m.climb(m.ladderOf(p), climb.Settled{})
}

// settle starts the time that the process has to stay up.
func (m *Machine) settle(p *process) {
	m.enter(p, Settling)
	p.bringPast()
	p.outage, p.attempt.lost, p.attempt.ready = true, false, 0
	p.deadline = m.now + max(p.spec.Restart.Settle.D(), 1) + m.lag
	p.settledAt, p.stall = p.deadline, nil
	m.hold(p)
}

// hold tells a script that runs that its target is up: its timeout must not kill it.
func (m *Machine) hold(p *process) {
	if p.attempt.token != 0 && !p.attempt.holds {
		p.attempt.holds = true
		m.touch(p)
		m.do(Hold{Token: p.attempt.token})
	}
}

// recovered is where a process stayed up for its settle time.
func (m *Machine) recovered(p *process) {
	if p.attempt.token != 0 && !p.attempt.scriptDone {
		m.say(message.ScriptHangs, p, nil)
	}
	m.say(message.Recovered, p, func(s *message.Message) {
		s.PID = firstPID(p)
		if p.event != "" { // else it was started for the sake of its group
			s.Took = m.now - p.since()
		}
		if p.attempt.number > 0 {
			s.Attempt, s.Attempts = p.attempt.number, p.spec.Restart.Attempts.String()
		}
		s.Detail = p.howRecovered()
	})
	m.credit(p)
	m.endOutage(p)
	m.countAgain(p)
}

// howRecovered is what is particular to a recovery.
func (p *process) howRecovered() string {
	var out []string
	if p.returned {
		out = append(out, "by itself")
	}
	if names := p.unknown(); len(names) > 0 {
		out = append(out, "not told by: "+strings.Join(names, ", "))
	}
	return strings.Join(out, "; ")
}

func firstPID(p *process) int {
	if ids := p.tracks(); len(ids) > 0 {
		return ids[0].PID
	}
	return 0
}

// lastDead is the last that died without procward's doing.
func (p *process) lastDead() procscan.Process {
	for _, d := range slices.Backward(p.dead) {
		if !d.expected && !d.passing() {
			return d.Process
		}
	}
	return procscan.Process{}
}

// due is the end of a state's time.
func (m *Machine) due(p *process) {
	switch p.state {
	case Settling:
		if !p.enough() { // count.min was raised
			m.enter(p, Looking)
			m.wantLook(p)
			return
		}
		m.settled(p)
	case Looking: // the cause did not come
		m.wantLook(p)
	case Unknown: // one start-timeout of looking is over
		m.wantLook(p)
	case Restarting:
		if p.op != nil {
			p.nextLook = 0
			m.post(toOperation{p.op, operation.Late{Name: p.name}})
			return
		}
		m.attemptLate(p)
	}
}

// upAgain looks again at what was held back for the group of this process, once that is up.
func (m *Machine) upAgain(p *process) {
	if len(m.relations.dependents[p.spec.Group]) == 0 || m.tallyOf(p.spec.Group).down > 0 {
		return
	}
	for _, group := range m.relations.dependents[p.spec.Group] {
		for _, name := range sortedKeys(m.tallyOf(group).held) {
			m.wantLook(m.procs[name])
		}
	}
}
