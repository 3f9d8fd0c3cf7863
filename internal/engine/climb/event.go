package climb

import (
	"time"

	"procward/escalate"
	"procward/internal/message"
)

// Event is an input of a ladder.
type Event interface{ event() }

// The events.
type (
	// Exhausted: a member of the climb, or its monitor, has no attempt left.
	Exhausted struct{}
	// GiveBack: the operator gives all attempts back. A rung that is being carried out goes
	// on.
	GiveBack struct{}
	// Settled: a member or the monitor is well again; the climb ends when all are.
	Settled struct{}
	// Yields: somebody else is in charge of a member now; Why says who.
	Yields struct{ Why string }
	// Looked: a look at a member that began at a time has ended.
	Looked struct {
		Name  string
		Began time.Duration
	}
	// Judge: something has changed that a rung waits for.
	Judge struct{}
	// LookAgain: the state of a member that was Unclear is known.
	LookAgain struct{}
	// Unbarred: an operation has ended.
	Unbarred struct{}
	// Mended: the configuration has changed; members may be gone.
	Mended struct{}
	// Fewer: the operator has suspended members.
	Fewer struct{}
	// Stands: a member was given up or handed over under another ladder.
	Stands struct{ Phase escalate.Phase }
	// Frozen: everything was suspended.
	Frozen struct{}
	// Acted: the action of a rung has ended.
	Acted struct{ Failed bool }
	// HookEnded: the hook has ended.
	HookEnded struct {
		Missed bool // nobody knows how
		OK     bool
		Code   int
		Words  string
		Output string
	}
	// Refused: a rung that ends the machine is not carried out.
	Refused struct{ Rung, Why string }
	// Postponed: it can begin after a time, which In says in words; if Why is empty nothing
	// is reported.
	Postponed struct {
		Until   time.Duration
		In, Why string
	}
	// Begins: it is being carried out now.
	Begins struct{ Rung, Reason string }
	// Stayed: it was carried out, and the machine is still here.
	Stayed struct{ Rung, Why string }
	// Restored: it goes on where an earlier daemon was; UnderWay: what its rung has begun is
	// still running.
	Restored struct{ UnderWay bool }
	// Due: the time of Wake has come.
	Due struct{}
)

func (Exhausted) event() {}
func (GiveBack) event()  {}
func (Settled) event()   {}
func (Yields) event()    {}
func (Looked) event()    {}
func (Judge) event()     {}
func (LookAgain) event() {}
func (Unbarred) event()  {}
func (Mended) event()    {}
func (Fewer) event()     {}
func (Stands) event()    {}
func (Frozen) event()    {}
func (Acted) event()     {}
func (HookEnded) event() {}
func (Refused) event()   {}
func (Postponed) event() {}
func (Begins) event()    {}
func (Stayed) event()    {}
func (Restored) event()  {}
func (Due) event()       {}

// Command is an output of a ladder.
type Command interface{ command() }

// The commands.
type (
	// Say sends a message.
	Say struct{ Message message.Message }
	// Look looks at members; Looked follows for each.
	Look struct{ Names []string }
	// Operate restarts or stops what the ladder is for; Acted follows.
	Operate struct{ StopOnly bool }
	// RunHook runs a hook, which is told about a member that is not up; HookEnded follows.
	RunHook struct {
		Hook    escalate.Hook
		Rung    string
		Attempt int
		Member  string // none: of a monitor
	}
	// Exit ends the daemon.
	Exit struct{ Code int }
	// EndMachine asks for a rung that ends the machine; Refused, Postponed or Begins follows.
	EndMachine struct{ Rung string }
	// GiveUp marks the members of the climb as given up.
	GiveUp struct{}
	// HandOver leaves members that are not well to the one that the hook has called.
	HandOver struct{}
	// HoldBack holds members back until a dependency is up.
	HoldBack struct{ Members []Member }
	// TryAgain begins again with those that were given up.
	TryAgain struct{}
)

func (Say) command()        {}
func (Look) command()       {}
func (Operate) command()    {}
func (RunHook) command()    {}
func (Exit) command()       {}
func (EndMachine) command() {}
func (GiveUp) command()     {}
func (HandOver) command()   {}
func (HoldBack) command()   {}
func (TryAgain) command()   {}
