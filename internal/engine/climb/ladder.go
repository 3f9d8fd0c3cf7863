// Package climb is the escalation of one ladder: of a group, of a process with its own,
// or of a monitor. A Ladder is a small machine: Next takes an event and what it has to
// know of the world at that moment, and returns what it wants done. Package escalate
// decides which rung comes next; this room looks before each rung, asks others to carry
// it out, and reports what has happened. It knows no process, no monitor and no
// operation.
package climb

import (
	"time"

	"procward/escalate"
	"procward/internal/message"
)

// Ladder is what is remembered of one ladder. The first four fields name it and never change.
type Ladder struct {
	Key     string // "group web", "process httpd" or "monitor port"
	Group   string // the group that its rungs restart or stop; may be empty
	Process string // with a ladder of its own, or without a group
	Monitor string // of a monitor: the two before are empty

	Climb    escalate.Climb
	RemindAt time.Duration // when giving up is reported again, or 0
	RetryAt  time.Duration // when it is tried again from the bottom, or 0
	Hook     int           // token of the hook under way, or of the last one

	need   map[string]bool // members whose look it waits for before a rung
	asked  time.Duration   // when the looks were asked for: older looks do not count
	said   string          // by the hook that is handing over
	barred bool            // the look waits for the end of an operation
	waits  string          // why it waits before a rung, as it was reported
}

// Env is what a ladder has to know of the world at the moment of an event.
type Env struct {
	Now       time.Duration
	Rungs     escalate.Ladder // as they are configured now
	Group     escalate.Group  // for remind and retry-after
	Suspended bool            // everything is
	Halted    string          // why no rung may begin, or empty
	Busy      bool            // an operation is under way on what its rungs act on
	Monitor   Monitor         // of a ladder of a monitor

	Members func() []Member // its members, in the order of starts
	Open    func() bool     // a member that is required is not up, or will climb on later
	Why     func() string   // what is wrong with those for whom it is climbed
}

// Monitor is what a ladder has to know of its monitor.
type Monitor struct {
	Outage bool   // it has failed, and is not ok since
	Bad    bool   // its newest verdict is bad
	Aims   bool   // there is something to recover
	Rests  string // what it waits for, where it is not judged at the moment, or empty
}

// Member is what a ladder has to know of one of its members.
type Member struct {
	Name     string
	Required bool   // the climb does not end before it is up
	Climbing bool   // it has no attempt left, and waits for the ladder
	Resting  bool   // likewise, or it is given up or handed over
	Well     bool   // it is there, and works
	Out      bool   // the operator has suspended it
	Unclear  bool   // its state is not known yet
	HeldBy   string // the dependency that is not up, or empty
}

// missing reports whether the member is the reason for the rung: it has no attempt left,
// and is not there or does not work. A member with attempts left is no concern of the
// ladder.
func (w Member) missing() bool { return w.Climbing && !w.Out && !w.Well }

// Missing returns the members that are the reason for the next rung.
func Missing(members []Member) []Member {
	var out []Member
	for _, w := range members {
		if w.missing() {
			out = append(out, w)
		}
	}
	return out
}

// Required is the names of those that must be up for the climb to end.
func Required(members []Member) []string {
	var out []string
	for _, w := range members {
		if w.Required {
			out = append(out, w.Name)
		}
	}
	return out
}

// Awaits reports whether the ladder waits for a look at a member that began at a time.
func (l *Ladder) Awaits(name string, began time.Duration) bool {
	return l.LooksFor(name) && began >= l.asked
}

// LooksFor reports whether the ladder waits for a look at a member before a rung.
func (l *Ladder) LooksFor(name string) bool {
	return l.Climb.Phase == escalate.Looking && l.need[name]
}

// Barred reports whether the look before a rung waits for the end of an operation.
func (l *Ladder) Barred() bool { return l.barred && l.Climb.Phase == escalate.Looking }

// About says in words what the ladder belongs to.
func (l *Ladder) About() string {
	if l.Monitor != "" {
		return "monitor " + l.Monitor
	}
	if l.Process != "" {
		return "process " + l.Process
	}
	return "group " + l.Group
}

// WaitsFor is why it waits before a rung that ends the machine, or empty.
func (l *Ladder) WaitsFor() string {
	if !l.Climb.IsPostponed() {
		return ""
	}
	return l.waits
}

// Wake is when it has something to do, or 0.
func (l *Ladder) Wake() time.Duration {
	var wake time.Duration
	if l.Climb.Phase == escalate.Pausing {
		wake = max(l.Climb.Until, 1)
	}
	for _, at := range []time.Duration{l.RemindAt, l.RetryAt} {
		if at != 0 && (wake == 0 || at < wake) {
			wake = at
		}
	}
	return wake
}

// RungName is the rung that the ladder is at; after the end it gives up.
func (l *Ladder) RungName(rungs escalate.Ladder) string { return rungAt(rungs, l.Climb.Position) }

func rungAt(rungs escalate.Ladder, i int) string {
	if i < len(rungs) {
		return rungs[i].Name()
	}
	return "none"
}

// about is a message about the ladder.
func (l *Ladder) about(kind *message.Kind) Say {
	return Say{message.Message{Kind: kind, Process: l.Process, Group: l.Group, Monitor: l.Monitor}}
}
