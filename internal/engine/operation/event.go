package operation

import (
	"procward/internal/message"
	"procward/internal/script"
)

// Event is what an operation is told.
type Event interface{ event() }

// The events.
type (
	// Begins: its members are in its hands, as far as nothing speaks against it.
	Begins struct{}
	// Freed: the end of what a member did of its own: a script, or a kill that some have
	// survived.
	Freed struct {
		Name   string
		Killed bool
		Stuck  bool
	}
	// ScriptEnded: the group's script has ended.
	ScriptEnded struct {
		OK            bool
		Words, Output string
	}
	// Killed: the end of a Kill.
	Killed struct {
		Name  string
		Stuck bool
	}
	// UnitStopped: the end of a StopUnit. A conflict is somebody who is at work on the unit,
	// and goes first.
	UnitStopped struct {
		Name     string
		Err      error
		Conflict bool
	}
	// Looked: a look at a member has ended.
	Looked struct{ Name string }
	// Late: a member was not found in time.
	Late struct{ Name string }
	// Fewer: members may have gone with a reload.
	Fewer struct{}
	// Frozen: everything was suspended.
	Frozen struct{}
	// Restored: it goes on where an earlier daemon stood; its script may still run.
	Restored struct{ Script, Stops bool }
)

func (Begins) event()      {}
func (Freed) event()       {}
func (ScriptEnded) event() {}
func (Killed) event()      {}
func (UnitStopped) event() {}
func (Looked) event()      {}
func (Late) event()        {}
func (Fewer) event()       {}
func (Frozen) event()      {}
func (Restored) event()    {}

// Command is what an operation wants done.
type Command interface{ command() }

// The commands. Those with a name are about one member.
type (
	// Say sends a message.
	Say struct{ Message message.Message }
	// RunScript runs a script of the group; ScriptEnded follows.
	RunScript struct {
		Argv   script.Argv
		Starts []string // the members that it starts
	}
	// StopUnit has systemd stop the unit of a member; UnitStopped follows.
	StopUnit struct{ Name string }
	// Kill ends what is left of a member; Killed follows.
	Kill struct{ Name string }
	// LetGo ends the attempt of a member; that of the one who pays keeps its number.
	LetGo struct{ Name string }
	// Start runs the script of a member after a look; Freed follows.
	Start struct{ Name string }
	// Await looks for a member until its start-timeout is over.
	Await struct{ Name string }
	// LookSoon looks again for a member that is awaited.
	LookSoon struct{ Name string }
	// Here: a member is there that was awaited, or about to be started.
	Here struct{ Name string }
	// Look looks at members; Looked follows for each.
	Look struct{ Names []string }
	// GiveBack takes a member out of the operation's hands: it is up.
	GiveBack struct{ Name string }
	// End ends the operation: its members go where they stand.
	End struct{}
)

func (Say) command()       {}
func (RunScript) command() {}
func (StopUnit) command()  {}
func (Kill) command()      {}
func (LetGo) command()     {}
func (Start) command()     {}
func (Await) command()     {}
func (LookSoon) command()  {}
func (Here) command()      {}
func (Look) command()      {}
func (GiveBack) command()  {}
func (End) command()       {}
