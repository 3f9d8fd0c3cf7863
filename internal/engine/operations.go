package engine

import (
	"slices"

	"procward/internal/engine/climb"
	"procward/internal/engine/life"
	"procward/internal/engine/monitor"
	"procward/internal/engine/operation"
	"procward/internal/script"
)

// operations is the desk of the operations.
type operations struct {
	*Machine
	all map[string]*operation.Operation // under way, by group, or by process without one
}

// toOperation gives an operation an event, and posts its commands.
type toOperation struct {
	op    *operation.Operation
	event operation.Event
}

func (t toOperation) deliver(m *Machine) {
	for _, c := range t.op.Next(t.event, m.ops.env(t.op)) {
		m.post(ofOperation{t.op, c})
	}
}

func (m *operations) env(op *operation.Operation) operation.Env {
	return operation.Env{
		Suspended: m.suspended, Group: op.Obeys(m.cfg.Groups[op.Group]),
		Member: func(name string) (operation.Member, bool) {
			p := m.procs[name]
			if p == nil || p.op != op {
				return operation.Member{}, false
			}
			return m.facts(p), true
		},
	}
}

// facts is what an operation has to know of a process.
func (m *operations) facts(p *process) operation.Member {
	r, trial := p.Spec.Restart, p.Trial()
	return operation.Member{
		Name: p.Name, Busy: trial.Token != 0 && !trial.Holds, Restarts: m.jobs.all[trial.Token].ofUnit(),
		Enough: p.Enough(), Well: p.Well(), Left: len(p.EndAtStop()) > 0,
		Unit: r.Unit != "", Startable: p.Startable(), KillNever: r.Kill.Never,
		Ready: trial.Ready, Started: trial.Started, Awaited: p.View().Due != 0, StartTimeout: r.StartTimeout.String(),
	}
}

// ofOperation carries out a command of an operation.
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
		m.ops.runScript(op, c)
	case operation.StopUnit:
		m.ops.stopUnit(op, m.procs[c.Name])
	case operation.Kill:
		m.ops.killLeft(op, m.procs[c.Name])
	case operation.LetGo: // a start by a rung or a strategy is no attempt
		m.processes.tell(m.procs[c.Name], life.Drop{Keep: c.Name == op.Payer})
	case operation.Look:
		for _, p := range m.those(c.Names) {
			m.processes.tell(p, life.LookAfresh{})
		}
	case operation.GiveBack:
		m.ops.giveBack(m.procs[c.Name])
	case operation.End:
		m.ops.end(op)
	default:
		m.ops.move(c)
	}
}

// move starts a member, or looks for it.
func (m *operations) move(c operation.Command) {
	switch c := c.(type) {
	case operation.Start:
		m.processes.tell(m.procs[c.Name], life.Start{})
	case operation.Await:
		m.processes.tell(m.procs[c.Name], life.Await{})
	case operation.LookSoon:
		m.processes.tell(m.procs[c.Name], life.Soon{})
	case operation.Here:
		m.processes.tell(m.procs[c.Name], life.Here{})
	}
}

// begin takes the members; scripts of their own that run are waited for first.
func (m *operations) begin(op *operation.Operation) {
	if op.Members == nil {
		op.Members = m.members(op.Group)
	}
	m.all[op.Key()] = op
	m.touch(op)
	for _, p := range m.those(op.Members) {
		if p.op != nil || p.LeftAlone() && op.By == "" {
			continue
		}
		m.takeInHand(op, p)
		if op.By != "" && !op.StartOnly {
			m.processes.tell(p, life.EndScript{})
		}
	}
	m.post(toOperation{op, operation.Begins{}})
}

// takeInHand gives a process to an operation.
func (m *operations) takeInHand(op *operation.Operation, p *process) {
	p.op = op
	m.processes.tell(p, life.Take{Hand: handOf(op)})
}

// handOf is what a process is told about the operation that takes it.
func handOf(op *operation.Operation) life.Hand {
	return life.Hand{By: op.By, Monitor: op.Monitor, Starts: op.StartOnly, Stops: op.StopOnly}
}

func (m *operations) runScript(op *operation.Operation, c operation.RunScript) {
	for _, p := range m.those(c.Starts) {
		m.processes.tell(p, life.Begun{})
	}
	timeout := m.cfg.Groups[op.Group].Timeout.D()
	op.Token = m.jobs.newToken(job{op: op, path: c.Argv[0], asked: m.now, until: m.now + timeout})
	env := map[string]string{"PROCWARD_GROUP": op.Group, "PROCWARD_EVENT": "escalate", "PROCWARD_RUNG": ""}
	if op.By != "" {
		env["PROCWARD_EVENT"] = "manual"
	} else if p := m.procs[op.Payer]; p != nil {
		env = m.jobs.environment(p, nil, "")
	} else if l := m.ladders.all[op.Ladder]; l != nil {
		env["PROCWARD_RUNG"] = m.ladders.rungName(l)
	}
	if mon := m.monitors.all[op.Monitor]; mon != nil {
		env["PROCWARD_MONITOR"], env["PROCWARD_CAUSE"] = mon.Name, mon.InWords()
	}
	m.do(Run{Token: op.Token, Job: script.Job{Argv: c.Argv, Env: env, Timeout: timeout, Persist: true}})
}

func (m *operations) stopUnit(op *operation.Operation, p *process) {
	r := p.Spec.Restart
	op.Token = m.jobs.newToken(job{process: p.Name, op: op})
	m.processes.tell(p, life.UnitStops{Restart: op.By == ""})
	m.do(StopUnit{Token: op.Token, Unit: r.Unit, Timeout: r.Timeout.D(), Force: op.By != ""})
}

func (m *operations) killLeft(op *operation.Operation, p *process) {
	op.Token = m.jobs.newToken(job{process: p.Name, op: op})
	m.do(Kill{Token: op.Token, IDs: p.EndAtStop(), How: p.Killing()})
}

// unitStopped takes the end of a StopUnit.
func (m *operations) unitStopped(in UnitStopped) {
	j, ok := m.jobs.all[in.Token]
	if !ok {
		return
	}
	delete(m.jobs.all, in.Token)
	if j.op != nil && j.op.Token == in.Token {
		m.post(toOperation{j.op, operation.UnitStopped{Name: j.process, Err: in.Err, Conflict: in.Conflict}})
	}
}

// giveBack takes a process that is up away from an operation.
func (m *operations) giveBack(p *process) {
	p.op = nil
	m.processes.tell(p, life.IsUp{})
}

// end lets the members of an operation go, and tells those that have waited for it.
func (m *operations) end(op *operation.Operation) {
	delete(m.all, op.Key())
	m.touch(op)
	for _, p := range m.those(op.Members) {
		if p.op == op {
			p.op = nil
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

// deliver puts the process into the right state after the operation, unless another one
// has taken it.
func (l left) deliver(m *Machine) {
	if l.p.op == nil {
		m.processes.tell(l.p, life.Leave{Hand: handOf(l.op), Payer: l.p.Name == l.op.Payer, Stuck: l.op.Stuck(l.p.Name)})
	}
}

// ended is an operation that has let its members go.
type ended struct{ op *operation.Operation }

func (e ended) deliver(m *Machine) {
	op := e.op
	if mon := m.monitors.all[op.Monitor]; mon != nil {
		m.post(toMonitor{mon, monitor.Operated{}})
	}
	if l := m.ladders.all[op.Ladder]; l != nil {
		m.ladders.tell(l, climb.Acted{Failed: op.Failed != "" && !op.StopOnly})
	}
	if op.Order != nil {
		m.post(toOrder{op.Order, op})
	}
	m.ladders.goOn()
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
		Busy:      func(key string) bool { return m.ops.all[key] != nil },
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
			m.ops.begin(c.Operation)
		case operation.Say:
			m.do(Say{c.Message})
		}
	}
}

// turns lets all orders go on that wait for the end of an operation.
type turns struct{}

func (turns) deliver(m *Machine) {
	for _, o := range slices.Clone(m.operator.orders) {
		m.post(toOrder{order: o})
	}
}
