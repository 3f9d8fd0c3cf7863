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
// A group has one operation at a time.
type operation struct {
	group     string
	ladder    string   // the ladder whose rung this is, or
	monitor   string   // the monitor that asks for it, or
	payer     string   // the member whose attempt this is
	members   []string // in the order of starts
	stopOnly  bool
	startOnly bool
	order     *order          // of the operator, or nil
	need      map[string]bool // members whose look is awaited
	rounds    int             // of killing what is left
	tries     int             // of the start that have failed
	alone     bool            // one member is restarted, not the group: no script of the group runs
	stage     stage
	todo      []string        // members still to be stopped, then still to be started
	current   string          // the member that is being started
	by        string          // the operator who asked for it
	token     int             // of the group's script, or of the kill of a member, under way
	stuck     map[string]bool // members that cannot be killed
	failed    string
}

type stage int

const (
	draining   stage = iota // members' own scripts are still running
	stopScript              // the group's stop script runs
	stopping                // members are killed, last first
	startScript
	starting // members are started, first first
	sighting // before a start by the operator: what is up already is not started
	checking // after a stop by the operator: what is left is killed
	finding  // the start script ended: all members are looked for
)

// key is what no two operations have in common.
func (op *operation) key() string {
	if op.group == "" {
		return "process " + op.members[0]
	}
	return "group " + op.group
}

// beginOp takes the members in hand; scripts of their own that run are awaited first.
func (m *Machine) beginOp(op *operation) {
	if op.members == nil {
		op.members = m.members(op.group)
	}
	op.stuck = map[string]bool{}
	m.ops[op.key()] = op
	m.touchOp(op)
	for _, p := range m.those(op.members) {
		if p.op != nil || p.leftAlone() && op.by == "" {
			continue
		}
		if p.op = op; op.startOnly {
			p.stopped = ""
		}
		m.stir(p)
		if p.state != Restarting {
			m.enter(p, Restarting)
		}
		p.nextLook, p.deadline = 0, 0
		m.touch(p)
	}
	for _, p := range m.mine(op) {
		if op.by != "" && !op.startOnly {
			m.endScript(p.attempt.token)
		}
	}
	m.drained(op)
}

// leftAlone says that the process is down by its own will, by somebody else's, or
// because it need not be there: a group operation does not start it.
func (p *process) leftAlone() bool {
	switch p.state {
	case StoppedBy, Handed, EndedState, FinalState, AbsentNow:
		return true
	}
	return p.suspended != "" || p.stopped != ""
}

// mine is the members that are in the operation's hands, in the order of starts.
func (m *Machine) mine(op *operation) []*process {
	return slices.DeleteFunc(m.those(op.members), func(p *process) bool { return p.op != op })
}

// halts says that a suspension ends the operation before its next step. A stop by the
// operator goes on: he wants nothing restarted, and a cluster may stop what it runs here
// because the host is being shut down.
func (m *Machine) halts(op *operation) bool {
	return m.suspended != "" && (!op.stopOnly || op.by == "")
}

// drained begins the stop once no member's own script runs, or only with its process up.
func (m *Machine) drained(op *operation) {
	mine := m.mine(op)
	for _, p := range mine {
		if p.attempt.token != 0 && !p.attempt.holds && !(op.stopOnly && op.by != "" && m.jobs[p.attempt.token].ofUnit()) {
			return // systemd itself gives up the restart of a unit for its stop
		}
	}
	if m.halts(op) || len(mine) == 0 {
		m.endOp(op)
		return
	}
	if op.startOnly { // what the members' own scripts have started is seen now
		for _, p := range mine {
			m.letGo(p)
		}
		m.lookAtAll(op, sighting)
		return
	}
	for _, p := range mine {
		number := 0 // a start by a rung or a strategy is no attempt
		if p.name == op.payer {
			number = p.attempt.number
		}
		m.letGo(p)
		p.attempt.number = number
		op.todo = append(op.todo, p.name)
	}
	m.sayGroup(message.GroupStop, op, "members "+names(mine))
	if g := m.opGroup(op); g.Stop != nil {
		op.stage = stopScript
		m.runOpScript(op, g.Stop, g)
		return
	}
	op.stage = stopping
	m.stopNext(op)
}

// stopNext kills what is left of the next member from the end, then starts.
func (m *Machine) stopNext(op *operation) {
	for len(op.todo) > 0 && !m.halts(op) {
		last := len(op.todo) - 1
		p := m.procs[op.todo[last]]
		op.todo = op.todo[:last]
		if p == nil || p.op != op || !op.stopOnly && !m.mayStop(op, p) {
			continue
		}
		if m.stopUnit(op, p) || m.killLeft(op, p) {
			return
		}
	}
	if op.stopOnly && op.by != "" {
		op.rounds++
		m.lookAtAll(op, checking)
		return
	}
	if op.stopOnly || m.halts(op) {
		m.endOp(op)
		return
	}
	m.startGroup(op)
}

// killLeft kills what is left of a member, if anything is.
func (m *Machine) killLeft(op *operation, p *process) bool {
	victims := append(p.tracks(), p.toEnd(p.orphansAtStop())...)
	if len(victims) == 0 {
		return false
	}
	op.token = m.newToken(job{process: p.name, op: op})
	m.do(Kill{Token: op.token, IDs: victims, How: p.killing()})
	return true
}

// opGroup is the group section that the operation obeys.
func (m *Machine) opGroup(op *operation) escalate.Group {
	if op.alone {
		return escalate.Group{}
	}
	return m.cfg.Groups[op.group]
}

// mayStop says that a member may be killed for a restart: not where its script does it,
// nor where there is no way to start it again.
func (m *Machine) mayStop(op *operation, p *process) bool {
	return p.spec.Restart.Unit != "" || !p.spec.Restart.Kill.Never && (p.startable() || m.opGroup(op).Start != nil)
}

// opKilled goes on when a member is stopped.
func (m *Machine) opKilled(op *operation, name string, stuck bool) {
	op.token = 0
	if stuck {
		op.stick(name)
	}
	m.stopNext(op)
}

func (op *operation) stick(name string) {
	op.stuck[name] = true
	op.failed = name + " cannot be killed"
}

func (m *Machine) runOpScript(op *operation, argv script.Argv, g escalate.Group) {
	for _, p := range m.mine(op) {
		if op.stage == startScript {
			p.beginRestart(m.now)
			m.touch(p)
		}
	}
	op.token = m.newToken(job{op: op, path: argv[0], asked: m.now, until: m.now + g.Timeout.D()})
	env := map[string]string{"PROCWARD_GROUP": op.group, "PROCWARD_EVENT": "escalate", "PROCWARD_RUNG": ""}
	if op.by != "" {
		env["PROCWARD_EVENT"] = "manual"
	} else if p := m.procs[op.payer]; p != nil {
		env = m.environment(p, nil, "")
	} else if l := m.ladders[op.ladder]; l != nil {
		env["PROCWARD_RUNG"] = m.rungName(l)
	}
	if mon := m.monitors[op.monitor]; mon != nil {
		env["PROCWARD_MONITOR"], env["PROCWARD_CAUSE"] = mon.name, mon.inWords()
	}
	m.do(Run{Token: op.token, Job: script.Job{Argv: argv, Env: env, Timeout: g.Timeout.D(), Persist: true}})
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
	if op.stage == stopScript {
		op.stage = stopping
		m.stopNext(op)
		return
	}
	op.stage = finding
	for _, p := range m.mine(op) {
		m.awaitStart(p)
	}
	m.opFound(op)
}

func (m *Machine) sayGroup(kind *message.Kind, op *operation, detail string) {
	m.say(kind, nil, func(s *message.Message) {
		s.Group, s.Monitor, s.Detail = op.group, op.monitor, detail
		if op.group == "" || op.alone {
			s.Process = op.members[0]
		}
	})
}

// askedBy is the monitor for whose sake the process is restarted, or empty.
func (p *process) askedBy() string {
	if p.op == nil {
		return ""
	}
	return p.op.monitor
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
