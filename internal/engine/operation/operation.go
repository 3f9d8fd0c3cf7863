// Package operation stops the members of a group and starts them again, or does one of
// the two: for strategy all, for the rungs restart-group and stop-group, for a monitor,
// and for the operator. The group's own scripts do it if there are any, else the members'
// kill and restart, in order. An Operation is a small machine: Next takes an event and
// what it has to know of the world at that moment, and returns what it wants done. An
// Order is what the operator asks for: operations one after the other. This room knows
// processes only by their names.
package operation

import (
	"slices"

	"procward/escalate"
	"procward/internal/message"
)

// Operation is one in progress. The fields above the line are set when it is made.
type Operation struct {
	Group     string
	Members   []string // in the order of starts
	Ladder    string   // the ladder whose rung this is, or
	Monitor   string   // the monitor that asks for it, or
	Payer     string   // the member whose attempt this is, or
	By        string   // the operator who asked for it
	Order     *Order   // of his, or nil
	StopOnly  bool
	StartOnly bool
	Alone     bool // one member is restarted, not the group: no script of the group runs

	Token  int    // of the group's script, or of the kill of a member, under way
	Failed string // what went wrong, or empty

	stage   stage
	todo    []string        // members still to be stopped, then still to be started
	current string          // the member that is being started
	need    map[string]bool // members whose look it waits for
	rounds  int             // of killing what is left
	tries   int             // of the start that have failed
	stuck   map[string]bool // members that cannot be killed
}

type stage int

const (
	draining    stage = iota // members' own scripts are still running
	stopScript               // the group's stop script runs
	stopping                 // members are killed, last first
	startScript              // the group's start script runs
	starting                 // members are started, first first
	sighting                 // before a start by the operator: what is up already is not started
	checking                 // after a stop by the operator: what is left is killed
	finding                  // the start script ended: all members are looked for
	over                     // it has ended
)

// killRounds limits how many times what is left after a stop is killed.
const killRounds = 3

// Key is unique to an operation.
func (op *Operation) Key() string {
	if op.Group == "" {
		return "process " + op.Members[0]
	}
	return "group " + op.Group
}

// InTurn is the members in the order in which they are handled.
func (op *Operation) InTurn() []string {
	out := slices.Clone(op.Members)
	if op.StopOnly {
		slices.Reverse(out)
	}
	return out
}

// Stuck reports whether a member cannot be killed.
func (op *Operation) Stuck(name string) bool { return op.stuck[name] }

// Halts reports whether a suspension ends the operation before its next step. A stop by
// the operator goes on: he wants nothing restarted, and a cluster may stop its groups
// here because the host is being shut down.
func (op *Operation) Halts() bool { return !op.StopOnly || op.By == "" }

// Obeys is the part of a group section that the operation obeys.
func (op *Operation) Obeys(g escalate.Group) escalate.Group {
	if op.Alone {
		return escalate.Group{}
	}
	return g
}

// Env is what an operation has to know of the world at the moment of an event.
type Env struct {
	Suspended string         // why everything is, or empty
	Group     escalate.Group // that it Obeys

	// Member returns what there is to know of a member; false: the operation does not have
	// it.
	Member func(name string) (Member, bool)
}

// Member is what an operation has to know of one of its members.
type Member struct {
	Name         string
	Busy         bool // a script or kill of its own is under way, and not only until its timeout
	Restarts     bool // what is under way is the restart of its unit
	Enough       bool // as many are there as are needed
	Well         bool // likewise, and they work
	Left         bool // something of it is there that a stop ends
	Unit         bool // its restart is that of a unit
	Startable    bool // there is a way to start it again
	KillNever    bool // its script stops it
	Ready        bool // its script waits for a look and a slot
	Started      bool // its script has started
	Awaited      bool // it is looked for until its start-timeout is over
	StartTimeout string
}

// about is a message about the operation.
func (op *Operation) about(kind *message.Kind) message.Message {
	msg := message.Message{Kind: kind, Group: op.Group, Monitor: op.Monitor}
	if op.Group == "" || op.Alone {
		msg.Process = op.Members[0]
	}
	return msg
}
