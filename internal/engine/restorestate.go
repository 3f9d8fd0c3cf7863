package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/monitor"
	"procward/internal/engine/operation"
	"procward/internal/message"
	"procward/procscan"
	"procward/watch/probe"
	"procward/watch/vital"
)

// claim gives a process that has come into the configuration what was saved of it.
func (m *Machine) claim(p *process) {
	m.touch(p)
	s, ok := m.restored[p.key].(savedProcess)
	if !ok {
		return
	}
	delete(m.restored, p.key)
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

// awaitScript awaits a script that an earlier daemon has started.
func (m *Machine) awaitScript(j job, s *savedScript) int {
	j.path, j.id, j.asked, j.until = s.Path, s.ID, s.Asked, s.Until
	token := m.newToken(j)
	m.do(Await{Token: token, ID: s.ID, Path: s.Path, Env: j.mark(), Since: s.Asked, Timeout: max(s.Until-m.now, time.Second)})
	return token
}

// mark is a variable that the script of a job was given and those of others were not.
func (j job) mark() string {
	switch {
	case j.process != "":
		return "PROCWARD_PROCESS=" + j.process
	case j.op != nil && j.op.Group != "":
		return "PROCWARD_GROUP=" + j.op.Group
	}
	return ""
}

// goOn takes operations and ladders up again, once the processes are there, and says
// what was taken over.
func (m *Machine) goOn() {
	tracked := 0
	for _, p := range m.those(m.claimed) {
		tracked += len(p.tracked)
	}
	if len(m.claimed) > 0 && m.alive != 0 {
		m.say(message.TakenOver, nil, func(s *message.Message) {
			s.Detail = fmt.Sprintf("%d processes, with %d PIDs", len(m.claimed), tracked)
		})
	}
	m.claimed = nil
	m.sayReports()
	if m.untold {
		m.untold = false
		m.say(message.Suspended, nil, func(s *message.Message) { s.Detail = m.suspended })
	}
	m.claimMonitors()
	climbs := m.claimLadders()
	for _, key := range sortedKeys(m.restored) {
		if op, ok := m.restored[key].(savedOperation); ok {
			m.claimOp(key, op)
			m.deliver()
		}
	}
	m.deliver()
	for _, key := range sortedKeys(climbs) {
		m.climbOn(m.ladders[key], climbs[key])
		m.deliver()
	}
	m.stopAgain()
	m.deliver()
	if m.suspended != "" { // also what an earlier daemon was about to do
		m.freeze()
	}
	m.dropUnclaimed()
}

// stopAgain goes on with a stop by the operator whose turn had not come.
func (m *Machine) stopAgain() {
	var o Order
	for _, name := range m.names {
		if p := m.procs[name]; p.stopped != "" && p.op == nil && p.state != StoppedBy {
			o.Names = append(o.Names, name)
			o.By = strings.TrimPrefix(p.stopped, "by ")
		}
	}
	if o.Verb = VerbStop; len(o.Names) > 0 {
		m.begin(o, m.operations(o))
	}
}

// dropUnclaimed forgets what the configuration no longer names, unless a drop-in is
// rejected, which may name it when it is mended.
func (m *Machine) dropUnclaimed() {
	for _, f := range m.cfg.Files {
		if f.Rejected {
			return
		}
	}
	for key := range m.restored {
		m.touched[key] = true
	}
	clear(m.restored)
}

// claimOp goes on with an operation that was under way.
func (m *Machine) claimOp(key string, s savedOperation) {
	op := &operation.Operation{Group: s.Group, Ladder: s.Ladder, Monitor: s.Monitor, Alone: s.Alone, Payer: s.Payer, StopOnly: s.StopOnly, StartOnly: s.StartOnly, By: s.By}
	for _, p := range m.those(s.Members) {
		if p.groupKey() == strings.TrimPrefix(key, keyOperation) {
			op.Members = append(op.Members, p.name)
		}
	}
	if len(op.Members) == 0 || m.ops[op.Key()] != nil {
		return // as unclaimed: its drop-in may be rejected for the time being
	}
	delete(m.restored, key)
	m.ops[op.Key()] = op
	m.touchOp(op)
	for _, p := range m.those(op.Members) {
		if p.state == Restarting {
			p.op, p.attempt.ready, p.deadline = op, 0, 0
		}
	}
	if mon := m.monitors[op.Monitor]; mon != nil {
		m.post(toMonitor{mon, monitor.Operates{}})
	}
	if s.Script != nil {
		op.Token = m.awaitScript(job{op: op}, s.Script)
	}
	m.post(toOperation{op, operation.Restored{Script: s.Script != nil, Stops: s.Stops}})
}

func (m *Machine) claimMonitors() {
	for _, name := range m.monitorNames {
		mon := m.monitors[name]
		if s, ok := m.restored[keyMonitor+name].(savedMonitor); ok {
			delete(m.restored, keyMonitor+name)
			m.touchMonitor(mon)
			mon.History, mon.Outage, mon.Tried = s.History, s.Outage, s.Tried
		}
	}
}

// claimLadders puts the ladders that are in use where they stood.
func (m *Machine) claimLadders() map[string]savedLadder {
	climbs := map[string]savedLadder{}
	var all []*climb.Ladder
	for _, name := range m.names {
		all = append(all, m.ladderOf(m.procs[name]))
	}
	for _, name := range m.monitorNames {
		all = append(all, m.monitorLadder(m.monitors[name]))
	}
	for _, l := range all {
		s, ok := m.restored[keyLadder+l.Key].(savedLadder)
		if !ok {
			continue
		}
		delete(m.restored, keyLadder+l.Key)
		m.touchLadder(l)
		l.Climb, l.RemindAt, l.RetryAt = s.Climb, s.RemindAt, s.RetryAt
		climbs[l.Key] = s
	}
	return climbs
}

// climbOn goes on with a climb: with the hook, or the operation, that its rung has begun.
func (m *Machine) climbOn(l *climb.Ladder, s savedLadder) {
	underWay := false
	if l.Climb.Phase == escalate.Acting {
		op := m.ops[m.opKey(l)]
		if underWay = s.Hook != nil || op != nil && op.Ladder == l.Key; s.Hook != nil {
			l.Hook = m.awaitScript(job{ladder: l.Key}, s.Hook)
		}
	}
	m.climb(l, climb.Restored{UnderWay: underWay})
}
