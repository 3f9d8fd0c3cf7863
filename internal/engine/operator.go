package engine

import (
	"fmt"
	"slices"
	"strings"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/lastresort"
	"procward/internal/engine/life"
	"procward/internal/engine/monitor"
	"procward/internal/engine/operation"
	"procward/internal/message"
)

// Verb is what an operator asks for.
type Verb = operation.Verb

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
	Try   bool   // only report what it would concern
}

// Ordered is the answer to an Order.
type Ordered struct {
	ID        int      `json:"id,omitempty"`      // of a start or stop that is under way, to find it in Status.Orders
	Processes []string `json:"processes"`         // the processes concerned, in the order in which they are handled
	Unknown   string   `json:"unknown,omitempty"` // a name that nothing has: nothing is done
	Refused   string   `json:"refused,omitempty"` // why nothing is done
	Remedy    string   `json:"remedy,omitempty"`  // of Refused
}

// OrderStatus is the progress of a start or stop by the operator.
type OrderStatus = operation.Status

// operator is the desk of what the operator asks for.
type operator struct {
	*Machine
	orders  []*operation.Order // oldest first
	ordered int                // how many there were
}

// obey takes an order; its consequences come with the effects.
func (m *operator) obey(o Order) Ordered {
	names, unknown := m.named(o)
	if unknown != "" {
		return Ordered{Unknown: unknown, Processes: []string{}}
	}
	out := Ordered{Processes: names}
	var ops []*operation.Operation
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
			out.Processes = append(out.Processes, op.InTurn()...)
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
		m.post(toResort{lastresort.Changed{}})
		if len(o.Names) == 0 {
			m.post(toResort{lastresort.Cleared{}})
		}
		m.deliver()
		m.recoverOrder(names)
	default:
		out.ID = m.begin(o, ops)
	}
	return out
}

// named is the processes that names stand for, each once: a process, or the members of a
// group. Without names it is all.
func (m *operator) named(o Order) (out []string, unknown string) {
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

func (m *operator) suspendOrder(o Order, names []string) {
	if len(o.Names) == 0 {
		m.operatorHold = "by " + o.By
		m.keeper.book.Touch(keyOperator)
		m.holdAll(m.operatorHold)
		return
	}
	for _, p := range m.those(names) {
		m.processes.tell(p, life.Suspend{By: o.By})
	}
	for _, key := range sortedKeys(m.ladders.all) {
		if l := m.ladders.all[key]; l.Monitor == "" && l.Climb.Phase == escalate.Looking {
			m.ladders.tell(l, climb.Fewer{})
		}
	}
}

func (m *operator) resumeOrder(o Order, names []string) {
	if len(o.Names) == 0 && m.operatorHold != "" {
		m.operatorHold = ""
		m.keeper.book.Touch(keyOperator)
		m.letAllGo("by " + o.By)
	}
	for _, p := range m.those(names) {
		m.processes.tell(p, life.Resume{By: o.By})
	}
}

// recoverOrder gives back what is used: attempts, ladders, what was given up or over.
func (m *operator) recoverOrder(names []string) {
	ladders := map[string]*climb.Ladder{}
	for _, p := range m.those(names) {
		m.processes.tell(p, life.GiveBack{})
		l := m.ladders.of(p)
		ladders[l.Key] = l
	}
	for _, name := range m.monitors.names {
		mon := m.monitors.all[name]
		if slices.ContainsFunc(mon.Targets, func(t string) bool { return slices.Contains(names, t) }) || len(names) == len(m.names) {
			m.post(toMonitor{mon, monitor.GiveBack{}})
			l := m.ladders.ofMonitor(mon)
			ladders[l.Key] = l
		}
	}
	for _, key := range sortedKeys(ladders) {
		l := ladders[key]
		m.ladders.tell(l, climb.GiveBack{})
	}
	for _, p := range m.those(names) {
		m.post(toLife{p, life.Recover{}})
	}
}
