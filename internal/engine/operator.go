package engine

import (
	"fmt"
	"slices"
	"strings"

	"procward/escalate"
	"procward/internal/message"
	"procward/restart"
	"procward/watch"
)

// Verb is what an operator asks for.
type Verb string

// The verbs.
const (
	VerbSuspend Verb = "suspend" // nothing is restarted or escalated until resume; without names: at all
	VerbResume  Verb = "resume"  // ends it; without names: all of it
	VerbRecover Verb = "recover" // gives all attempts back, and begins again from the bottom; without names: everywhere, and reboot-limit too
	VerbStart   Verb = "start"   // starts what was stopped, dependencies first, and watches it again
	VerbStop    Verb = "stop"    // stops, dependents first; durable
)

// Order is what an operator asks for: of processes and groups by name.
type Order struct {
	Verb  Verb
	Names []string
	By    string // who, in words
	Try   bool   // only say what it is about
}

// Ordered is what becomes of an Order.
type Ordered struct {
	ID        int      `json:"id,omitempty"`      // of a start or stop that is under way, to find it in Status.Orders
	Processes []string `json:"processes"`         // that it is about, in the order in which they are dealt with
	Unknown   string   `json:"unknown,omitempty"` // a name that nothing has: nothing is done
	Refused   string   `json:"refused,omitempty"` // why nothing is done
	Remedy    string   `json:"remedy,omitempty"`  // of Refused
}

// OrderStatus is how far a start or stop by the operator is.
type OrderStatus struct {
	ID     int      `json:"id"`
	Verb   Verb     `json:"verb"`
	Names  []string `json:"names"`
	By     string   `json:"by"`
	Done   bool     `json:"done"`
	Failed []string `json:"failed,omitempty"` // what went wrong, in words
}

// order is a start or stop under way: operations one after the other.
type order struct {
	OrderStatus
	todo []*operation
}

// maxOrders is how many orders are remembered, those under way apart.
const maxOrders = 16

// obey takes an order; what it leads to comes with the effects.
func (m *Machine) obey(o Order) Ordered {
	names, unknown := m.named(o)
	if unknown != "" {
		return Ordered{Unknown: unknown, Processes: []string{}}
	}
	out := Ordered{Processes: names}
	var ops []*operation
	if o.Verb == VerbStart || o.Verb == VerbStop {
		if m.suspended != "" && o.Verb == VerbStart {
			out.Refused, out.Remedy = "everything is suspended: "+m.suspended, "procward resume first"
			return out
		}
		ops = m.operations(o)
		if out.Processes = nil; len(ops) == 0 {
			out.Processes = []string{}
		}
		for _, op := range ops {
			out.Processes = append(out.Processes, op.inTurn()...)
		}
	}
	if m.observe && o.Verb != VerbSuspend && o.Verb != VerbResume {
		out.Refused, out.Remedy = "procward runs in observe mode and does nothing", "start it without --observe"
		return out
	}
	if o.Try {
		return out
	}
	m.say(message.Operator, nil, func(s *message.Message) {
		s.Detail = strings.TrimSpace(fmt.Sprintf("%s asks: %s %s", o.By, o.Verb, strings.Join(o.Names, " ")))
	})
	switch o.Verb {
	case VerbSuspend:
		m.suspendOrder(o, names)
	case VerbResume:
		m.resumeOrder(o, names)
	case VerbRecover:
		m.endingChanged()
		if len(o.Names) == 0 {
			m.keepLedger(m.ledger.Clear())
		}
		m.recoverOrder(names)
	default:
		out.ID = m.begin(o, ops)
	}
	return out
}

// named is the processes that names stand for, each once: a process, or the members of a
// group. Without names it is all.
func (m *Machine) named(o Order) (out []string, unknown string) {
	if len(o.Names) == 0 {
		return slices.Clone(m.names), ""
	}
	out = []string{}
	for _, name := range o.Names {
		members := []string{name}
		if _, is := m.cfg.Groups[name]; is {
			members = m.members(name)
		} else if m.procs[name] == nil {
			return nil, name
		}
		for _, member := range members {
			if !slices.Contains(out, member) {
				out = append(out, member)
			}
		}
	}
	return out, ""
}

func (m *Machine) suspendOrder(o Order, names []string) {
	if len(o.Names) == 0 {
		m.operatorHold = "by " + o.By
		m.touched[keyOperator] = true
		m.holdAll(m.operatorHold)
		return
	}
	for _, name := range names {
		p := m.procs[name]
		if p.suspended != "" {
			continue
		}
		p.suspended = "by " + o.By
		m.touch(p)
		m.say(message.Suspended, p, func(s *message.Message) { s.Detail = p.suspended })
		if p.interruptible() && !p.given() {
			m.letGo(p)
			m.enter(p, Unknown)
		}
	}
	for _, key := range sortedKeys(m.ladders) {
		if l := m.ladders[key]; l.monitor == "" && l.climb.Phase == escalate.Looking {
			m.decideWithout(l)
		}
	}
}

// given says that the process has been given up or over, which a suspension of it alone
// does not change.
func (p *process) given() bool { return p.state == GaveUp || p.state == Handed || p.state == StoppedBy }

// decideWithout goes on with a look before a rung without those that are suspended.
func (m *Machine) decideWithout(l *ladder) {
	for name := range l.need {
		if p := m.procs[name]; p != nil && p.suspended != "" {
			delete(l.need, name)
		}
	}
	m.decide(l)
}

func (m *Machine) resumeOrder(o Order, names []string) {
	if len(o.Names) == 0 && m.operatorHold != "" {
		m.operatorHold = ""
		m.touched[keyOperator] = true
		m.letAllGo("by " + o.By)
	}
	for _, name := range names {
		p := m.procs[name]
		if p.suspended == "" {
			continue
		}
		p.suspended = ""
		m.touch(p)
		m.say(message.Resumed, p, func(s *message.Message) { s.Detail = "by " + o.By })
		if p.state == Unknown {
			p.lookStep, p.waitsFor = 0, ""
		}
		m.wantLook(p)
	}
}

// recoverOrder gives back what is spent: attempts, ladders, what was given up or over.
func (m *Machine) recoverOrder(names []string) {
	ladders := map[string]*ladder{}
	for _, name := range names {
		p := m.procs[name]
		m.touch(p)
		p.history, _ = p.spec.Restart.Next(p.history, restart.GiveBack, watch.Cause{}, m.now, 0)
		l := m.ladderOf(p)
		ladders[l.key] = l
	}
	for _, mon := range m.monitors {
		if slices.ContainsFunc(mon.targets, func(t string) bool { return slices.Contains(names, t) }) || len(names) == len(m.names) {
			m.touchMonitor(mon)
			mon.history, _ = mon.spec.Policy().Next(mon.history, restart.GiveBack, watch.Cause{}, m.now, 0)
			l := m.monitorLadder(mon)
			ladders[l.key] = l
		}
	}
	for _, key := range sortedKeys(ladders) {
		l := ladders[key]
		if l.climb.Phase != escalate.Acting { // a running rung is never interrupted
			m.climb(l, escalate.GiveBack)
		}
		l.remindAt, l.retryAt = 0, 0
		if mon := m.monitors[l.monitor]; mon != nil {
			mon.watched.afresh, m.moved = true, true
		}
	}
	for _, name := range names {
		p := m.procs[name]
		if p.op == nil && (p.state == GaveUp || p.state == Handed || p.state == Climbing || p.state == EndedState) {
			m.enter(p, Looking)
			p.lookedAt = 0
			m.wantLook(p)
		}
	}
}

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
	return slices.ContainsFunc(m.members(group), func(name string) bool {
		p := m.procs[name]
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
		for _, name := range op.members {
			p := m.procs[name]
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
			ord.todo = ord.todo[1:]
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
	for _, op := range m.ops {
		if op.order == ord {
			return true
		}
	}
	return false
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
	p.keepStrays(p.orphans)
	p.dead, p.orphans, p.event, p.returned, p.lookStep, p.outage, p.stall = nil, nil, "", false, 0, false, nil
	m.enter(p, StoppedBy)
	p.nextLook, p.waitsFor = 0, "procward start; stopped "+p.stopped
	delete(m.looking.want, p.name)
	m.ladderStopped(p, Finding{Unit: Unit{Name: p.name, Hands: "stopped " + p.stopped}})
}

// sighted is the look before a start by the operator: what is up is not started.
func (m *Machine) sighted(op *operation) {
	for _, p := range m.mine(op) {
		if !p.enough() {
			continue
		}
		p.op = nil
		m.stir(p)
		if p.outage {
			m.settle(p)
		} else {
			m.endOutage(p)
		}
	}
	if len(m.mine(op)) == 0 || m.suspended != "" {
		m.endOp(op)
		return
	}
	m.startGroup(op)
}

// startAgain tries a start by the operator that has failed again, as often as the group
// says.
func (m *Machine) startAgain(op *operation) bool {
	op.tries++
	most := m.opGroup(op).StartAttempts
	if !op.startOnly || op.failed == "" || op.tries >= most || m.suspended != "" {
		return false
	}
	m.sayGroup(message.GroupFailed, op, fmt.Sprintf("%s; start %d of %d", op.failed, op.tries, most))
	op.failed = ""
	for _, p := range m.mine(op) {
		m.letGo(p)
	}
	m.lookAtAll(op, sighting)
	return true
}

// checked is the look after a stop by the operator: what is left, or has been left
// behind, is killed as well.
func (m *Machine) checked(op *operation) {
	for _, p := range m.mine(op) {
		if len(p.tracked)+len(p.orphans) > 0 && !op.stuck[p.name] {
			op.todo = append(op.todo, p.name)
		}
	}
	if len(op.todo) == 0 || op.rounds >= killRounds {
		if len(op.todo) > 0 {
			op.failed = strings.Join(op.todo, ", ") + " comes back as often as it is killed"
		}
		m.endOp(op)
		return
	}
	op.stage = stopping
	m.stopNext(op)
}

// lookAtAll wants a look at each member in hand before the operation goes on.
func (m *Machine) lookAtAll(op *operation, s stage) {
	op.stage, op.need = s, map[string]bool{}
	for _, p := range m.mine(op) {
		op.need[p.name] = true
		p.changedAt, p.lookedAt = max(p.changedAt, m.now), 0
		m.wantLook(p)
	}
}

// seen takes a look at one member for lookAtAll.
func (m *Machine) seen(op *operation, p *process) {
	delete(op.need, p.name)
	switch {
	case len(op.need) > 0:
	case op.stage == sighting:
		m.sighted(op)
	default:
		m.checked(op)
	}
}
