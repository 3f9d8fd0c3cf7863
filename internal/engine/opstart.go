package engine

import (
	"slices"

	"procward/internal/engine/climb"
	"procward/internal/message"
)

// startGroup starts what was stopped.
func (m *Machine) startGroup(op *operation) {
	mine := m.mine(op)
	m.sayGroup(message.GroupStart, op, "members "+names(mine))
	if g := m.opGroup(op); g.Start != nil {
		op.stage = startScript
		m.runOpScript(op, g.Start, g)
		return
	}
	op.stage, op.todo = starting, nil
	for _, p := range mine {
		op.todo = append(op.todo, p.name)
	}
	m.startNext(op)
}

// startNext starts the next member: its script runs after a look, if it is not up by then.
func (m *Machine) startNext(op *operation) {
	op.current = ""
	for len(op.todo) > 0 && m.suspended == "" {
		p := m.procs[op.todo[0]]
		op.todo = op.todo[1:]
		if p == nil || p.op != op || op.stuck[p.name] {
			continue
		}
		if p.enough() && (op.startOnly || !p.spec.Restart.Kill.Never || !p.startable()) {
			continue // it was not stopped: another one beside it would be wrong
		}
		op.current = p.name
		if p.startable() {
			m.getReady(p)
		} else {
			m.awaitStart(p)
		}
		return
	}
	m.endOp(op)
}

// awaitStart looks for a member that should be coming up, for start-timeout.
func (m *Machine) awaitStart(p *process) {
	m.touch(p)
	p.deadline, p.lookStep = m.now+p.spec.Restart.StartTimeout.D(), 0
	m.wantLook(p)
}

// opMemberKilled goes on when what was left of the member to be started is killed, or
// what a member's own attempt was about to kill.
func (m *Machine) opMemberKilled(p *process, stuck bool) {
	op := p.op
	if stuck {
		op.stick(p.name)
	}
	switch {
	case op.stage == draining:
		m.drained(op)
	case op.current != p.name:
	case stuck || m.suspended != "":
		m.startNext(op)
	default:
		m.getReady(p)
	}
}

// opTakes says that the end of a member's script belongs to an operation.
func (m *Machine) opTakes(p *process) bool {
	switch op := p.op; {
	case op == nil:
		return false
	case op.stage == draining:
		m.drained(op)
	case op.current == p.name:
		m.awaitStart(p)
	}
	return true
}

// opLooked takes a look at a member in hand.
func (m *Machine) opLooked(p *process) {
	op := p.op
	m.touch(p)
	current := op.stage == starting && op.current == p.name
	switch {
	case op.need[p.name]:
		m.seen(op, p)
	case current && p.attempt.ready != 0:
		if p.well() && !p.spec.Restart.Kill.Never { // by itself
			p.attempt.ready = 0
			m.startNext(op)
		}
	case current && (p.attempt.started || p.deadline != 0):
		if !p.well() {
			m.lookSoon(p)
			return
		}
		p.deadline, p.nextLook = 0, 0
		m.hold(p)
		m.startNext(op)
	case op.stage == finding && p.deadline != 0:
		if !p.well() {
			m.lookSoon(p)
			return
		}
		p.deadline = 0
		m.opFound(op)
	}
}

// opLate is a member that was not found in time.
func (m *Machine) opLate(p *process) {
	op := p.op
	op.failed = p.name + " was not found within start-timeout, which is " + p.spec.Restart.StartTimeout.String()
	p.nextLook = 0
	switch {
	case op.stage == finding:
		m.opFound(op)
	case op.current == p.name:
		m.startNext(op)
	}
}

// opFound ends the operation when no member is looked for any more.
func (m *Machine) opFound(op *operation) {
	if !slices.ContainsFunc(m.mine(op), func(p *process) bool { return p.deadline != 0 }) {
		m.endOp(op)
	}
}

// opWithout goes on without a member that has gone with a reload.
func (m *Machine) opWithout(op *operation) {
	for name := range op.need {
		if p := m.procs[name]; p == nil || p.op != op {
			delete(op.need, name)
		}
	}
	switch op.stage {
	case draining:
		m.drained(op)
	case starting:
		if p := m.procs[op.current]; p == nil || p.op != op {
			m.startNext(op)
		}
	case finding:
		m.opFound(op)
	default:
		m.seenAll(op)
	}
}

// endOp lets the members go: what is up settles, what is not has failed. A suspension
// ends an operation before its next step.
func (m *Machine) endOp(op *operation) {
	if m.startAgain(op) {
		return
	}
	delete(m.ops, op.key())
	m.touchOp(op)
	if m.halts(op) && op.failed == "" {
		op.failed = "suspended: " + m.suspended
	}
	if op.failed != "" {
		m.sayGroup(message.GroupFailed, op, op.failed)
	}
	mine := m.mine(op)
	for _, p := range mine {
		p.op = nil
		m.stir(p)
	}
	for _, p := range mine {
		m.leaves(op, p)
	}
	if mon := m.monitors[op.monitor]; mon != nil {
		m.recoveryEnded(mon)
	}
	if l := m.ladders[op.ladder]; l != nil {
		m.climb(l, climb.Acted{Failed: op.failed != "" && !op.stopOnly})
	}
	m.opDone(op)
	m.laddersGoOn()
	m.ordersGoOn()
}

// leaves is where a member stands after an operation.
func (m *Machine) leaves(op *operation, p *process) {
	switch {
	case p.well() && !op.stopOnly:
		m.settle(p)
	case op.stopOnly && op.by != "":
		m.stopNow(p)
	case m.suspends(p) != "":
		m.letGo(p)
		m.enter(p, Unknown)
	case op.stopOnly:
		m.letGo(p)
		p.outage = true
		if p.event == "" {
			p.event, p.died = "escalate", m.now
		}
		m.enter(p, Climbing)
		if op.monitor != "" { // no ladder of its own is climbed
			m.enter(p, GaveUp)
		}
	case p.name == op.payer && op.stuck[p.name]:
		m.attemptStuck(p)
	case p.name == op.payer:
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
