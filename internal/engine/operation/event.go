package operation

import (
	"procward/internal/message"
	"procward/internal/script"
)

// Event is an input of an operation.
type Event interface{ event() }

// The events.
type (
	// Begins: the operation has its members now, unless something speaks against it.
	Begins struct{}
	// Freed: something of a member itself has ended: a script, or a kill that some have
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
	// UnitStopped: the end of a StopUnit. A conflict means that somebody else works on the
	// unit, and has priority.
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
	// Restored: it goes on where an earlier daemon was; its script may still be running.
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

// Command is an output of an operation.
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
	// StopUnit tells systemd to stop the unit of a member; UnitStopped follows.
	StopUnit struct{ Name string }
	// Kill ends what is left of a member; Killed follows.
	Kill struct{ Name string }
	// LetGo ends the attempt of a member; the attempt of the member that pays keeps its
	// number.
	LetGo struct{ Name string }
	// Start runs the script of a member after a look; Freed follows.
	Start struct{ Name string }
	// Await looks for a member until its start-timeout is over.
	Await struct{ Name string }
	// LookSoon looks again for a member that is awaited.
	LookSoon struct{ Name string }
	// Here: a member is there that was waited for, or about to be started.
	Here struct{ Name string }
	// Look looks at members; Looked follows for each.
	Look struct{ Names []string }
	// GiveBack ends the operation for a member: it is up.
	GiveBack struct{ Name string }
	// End ends the operation: its members go to the state that they are in.
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
