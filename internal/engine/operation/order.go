package operation

import (
	"slices"
	"strings"

	"procward/internal/message"
)

// Verb is what an operator asks for.
type Verb string

// Status is how far a start or stop by the operator is.
type Status struct {
	ID     int      `json:"id"`
	Verb   Verb     `json:"verb"`
	Names  []string `json:"names"`
	By     string   `json:"by"`
	Done   bool     `json:"done"`
	Failed []string `json:"failed,omitempty"` // what went wrong, in words
}

// Order is a start or stop under way: operations one after the other.
type Order struct {
	Status
	todo []*Operation
	busy bool // one of them is under way
}

// NewOrder is an order that consists of some operations.
func NewOrder(s Status, of []*Operation) *Order {
	o := &Order{Status: s, todo: of}
	for _, op := range of {
		op.Order = o
	}
	return o
}

// OrderEnv is what an order has to know of the world at the moment of an event.
type OrderEnv struct {
	Suspended string                 // why everything is, or empty
	Exists    func(name string) bool // a process has the name
	Busy      func(key string) bool  // an operation of that key is under way
}

// Begin is a command: an operation must begin.
type Begin struct{ Operation *Operation }

func (Begin) command() {}

// GoOn begins the next operation of an order, unless one is under way, or something else is
// done to its group: then it is called again.
func (o *Order) GoOn(env OrderEnv) []Command {
	if o.Done || o.busy {
		return nil
	}
	for ; len(o.todo) > 0; o.todo = o.todo[1:] {
		op := o.todo[0]
		op.Members = slices.DeleteFunc(slices.Clone(op.Members), func(name string) bool { return !env.Exists(name) })
		switch {
		case len(op.Members) == 0: // gone with a reload
			continue
		case env.Suspended != "" && op.Halts():
			o.Failed = append(o.Failed, "suspended: "+env.Suspended)
			return o.done()
		case env.Busy(op.Key()):
			return nil
		}
		o.todo, o.busy = o.todo[1:], true
		return []Command{Begin{op}}
	}
	return o.done()
}

// Over takes the end of an operation. A start does not go on after a failure: what
// depends on it would fail as well.
func (o *Order) Over(op *Operation, env OrderEnv) []Command {
	o.busy = false
	if op.Failed != "" {
		o.Failed = append(o.Failed, op.Failed)
		if op.StartOnly {
			o.todo = nil
		}
	}
	return o.GoOn(env)
}

func (o *Order) done() []Command {
	o.Done, o.todo = true, nil
	msg := message.Message{Kind: message.OperatorDone, Detail: string(o.Verb) + " " + strings.Join(o.Names, " ")}
	if len(o.Failed) > 0 {
		msg.Kind, msg.Detail = message.OperatorFailed, msg.Detail+": "+strings.Join(o.Failed, "; ")
	}
	return []Command{Say{msg}}
}
