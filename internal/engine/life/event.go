package life

import (
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
	"procward/watch"
)

// Event is an input of a Life.
type Event interface{ event() }

// The events.
type (
	// Lost is the exit of a tracked process.
	Lost struct{ watch.Event }
	// CauseKnown is the cause of an exit that was reported before.
	CauseKnown struct{ watch.Event }
	// Looked is what a look found that began at a time.
	Looked struct {
		Began time.Duration
		For   LookFor
		Finding
	}
	// Remembered brings traits of a tracked process.
	Remembered struct {
		ID     procscan.ID
		Traits succession.Traits
	}
	// Sign is a verdict on one of its signs.
	Sign struct{ watch.SignChange }
	// Attend fits what is watched of it to its present state.
	Attend struct{}
	// UnitMoved: systemd has started, stopped or restarted its unit.
	UnitMoved struct{}
	// ScriptStarted: its script runs, or the restart of its unit was sent.
	ScriptStarted struct {
		Token int
		At    time.Duration
	}
	// ScriptEnded is how that ended.
	ScriptEnded struct {
		Token int
		Outcome
	}
	// KillEnded is how a kill of it ended, or one by an operation.
	KillEnded struct {
		Token int
		Ended []restart.Ended
	}
	// EvidenceTaken: the evidence of its stall was taken; processes that ended because of it
	// are reported.
	EvidenceTaken struct {
		Token int
		Path  string
		Err   error
		Ended []restart.Ended
	}
	// Turn is its turn in the line of those whose restart is due; Barred says why it must
	// not begin yet, or nothing.
	Turn struct{ Barred string }
	// Due: a time of Wake has come.
	Due struct{}

	// Configured brings a new spec.
	Configured struct{ Spec confd.Process }
	// Restored brings what an earlier daemon has saved of it.
	Restored struct{ Saved Saved }
	// Freeze makes it forget what was about to be done: everything is suspended. Own means
	// that the reason is our own shutdown of the host, which leaves those that climb alone.
	Freeze struct{ Own bool }
	// LookAgain ends a suspension, or the boot.
	LookAgain struct{}

	// Suspend comes from the operator: nothing must be done about it.
	Suspend struct{ By string }
	// Resume ends that.
	Resume struct{ By string }
	// GiveBack gives back the used attempts.
	GiveBack struct{}
	// Recover begins again with what was given up, or has ended for good.
	Recover struct{}
	// ToStop: the operator wants it stopped; its turn may come later.
	ToStop struct{ By string }

	// GiveUp: the end of its ladder is reached.
	GiveUp struct{}
	// HandOver: the one that the hook called takes it over.
	HandOver struct{}
	// TryAgain begins again after retry-after.
	TryAgain struct{}
	// HoldBack: the group that it depends on is not up.
	HoldBack struct{ Group string }
	// Climb puts it on its ladder, which is another one or has changed.
	Climb struct{}
)

// What an operation says to a process that it has taken.
type (
	// Take: an operation takes it.
	Take struct{ Hand }
	// Drop forgets the attempt in progress; Keep keeps its number, because the operation is
	// that attempt.
	Drop struct{ Keep bool }
	// LookAfresh asks for a look that begins now.
	LookAfresh struct{}
	// EndScript ends its own script.
	EndScript struct{}
	// Start is its turn: after a look its script runs; Freed follows.
	Start struct{}
	// Await looks for it within start-timeout; if that is over Late follows.
	Await struct{}
	// Soon looks again for a process that is waited for.
	Soon struct{}
	// Here: a process is there that was waited for, or about to be started.
	Here struct{}
	// Begun: the script of the group that starts it has begun.
	Begun struct{}
	// UnitStops: its unit is being stopped; Restart means that it will be started after
	// that.
	UnitStops struct{ Restart bool }
	// IsUp: it was seen to be up before it was to be started, and the operation lets it go.
	IsUp struct{}
	// Leave: the operation ends and lets it go.
	Leave struct {
		Hand
		Payer bool // the operation was its attempt
		Stuck bool // it cannot be killed
	}
)

func (Lost) event()          {}
func (CauseKnown) event()    {}
func (Looked) event()        {}
func (Remembered) event()    {}
func (Sign) event()          {}
func (Attend) event()        {}
func (UnitMoved) event()     {}
func (ScriptStarted) event() {}
func (ScriptEnded) event()   {}
func (KillEnded) event()     {}
func (EvidenceTaken) event() {}
func (Turn) event()          {}
func (Due) event()           {}
func (Configured) event()    {}
func (Restored) event()      {}
func (Freeze) event()        {}
func (LookAgain) event()     {}
func (Suspend) event()       {}
func (Resume) event()        {}
func (GiveBack) event()      {}
func (Recover) event()       {}
func (ToStop) event()        {}
func (GiveUp) event()        {}
func (HandOver) event()      {}
func (TryAgain) event()      {}
func (HoldBack) event()      {}
func (Climb) event()         {}
func (Take) event()          {}
func (Drop) event()          {}
func (LookAfresh) event()    {}
func (EndScript) event()     {}
func (Start) event()         {}
func (Await) event()         {}
func (Soon) event()          {}
func (Here) event()          {}
func (Begun) event()         {}
func (UnitStops) event()     {}
func (IsUp) event()          {}
func (Leave) event()         {}

// Outcome is how a script or a unit's restart ended.
type Outcome struct {
	OK       bool
	Conflict bool
	Missed   bool // nobody knows how it ended
	Lack     bool // it was not started: procward lacks what that needs
	Code     int
	Words    string
	Output   string
}

// Env is what a Life has to know of the world at the moment of an event.
type Env struct {
	Now       time.Duration
	Lag       time.Duration // exits may be seen this late
	Observe   bool
	Booting   bool
	Suspended string                // why everything is, or empty
	ByHand    bool                  // its group is started by the operator only
	Together  bool                  // its group is restarted when it dies
	Remind    func() escalate.Group // says how often a final end is reported again
	Phase     func() escalate.Phase // of its ladder
	Awaited   func() bool           // its ladder waits for a look at it
	HeldBy    func() string         // the group that it depends on and is not up, or empty
	Luck      func() float64        // of the jitter
	Token     func() int            // numbers the effects
	Round     func() int            // numbers a round of signs
}
