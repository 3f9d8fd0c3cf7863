package engine

import (
	"slices"

	"procward/escalate"
	"procward/internal/engine/life"
	"procward/internal/engine/operation"
)

// maxOrders is how many orders are remembered, besides those in progress.
const maxOrders = 16

// operations are the operations of a start or stop, in order.
func (m *operator) operations(o Order) []*operation.Operation {
	var out []*operation.Operation
	seen := map[string]bool{}
	for _, name := range o.Names {
		if p := m.procs[name]; p != nil {
			out = append(out, &operation.Operation{Group: p.Spec.Group, Alone: true, Members: []string{name}})
			continue
		}
		for _, group := range m.inOrder(name, o.Verb) {
			if !seen[group] {
				seen[group] = true
				out = append(out, &operation.Operation{Group: group, Members: m.members(group)})
			}
		}
	}
	for _, op := range out {
		op.StopOnly, op.StartOnly, op.By = o.Verb == VerbStop, o.Verb == VerbStart, o.By
	}
	return slices.DeleteFunc(out, func(op *operation.Operation) bool { return len(op.Members) == 0 })
}

// inOrder is a group and those that come before it: at a stop all that depend on it, at a
// start those of its dependencies that the operator has stopped or that start by hand.
func (m *operator) inOrder(group string, verb Verb) []string {
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

// isDown reports whether a member of the group is down as the operator wants it.
func (m *operator) isDown(group string) bool {
	return slices.ContainsFunc(m.those(m.members(group)), func(p *process) bool {
		return p.View().Stopped != "" || p.State() == AbsentNow && m.byHand(p)
	})
}

// byHand reports whether only the operator starts the group of a process.
func (m *operator) byHand(p *process) bool {
	return m.cfg.Groups[p.Spec.Group].Startup == escalate.Manual
}

// begin takes up a start or stop. The operator is in charge of what is to be stopped from
// now on, also before its turn.
func (m *operator) begin(o Order, ops []*operation.Operation) int {
	m.ordered++
	ord := operation.NewOrder(operation.Status{ID: m.ordered, Verb: o.Verb, Names: o.Names, By: o.By}, ops)
	m.orders = append(m.orders, ord)
	if n := len(m.orders) - maxOrders; n > 0 && m.orders[0].Done {
		m.orders = m.orders[1:]
	}
	for _, op := range ops {
		for _, p := range m.those(op.Members) {
			if op.StopOnly {
				m.processes.tell(p, life.ToStop{By: o.By})
			}
		}
	}
	m.post(toOrder{order: ord})
	return ord.ID
}
