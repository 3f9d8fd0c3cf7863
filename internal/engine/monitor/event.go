package monitor

import (
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/watch"
)

// Event is an input of a monitor.
type Event interface{ event() }

// The events.
type (
	// Told: its check has another verdict. About is a message about that, and News its kind,
	// or nil.
	Told struct {
		Sign  watch.SignChange
		About message.Message
		News  *message.Kind
	}
	// Looked: a look at a target that began at a time has ended; Hands says who is in charge
	// of its unit.
	Looked struct {
		Target string
		Began  time.Duration
		Hands  string
	}
	// Operates: an operation on its targets begins.
	Operates struct{}
	// Operated: it has ended.
	Operated struct{}
	// Rests: it is not judged for now.
	Rests struct{}
	// Configured: there is a new configuration.
	Configured struct {
		Spec    confd.Monitor
		Targets []string
	}
	// Resumed: a suspension is over.
	Resumed struct{}
	// GiveBack: the operator gives all attempts back.
	GiveBack struct{}
	// Due: the time of its Deadline has come.
	Due struct{}
)

func (Told) event()       {}
func (Looked) event()     {}
func (Operates) event()   {}
func (Operated) event()   {}
func (Rests) event()      {}
func (Configured) event() {}
func (Resumed) event()    {}
func (GiveBack) event()   {}
func (Due) event()        {}

// Command is an output of a monitor.
type Command interface{ command() }

// The commands.
type (
	// Say sends a message.
	Say struct{ Message message.Message }
	// Look looks at targets; Looked follows for each.
	Look struct{ Names []string }
	// Recover restarts its targets; Operates and Operated follow.
	Recover struct{}
	// Judge begins a new round of its check.
	Judge struct{}
	// Climb climbs its ladder: no attempt is left.
	Climb struct{}
	// Decide makes the ladder decide again what it waits for.
	Decide struct{}
	// Settle ends the climb: it is ok.
	Settle struct{}
)

func (Say) command()     {}
func (Look) command()    {}
func (Recover) command() {}
func (Judge) command()   {}
func (Climb) command()   {}
func (Decide) command()  {}
func (Settle) command()  {}
