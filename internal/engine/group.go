package engine

import (
	"slices"

	"procward/escalate"
	"procward/internal/message"
	"procward/internal/script"
)

// operation stops the members of a group and starts them again, or only stops them: for
// strategy all, restart-group and stop-group. The group's own scripts do it where it has
// them, else the members' kill and restart, in order. Exits of members are expected then.
type operation struct {
	group    string
	ladder   string   // the ladder whose rung this is, or
	payer    string   // the member whose attempt this is
	members  []string // in the order of starts
	stopOnly bool
	stage    stage
	index    int    // of the member in hand
	starts   string // the member that is being started
	token    int    // of the script or kill under way
	failed   string
}

type stage int

const (
	draining   stage = iota // members' own scripts are still running
	stopScript              // the group's stop script runs
	stopping                // members are killed, last first
	startScript
	starting // members are started, first first
	finding  // the start script ended: all members are looked for
)

// members is the processes of a group in the order of starts.
func (m *Machine) members(group string) []string { return m.cfg.Members(group) }

// dependencies is every group that a group depends on, also through others.
func (m *Machine) dependencies(group string) []string {
	var out []string
	var visit func(name string)
	visit = func(name string) {
		for _, dep := range m.cfg.Groups[name].DependsOn {
			if !slices.Contains(out, dep) {
				out = append(out, dep)
				visit(dep)
			}
		}
	}
	visit(group)
	return out
}

// heldBy is the dependency that is down or being restarted, or empty.
func (m *Machine) heldBy(p *process) string {
	for _, dep := range m.dependencies(p.spec.Group) {
		for _, name := range m.members(dep) {
			switch m.procs[name].state {
			case Up, AbsentNow, EndedState, Unknown:
			default:
				return dep
			}
		}
	}
	return ""
}

// beginOp takes the members in hand; scripts of their own that run are awaited first.
func (m *Machine) beginOp(op *operation) {
	if op.members == nil {
		op.members = m.members(op.group)
	}
	for _, name := range op.members {
		p := m.procs[name]
		if p.op != nil || p.leftAlone() {
			continue
		}
		p.op = op
		if p.state != Restarting {
			m.enter(p, Restarting)
		}
		p.nextLook, p.deadline = 0, 0
	}
	m.advance(op)
}

// leftAlone says that the process is down by its own will, by somebody else's, or
// because it need not be there: a group operation does not start it.
func (p *process) leftAlone() bool {
	switch p.state {
	case StoppedBy, Handed, EndedState, AbsentNow:
		return true
	}
	return false
}

// mine is the members that are in the operation's hands, in the order of starts.
func (m *Machine) mine(op *operation) []*process {
	var out []*process
	for _, name := range op.members {
		if p := m.procs[name]; p != nil && p.op == op {
			out = append(out, p)
		}
	}
	return out
}

// advance goes on from the stage that has ended.
func (m *Machine) advance(op *operation) {
	g := m.cfg.Groups[op.group]
	mine := m.mine(op)
	switch op.stage {
	case draining:
		if slices.ContainsFunc(mine, func(p *process) bool { return p.attempt.token != 0 }) {
			return
		}
		for _, p := range mine {
			if p.name != op.payer {
				p.attempt = attempt{} // a start by a rung or a strategy is no attempt
			}
		}
		m.sayGroup(message.GroupStop, op, "members "+names(mine))
		op.index = len(mine)
		if g.Stop != nil {
			op.stage = stopScript
			m.runOpScript(op, g.Stop, g)
			return
		}
		op.stage = stopping
		m.stopNext(op)
	case stopScript, stopping:
		op.stage = stopping
		m.stopNext(op)
	case startScript:
		op.stage = finding
		for _, p := range mine {
			p.deadline, p.lookStep = m.now+p.spec.Restart.StartTimeout.D(), 0
			m.wantLook(p)
		}
	}
}

// stopNext kills what is left of the next member from the end, then starts.
func (m *Machine) stopNext(op *operation) {
	mine := m.mine(op)
	for op.index > 0 {
		op.index--
		if op.index >= len(mine) {
			continue
		}
		p := mine[op.index]
		victims := append(p.tracks(), idsOf(p.orphans)...)
		if len(victims) == 0 || p.spec.Restart.Kill.Never && !op.stopOnly {
			continue
		}
		op.token = m.newToken(job{process: p.name, op: op})
		m.do(Kill{Token: op.token, IDs: victims, How: p.killing()})
		return
	}
	if op.stopOnly {
		m.endOp(op)
		return
	}
	m.startGroup(op)
}

func (m *Machine) startGroup(op *operation) {
	g := m.cfg.Groups[op.group]
	m.sayGroup(message.GroupStart, op, "members "+names(m.mine(op)))
	if g.Start != nil {
		op.stage = startScript
		m.runOpScript(op, g.Start, g)
		return
	}
	op.stage, op.index = starting, -1
	m.startNext(op)
}

// startNext runs the restart of the next member that has one.
func (m *Machine) startNext(op *operation) {
	mine := m.mine(op)
	for op.index++; op.index < len(mine); op.index++ {
		p := mine[op.index]
		if p.enough() && !p.spec.Restart.Kill.Never {
			continue // it could not be stopped: another one beside it would be wrong
		}
		p.orphans, op.starts = nil, p.name
		if p.spec.Restart.Run == nil && p.spec.Restart.Unit == "" {
			p.deadline, p.lookStep = m.now+p.spec.Restart.StartTimeout.D(), 0
			m.wantLook(p)
			return
		}
		m.runScript(p)
		return
	}
	m.endOp(op)
}

// membersLeft goes on with an operation after a reload has removed members of it. The
// end of a script or kill that runs is awaited as ever.
func (m *Machine) membersLeft(op *operation) {
	switch op.stage {
	case draining:
		m.advance(op)
	case finding:
		m.opFound(op)
	case starting:
		mine := m.mine(op)
		if i := slices.IndexFunc(mine, func(p *process) bool { return p.name == op.starts }); i >= 0 {
			op.index = i
			return
		}
		before := op.members[:slices.Index(op.members, op.starts)]
		op.index = -1
		for _, p := range mine {
			if slices.Contains(before, p.name) {
				op.index++
			}
		}
		m.startNext(op)
	}
}

func (m *Machine) runOpScript(op *operation, argv script.Argv, g escalate.Group) {
	op.token = m.newToken(job{op: op})
	env := map[string]string{"PROCWARD_GROUP": op.group, "PROCWARD_EVENT": "escalate", "PROCWARD_RUNG": ""}
	if p := m.procs[op.payer]; p != nil {
		env = m.environment(p, nil, "")
	} else if l := m.ladders[op.ladder]; l != nil {
		env["PROCWARD_RUNG"] = m.rungName(l)
	}
	m.do(Run{Token: op.token, Job: script.Job{Argv: argv, Env: env, Timeout: g.Timeout.D()}})
}

// opScriptEnded takes the end of the group's stop or start script.
func (m *Machine) opScriptEnded(op *operation, out outcome) {
	op.token = 0
	if !out.ok {
		what := "stop"
		if op.stage == startScript {
			what = "start"
		}
		m.say(message.GroupFailed, nil, func(s *message.Message) {
			s.Group, s.Detail, s.Output = op.group, what+" script "+out.words, out.output
		})
	}
	op.index = len(m.mine(op))
	m.advance(op)
}

// opKilled goes on when a member is stopped.
func (m *Machine) opKilled(op *operation, stuck bool) {
	op.token = 0
	if stuck {
		op.failed = "a member cannot be killed"
	}
	m.stopNext(op)
}

// opTakes says that the end of a member's script belongs to an operation.
func (m *Machine) opTakes(p *process) bool {
	if p.op == nil {
		return false
	}
	if p.op.stage == draining {
		m.advance(p.op)
		return true
	}
	p.deadline, p.lookStep = m.now+p.spec.Restart.StartTimeout.D(), 0
	m.wantLook(p)
	return true
}

// opLooked takes a look at a member in hand.
func (m *Machine) opLooked(p *process) {
	op := p.op
	waited := op.stage == starting && op.index < len(m.mine(op)) && m.mine(op)[op.index] == p && (p.attempt.started || p.deadline != 0)
	switch {
	case p.enough() && waited:
		p.deadline = 0
		m.startNext(op)
	case p.enough() && op.stage == finding:
		p.deadline = 0
		m.opFound(op)
	case waited || op.stage == finding:
		m.lookSoon(p)
	}
}

// opLate is a member that was not found in time.
func (m *Machine) opLate(p *process) {
	op := p.op
	op.failed = p.name + " was not found within start-timeout, which is " + p.spec.Restart.StartTimeout.String()
	p.nextLook = 0
	if op.stage == finding {
		m.opFound(op)
		return
	}
	m.startNext(op)
}

// opFound ends the operation when no member is looked for any more.
func (m *Machine) opFound(op *operation) {
	if !slices.ContainsFunc(m.mine(op), func(p *process) bool { return p.deadline != 0 }) {
		m.endOp(op)
	}
}

// endOp lets the members go: what is up settles, what is not has failed.
func (m *Machine) endOp(op *operation) {
	mine := m.mine(op)
	if op.failed != "" {
		m.sayGroup(message.GroupFailed, op, op.failed)
	}
	for _, p := range mine {
		p.op = nil
	}
	for _, p := range mine {
		switch {
		case op.stopOnly:
			m.enter(p, Climbing)
		case p.enough():
			m.settle(p)
		case p.name == op.payer:
			m.attemptLate(p)
		case p.history.Exhausted && m.ladderOf(p).climb.Phase == escalate.GivenUp:
			m.enter(p, GaveUp)
		case p.history.Exhausted:
			m.enter(p, Climbing)
		default:
			m.notStarted(p)
		}
	}
	if l := m.ladders[op.ladder]; l != nil {
		in := escalate.Done
		if op.failed != "" && !op.stopOnly {
			in = escalate.Failed
		}
		m.climb(l, in)
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

func (m *Machine) sayGroup(kind *message.Kind, op *operation, detail string) {
	m.say(kind, nil, func(s *message.Message) {
		s.Group, s.Detail = op.group, detail
		if op.group == "" && len(op.members) > 0 {
			s.Process = op.members[0]
		}
	})
}

func names(ps []*process) string {
	out := ""
	for i, p := range ps {
		if i > 0 {
			out += ", "
		}
		out += p.name
	}
	return out
}
