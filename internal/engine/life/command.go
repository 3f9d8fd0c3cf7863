package life

import (
	"time"

	"procward/internal/engine/saved"
	"procward/internal/engine/signs"
	"procward/internal/message"
	"procward/procscan"
)

// Command is an output of a Life.
type Command interface{ command() }

// The commands.
type (
	// Say sends a message.
	Say struct{ Message message.Message }
	// Look looks for it; Looked follows.
	Look struct{}
	// NoLook wants no look any more.
	NoLook struct{}
	// Track tracks a process; Again: an earlier daemon did so too.
	Track struct {
		Process procscan.Process
		Again   bool
	}
	// Untrack tracks it no more.
	Untrack struct{ ID procscan.ID }
	// Bury: the cause of its death may be reported later.
	Bury struct{ ID procscan.ID }
	// Kill ends processes; KillEnded follows.
	Kill struct {
		Token int
		IDs   []procscan.ID
	}
	// Run runs the restart script, or restarts the unit; ScriptStarted and ScriptEnded
	// follow.
	Run struct{ Token int }
	// AwaitScript waits for a script that an earlier daemon has started. Slot: it is one of
	// the parallel restarts.
	AwaitScript struct {
		Token  int
		Script saved.Script
		Slot   bool
	}
	// Release gives back the parallel slot of a script that is not waited for any more.
	Release struct{ Token int }
	// SpareScript: its timeout must not end a script.
	SpareScript struct{ Token int }
	// Stop ends a script that still runs.
	Stop struct{ Token int }
	// TakeEvidence takes the evidence of a stall; EvidenceTaken follows.
	TakeEvidence struct {
		Token     int
		Sign, Why string
		IDs       []procscan.ID
	}
	// Moved: its state, or its tracked processes, may have changed.
	Moved struct{}
	// Signs begins or stops watching its signs.
	Signs struct{ signs.Command }
	// Seen: a look has shown its state.
	Seen struct {
		Began time.Duration
		Unit  Unit
	}
	// Well: all is well with it again.
	Well struct{}
	// Spent: no attempt is left.
	Spent struct{}
	// Yields: somebody else is in charge of it now.
	Yields struct{ Why string }
	// Cleared: its state is known now; a rung may have waited for that.
	Cleared struct{}
	// RestartGroup restarts its group; that is its attempt.
	RestartGroup struct{}

	// Late: a process that an operation waits for was not found in time.
	Late struct{}
	// HandSaw: one that an operation has taken was looked at.
	HandSaw struct{}
	// Freed: something that such a process did by itself has ended: a script, or a kill that
	// some have survived.
	Freed struct{ Killed, Stuck bool }
)

func (Say) command()          {}
func (Look) command()         {}
func (NoLook) command()       {}
func (Track) command()        {}
func (Untrack) command()      {}
func (Bury) command()         {}
func (Kill) command()         {}
func (Run) command()          {}
func (AwaitScript) command()  {}
func (Release) command()      {}
func (SpareScript) command()  {}
func (Stop) command()         {}
func (TakeEvidence) command() {}
func (Signs) command()        {}
func (Moved) command()        {}
func (Seen) command()         {}
func (Well) command()         {}
func (Spent) command()        {}
func (Yields) command()       {}
func (Cleared) command()      {}
func (RestartGroup) command() {}
func (Late) command()         {}
func (HandSaw) command()      {}
func (Freed) command()        {}
