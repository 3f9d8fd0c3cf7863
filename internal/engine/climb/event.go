package climb

import (
	"time"

	"procward/escalate"
	"procward/internal/message"
)

// Event is what a ladder is told.
type Event interface{ event() }

// The events.
type (
	// Exhausted: one who climbs it has no attempt left, or its monitor.
	Exhausted struct{}
	// GiveBack: the operator gives everything back. A rung that is carried out goes on.
	GiveBack struct{}
	// Settled: a member or the monitor is well again; the climb ends when all are.
	Settled struct{}
	// Yields: a member is in other hands now, which Why says.
	Yields struct{ Why string }
	// Looked: a look at a member that began at a time has ended.
	Looked struct {
		Name  string
		Began time.Duration
	}
	// Judge: something has changed that a rung waits for.
	Judge struct{}
	// LookAgain: it is known how a member is that was Unclear.
	LookAgain struct{}
	// Unbarred: an operation has ended.
	Unbarred struct{}
	// Mended: the configuration has changed; members may be gone.
	Mended struct{}
	// Fewer: the operator has suspended members.
	Fewer struct{}
	// Stands: a member has been given up or handed over under a ladder that was another one.
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
	// Postponed: it can be begun after a time, which In says in words; Why is empty where
	// nothing is to be said.
	Postponed struct {
		Until   time.Duration
		In, Why string
	}
	// Begins: it is carried out now.
	Begins struct{ Rung, Reason string }
	// Stayed: it was carried out, and the machine is still here.
	Stayed struct{ Rung, Why string }
	// Restored: it goes on where an earlier daemon stood; UnderWay says that what its rung
	// has begun still runs.
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

// Command is what a ladder wants done.
type Command interface{ command() }

// The commands.
type (
	// Say sends a message.
	Say struct{ Message message.Message }
	// Look looks at members; Looked follows for each.
	Look struct{ Names []string }
	// Operate restarts what the ladder is about, or only stops it; Acted follows.
	Operate struct{ StopOnly bool }
	// RunHook runs a hook, which is told of a member that is not up; HookEnded follows.
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
	// GiveUp puts those who climb it where they are given up.
	GiveUp struct{}
	// HandOver leaves those who are not well to the one that the hook has called.
	HandOver struct{}
	// Hold holds members back until a dependency is up.
	Hold struct{ Members []Member }
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
func (Hold) command()       {}
func (TryAgain) command()   {}
