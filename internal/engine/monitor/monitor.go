// Package monitor is one entry under monitors:, a check of something that is not one
// process, such as a port or a gateway. A Monitor is a small machine: Next takes an event
// and what it has to know of the world at that moment, and returns what it wants done: a
// restart of its targets, a climb of its ladder, a message. Package restart decides how
// many restarts are allowed. It knows its targets, and the monitors that it needs, only
// by their names.
package monitor

import (
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/restart"
	"procward/watch"
)

// Monitor is what is remembered of one.
type Monitor struct {
	Name    string
	Spec    confd.Monitor
	Targets []string // the processes that it restarts, in the order of starts
	History restart.History

	// Of the present outage, from its first bad verdict until it is ok again.
	Outage     bool
	Tried      int           // the attempt whose success is not known yet, or 0
	Deadline   time.Duration // when something is due, or 0
	Recovering bool          // the operation on its targets is under way

	sign    watch.SignChange // the last bad verdict
	need    map[string]bool  // targets whose look it waits for before an attempt
	asked   time.Duration    // when the looks were asked for: older looks do not count
	hands   string           // why the looks do not allow it
	skipped string           // why the attempt is put off, as last reported
	putOff  bool             // the attempt is put off now
}

// Env is what a monitor has to know of the world at the moment of an event.
type Env struct {
	Now       time.Duration
	Suspended string // why everything is, or empty
	Observe   bool
	Climbs    bool // its ladder is not at the bottom

	Targets func() []Target // in the order of starts
	Unsure  func() string   // which monitor that it needs may fail as well, or empty
}

// Target is what a monitor has to know of a process that it restarts.
type Target struct {
	Name      string
	State     string // in a word
	Up        bool
	Rests     bool   // it is not there, and need not be
	Suspended string // by the operator: who
	Busy      bool   // its group is being restarted
	Acting    bool   // a rung is carried out for it
	HeldBy    string // the dependency that is not up, or empty
}

// Down says which target is not up, or nothing. A target that need not be there does not
// count, unless none is up.
func Down(targets []Target) string {
	up, last := false, ""
	for _, t := range targets {
		last = t.Name + ", which is " + t.State
		switch {
		case t.Rests:
		case !t.Up:
			return last
		default:
			up = true
		}
	}
	if up {
		return ""
	}
	return last
}

// Unjudged says why the monitor is not judged at the moment, or nothing. needed is a
// monitor that it needs and that is bad, or empty.
func (mon *Monitor) Unjudged(targets func() []Target, needed func() string) string {
	if mon.Recovering {
		return "the restart of " + mon.Spec.Recover
	}
	if mon.Spec.When == confd.WhenUp {
		if why := Down(targets()); why != "" {
			return why
		}
	}
	if name := needed(); name != "" {
		return "monitor " + name + " to be ok"
	}
	return ""
}

// Awaits reports whether a look at a target is awaited before an attempt.
func (mon *Monitor) Awaits(target string) bool { return mon.need[target] }

// Waits reports whether an attempt is due, or put off.
func (mon *Monitor) Waits() bool { return mon.Deadline != 0 || mon.need != nil || mon.putOff }

// PutOff is why its attempt is put off, or empty.
func (mon *Monitor) PutOff() string {
	if !mon.putOff {
		return ""
	}
	return mon.skipped
}

// InWords says why the monitor is bad.
func (mon *Monitor) InWords() string {
	words := "monitor " + mon.Name
	if mon.sign.Text != "" {
		words += ": " + mon.sign.Text
	}
	return words
}

// Text is what the sign said that was bad last.
func (mon *Monitor) Text() string { return mon.sign.Text }

// about is a message about the monitor.
func (mon *Monitor) about(kind *message.Kind) message.Message {
	return message.Message{Kind: kind, Monitor: mon.Name}
}
