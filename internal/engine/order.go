package engine

import (
	"slices"
	"strings"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/message"
)

// order is a start or stop under way: operations one after the other.
type order struct {
	OrderStatus
	todo []*operation
	now  *operation // the last that was begun
}

// maxOrders is how many orders are remembered, those under way apart.
const maxOrders = 16

// operations is what a start or stop consists of, in order.
func (m *Machine) operations(o Order) []*operation {
	var out []*operation
	seen := map[string]bool{}
	for _, name := range o.Names {
		if p := m.procs[name]; p != nil {
			out = append(out, &operation{group: p.spec.Group, alone: true, members: []string{name}})
			continue
		}
		for _, group := range m.inOrder(name, o.Verb) {
			if !seen[group] {
				seen[group] = true
				out = append(out, &operation{group: group, members: m.members(group)})
			}
		}
	}
	for _, op := range out {
		op.stopOnly, op.startOnly, op.by = o.Verb == VerbStop, o.Verb == VerbStart, o.By
	}
	return slices.DeleteFunc(out, func(op *operation) bool { return len(op.members) == 0 })
}

// inOrder is a group and those that go before it: at a stop all that depend on it, at a
// start those of its dependencies that the operator has stopped or that start by hand.
func (m *Machine) inOrder(group string, verb Verb) []string {
	var out []string
	var visit func(name string)
	visit = func(name string) {
		if slices.Contains(out, name) {
			return
		}
		if verb == VerbStop {
			for _, other := range sortedKeys(m.cfg.Groups) {
				if slices.Contains(m.cfg.Groups[other].DependsOn, name) {
					visit(other)
				}
			}
		} else {
			for _, dep := range m.cfg.Groups[name].DependsOn {
				if m.isDown(dep) {
					visit(dep)
				}
			}
		}
		out = append(out, name)
	}
	visit(group)
	return out
}

// isDown says that a member of the group is down as the operator wants it.
func (m *Machine) isDown(group string) bool {
	return slices.ContainsFunc(m.those(m.members(group)), func(p *process) bool {
		return p.stopped != "" || p.state == AbsentNow && m.byHand(p)
	})
}

// byHand says that the group of a process is started by the operator only.
func (m *Machine) byHand(p *process) bool {
	return m.cfg.Groups[p.spec.Group].Startup == escalate.Manual
}

// inTurn is the members in the order in which they are dealt with.
func (op *operation) inTurn() []string {
	out := slices.Clone(op.members)
	if op.stopOnly {
		slices.Reverse(out)
	}
	return out
}

// begin takes up a start or stop. What is to be stopped is in the operator's hands from
// now on, also before its turn.
func (m *Machine) begin(o Order, ops []*operation) int {
	m.ordered++
	ord := &order{OrderStatus: OrderStatus{ID: m.ordered, Verb: o.Verb, Names: o.Names, By: o.By}, todo: ops}
	m.orders = append(m.orders, ord)
	if n := len(m.orders) - maxOrders; n > 0 && m.orders[0].Done {
		m.orders = m.orders[1:]
	}
	for _, op := range ops {
		op.order = ord
		for _, p := range m.those(op.members) {
			if op.stopOnly {
				p.stopped = "by " + o.By
				m.touch(p)
			}
		}
	}
	m.nextOp(ord)
	return ord.ID
}

// nextOp begins the next operation of an order, once nothing else is done to its group.
func (m *Machine) nextOp(ord *order) {
	for len(ord.todo) > 0 {
		op := ord.todo[0]
		op.members = slices.DeleteFunc(slices.Clone(op.members), func(name string) bool { return m.procs[name] == nil })
		switch {
		case len(op.members) == 0: // gone with a reload
		case m.halts(op):
			ord.Failed = append(ord.Failed, "suspended: "+m.suspended)
			ord.todo = nil
			m.orderDone(ord)
			return
		case m.ops[op.key()] != nil:
			return // ordersGoOn comes back to it
		default:
			ord.todo, ord.now = ord.todo[1:], op
			m.beginOp(op)
			return
		}
		ord.todo = ord.todo[1:]
	}
	m.orderDone(ord)
}

// opDone goes on after an operation of an order. A start does not go on after a failure:
// what depends on it would fail as well.
func (m *Machine) opDone(op *operation) {
	ord := op.order
	if ord == nil {
		return
	}
	if op.failed != "" {
		ord.Failed = append(ord.Failed, op.failed)
		if op.startOnly {
			ord.todo = nil
		}
	}
	m.nextOp(ord)
}

func (m *Machine) ordersGoOn() {
	for _, ord := range slices.Clone(m.orders) {
		if !ord.Done && len(ord.todo) > 0 && !m.underWay(ord) {
			m.nextOp(ord)
		}
	}
}

func (m *Machine) underWay(ord *order) bool {
	return ord.now != nil && m.ops[ord.now.key()] == ord.now
}

func (m *Machine) orderDone(ord *order) {
	ord.Done = true
	kind, detail := message.OperatorDone, string(ord.Verb)+" "+strings.Join(ord.Names, " ")
	if len(ord.Failed) > 0 {
		kind, detail = message.OperatorFailed, detail+": "+strings.Join(ord.Failed, "; ")
	}
	m.say(kind, nil, func(s *message.Message) { s.Detail = detail })
}

// stopNow leaves a process in the operator's hands: what was wrong with it is over, and
// the rungs that remain are cancelled.
func (m *Machine) stopNow(p *process) {
	m.letGo(p)
	m.endScript(p.hanging)
	for _, id := range p.tracks() {
		m.untrack(p, id)
	}
	m.credit(p)
	m.endJudgement(p)
	p.dead, p.event, p.returned, p.lookStep, p.outage, p.begun, p.script, p.stall = nil, "", false, 0, false, 0, 0, nil
	m.enter(p, StoppedBy)
	p.nextLook, p.waitsFor = 0, "procward start; stopped "+p.stopped
	delete(m.looking.want, p.name)
	m.climb(m.ladderOf(p), climb.Yields{Why: p.name + ": stopped " + p.stopped})
}
