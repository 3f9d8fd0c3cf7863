package engine

import (
	"slices"

	"procward/internal/engine/climb"
	"procward/internal/engine/monitor"
	"procward/internal/engine/operation"
	"procward/internal/script"
)

// toOperation tells an operation something, and posts what it wants done.
type toOperation struct {
	op    *operation.Operation
	event operation.Event
}

func (t toOperation) deliver(m *Machine) {
	for _, c := range t.op.Next(t.event, m.operationEnv(t.op)) {
		m.post(ofOperation{t.op, c})
	}
}

func (m *Machine) operationEnv(op *operation.Operation) operation.Env {
	return operation.Env{
		Suspended: m.suspended, Group: op.Obeys(m.cfg.Groups[op.Group]),
		Member: func(name string) (operation.Member, bool) {
			p := m.procs[name]
			if p == nil || p.op != op {
				return operation.Member{}, false
			}
			return m.memberFacts(p), true
		},
	}
}

// memberFacts is what an operation has to know of a process.
func (m *Machine) memberFacts(p *process) operation.Member {
	r := p.spec.Restart
	return operation.Member{
		Name: p.name, Busy: p.attempt.token != 0 && !p.attempt.holds, Restarts: m.jobs[p.attempt.token].ofUnit(),
		Enough: p.enough(), Well: p.well(), Left: len(p.tracked)+len(p.toEnd(p.orphansAtStop())) > 0,
		Unit: r.Unit != "", Startable: p.startable(), KillNever: r.Kill.Never,
		Ready: p.attempt.ready != 0, Started: p.attempt.started, Awaited: p.deadline != 0, StartTimeout: r.StartTimeout.String(),
	}
}

// ofOperation carries out what an operation wants done.
type ofOperation struct {
	op      *operation.Operation
	command operation.Command
}

func (o ofOperation) deliver(m *Machine) {
	op := o.op
	switch c := o.command.(type) {
	case operation.Say:
		m.do(Say{c.Message})
	case operation.RunScript:
		m.runOpScript(op, c)
	case operation.StopUnit:
		m.stopUnit(op, m.procs[c.Name])
	case operation.Kill:
		m.killLeft(op, m.procs[c.Name])
	case operation.LetGo:
		p := m.procs[c.Name]
		number := 0 // a start by a rung or a strategy is no attempt
		if p.name == op.Payer {
			number = p.attempt.number
		}
		m.letGo(p)
		p.attempt.number = number
	case operation.Look:
		for _, p := range m.those(c.Names) {
			p.changedAt, p.lookedAt = max(p.changedAt, m.now), 0
			m.wantLook(p)
		}
	case operation.GiveBack:
		m.giveBack(m.procs[c.Name])
	case operation.End:
		m.endOp(op)
	default:
		m.moveMember(c)
	}
}

// moveMember starts a member, or looks for it.
func (m *Machine) moveMember(c operation.Command) {
	switch c := c.(type) {
	case operation.Start:
		m.getReady(m.procs[c.Name])
	case operation.Await:
		p := m.procs[c.Name]
		m.touch(p)
		p.deadline, p.lookStep = m.now+p.spec.Restart.StartTimeout.D(), 0
		m.wantLook(p)
	case operation.LookSoon:
		m.lookSoon(m.procs[c.Name])
	case operation.Here:
		p := m.procs[c.Name]
		p.attempt.ready, p.deadline, p.nextLook = 0, 0, 0
		m.touch(p)
		m.hold(p)
	}
}

// beginOp takes the members in hand; scripts of their own that run are awaited first.
func (m *Machine) beginOp(op *operation.Operation) {
	if op.Members == nil {
		op.Members = m.members(op.Group)
	}
	m.ops[op.Key()] = op
	m.touchOp(op)
	for _, p := range m.those(op.Members) {
		if p.op != nil || p.leftAlone() && op.By == "" {
			continue
		}
		if p.op = op; op.StartOnly {
			p.stopped = ""
		}
		m.stir(p)
		if p.state != Restarting {
			m.enter(p, Restarting)
		}
		p.nextLook, p.deadline = 0, 0
		m.touch(p)
		if op.By != "" && !op.StartOnly {
			m.endScript(p.attempt.token)
		}
	}
	m.post(toOperation{op, operation.Begins{}})
}

// leftAlone reports whether the process is down by its own will, by somebody else's, or
// because it need not be there: a group operation does not start it.
func (p *process) leftAlone() bool {
	switch p.state {
	case StoppedBy, Handed, EndedState, FinalState, AbsentNow:
		return true
	}
	return p.suspended != "" || p.stopped != ""
}

func (m *Machine) runOpScript(op *operation.Operation, c operation.RunScript) {
	for _, p := range m.those(c.Starts) {
		p.beginRestart(m.now)
		m.touch(p)
	}
	timeout := m.cfg.Groups[op.Group].Timeout.D()
	op.Token = m.newToken(job{op: op, path: c.Argv[0], asked: m.now, until: m.now + timeout})
	env := map[string]string{"PROCWARD_GROUP": op.Group, "PROCWARD_EVENT": "escalate", "PROCWARD_RUNG": ""}
	if op.By != "" {
		env["PROCWARD_EVENT"] = "manual"
	} else if p := m.procs[op.Payer]; p != nil {
		env = m.environment(p, nil, "")
	} else if l := m.ladders[op.Ladder]; l != nil {
		env["PROCWARD_RUNG"] = m.rungName(l)
	}
	if mon := m.monitors[op.Monitor]; mon != nil {
		env["PROCWARD_MONITOR"], env["PROCWARD_CAUSE"] = mon.Name, mon.InWords()
	}
	m.do(Run{Token: op.Token, Job: script.Job{Argv: c.Argv, Env: env, Timeout: timeout, Persist: true}})
}

func (m *Machine) stopUnit(op *operation.Operation, p *process) {
	r := p.spec.Restart
	op.Token = m.newToken(job{process: p.name, op: op})
	p.unitStopped = op.By == ""
	m.touch(p)
	m.do(StopUnit{Token: op.Token, Unit: r.Unit, Timeout: r.Timeout.D(), Force: op.By != ""})
}

func (m *Machine) killLeft(op *operation.Operation, p *process) {
	op.Token = m.newToken(job{process: p.name, op: op})
	m.do(Kill{Token: op.Token, IDs: append(p.tracks(), p.toEnd(p.orphansAtStop())...), How: p.killing()})
}

// unitStopped takes the end of a StopUnit.
func (m *Machine) unitStopped(in UnitStopped) {
	j, ok := m.jobs[in.Token]
	if !ok {
		return
	}
	delete(m.jobs, in.Token)
	if j.op != nil && j.op.Token == in.Token {
		m.post(toOperation{j.op, operation.UnitStopped{Name: j.process, Err: in.Err, Conflict: in.Conflict}})
	}
}

// giveBack takes a process that is up out of the hands of an operation.
func (m *Machine) giveBack(p *process) {
	p.op = nil
	m.stir(p)
	if p.outage {
		m.settle(p)
	} else {
		m.endOutage(p)
	}
}

// endOp lets the members of an operation go, and tells who has waited for it.
func (m *Machine) endOp(op *operation.Operation) {
	delete(m.ops, op.Key())
	m.touchOp(op)
	for _, p := range m.those(op.Members) {
		if p.op == op {
			p.op = nil
			m.stir(p)
			m.post(left{op, p})
		}
	}
	m.post(ended{op})
}

// left is a process that an operation has let go.
type left struct {
	op *operation.Operation
	p  *process
}

// deliver puts it where it stands after the operation.
func (l left) deliver(m *Machine) {
	op, p := l.op, l.p
	switch {
	case p.well() && !op.StopOnly:
		m.settle(p)
	case op.StopOnly && op.By != "":
		m.stopNow(p)
	case m.suspends(p) != "":
		m.letGo(p)
		m.enter(p, Unknown)
	case op.StopOnly:
		m.letGo(p)
		p.outage = true
		if p.event == "" {
			p.event, p.died = "escalate", m.now
		}
		m.enter(p, Climbing)
		if op.Monitor != "" { // no ladder of its own is climbed
			m.enter(p, GaveUp)
		}
	case p.name == op.Payer && op.Stuck(p.name):
		m.attemptStuck(p)
	case p.name == op.Payer:
		m.attemptLate(p)
	case p.history.Exhausted:
		m.letGo(p)
		m.rest(p)
	default:
		m.notStarted(p)
	}
}

// notStarted is a member that was well before the operation and is not there after it.
func (m *Machine) notStarted(p *process) {
	if p.event == "" {
		p.event, p.died = "absent", m.now
	}
	m.enter(p, Looking)
	m.wantLook(p)
}

// ended is an operation that has let its members go.
type ended struct{ op *operation.Operation }

func (e ended) deliver(m *Machine) {
	op := e.op
	if mon := m.monitors[op.Monitor]; mon != nil {
		m.post(toMonitor{mon, monitor.Operated{}})
	}
	if l := m.ladders[op.Ladder]; l != nil {
		m.climb(l, climb.Acted{Failed: op.Failed != "" && !op.StopOnly})
	}
	if op.Order != nil {
		m.post(toOrder{op.Order, op})
	}
	m.laddersGoOn()
	m.post(turns{})
}

// toOrder tells an order that one of its operations has ended; nil: that it may go on.
type toOrder struct {
	order *operation.Order
	over  *operation.Operation
}

func (t toOrder) deliver(m *Machine) {
	env := operation.OrderEnv{
		Suspended: m.suspended,
		Exists:    func(name string) bool { return m.procs[name] != nil },
		Busy:      func(key string) bool { return m.ops[key] != nil },
	}
	commands := []operation.Command(nil)
	if t.over != nil {
		commands = t.order.Over(t.over, env)
	} else {
		commands = t.order.GoOn(env)
	}
	for _, c := range commands {
		switch c := c.(type) {
		case operation.Begin:
			m.beginOp(c.Operation)
		case operation.Say:
			m.do(Say{c.Message})
		}
	}
}

// turns lets all orders go on that wait for the end of an operation.
type turns struct{}

func (turns) deliver(m *Machine) {
	for _, o := range slices.Clone(m.orders) {
		m.post(toOrder{order: o})
	}
}

// askedBy is the monitor for whose sake the process is restarted, or empty.
func (p *process) askedBy() string {
	if p.op == nil {
		return ""
	}
	return p.op.Monitor
}

// forgive takes a stop of the unit for procward's own that an earlier daemon has asked for
// and did not live to undo: systemd does not tell whose it was.
func (p *process) forgive(f *Finding) {
	if p.unitForgiven && f.Unit.Hands == StoppedOnRequest {
		f.Unit.Hands = ""
	}
}

// StoppedOnRequest is what a Unit's Hands say of one that somebody has stopped.
const StoppedOnRequest = "stopped on request"
