package engine

import (
	"time"

	"procward/internal/engine/life"
	"procward/internal/engine/signs"
	"procward/internal/message"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
)

// Effect is something the machine wants done. It is carried out outside, and what comes
// of it returns as an Input with the same token.
type Effect interface{ effect() }

// Track tells of the exit of a process; TrackFailed where it is gone already.
type Track struct{ ID procscan.ID }

// Untrack forgets a process.
type Untrack struct{ ID procscan.ID }

// Look looks in /proc for processes by name, and asks systemd about their units.
// Only one look is under way at a time.
type Look struct {
	Token int
	Of    map[string]LookFor
}

// LookFor is what to look for.
type LookFor = life.LookFor

// Run runs a script; ScriptStarted and ScriptEnded follow.
type Run struct {
	Token int
	Job   script.Job
	Event *HookEvent // of a hook: its standard input, else nil
}

// Await waits for a script that an earlier daemon has started; ScriptStarted follows if it
// is found that runs and its ID was not known, and in any case ScriptGone.
type Await struct {
	Token   int
	ID      procscan.ID   // zero: not known
	Path    string        // of the script
	Env     string        // a variable that it was given: others may run the same program
	Since   time.Duration // it was started after this
	Timeout time.Duration // what is left of it
}

// RestartUnit restarts a systemd unit; ScriptStarted and UnitRestarted follow.
type RestartUnit struct {
	Token int
	Unit  string
	Spec  restart.Spec
	Start bool // it was stopped before: it is only started
}

// StopUnit stops a systemd unit, which its own Restart= does not undo; UnitStopped follows.
type StopUnit struct {
	Token   int
	Unit    string
	Timeout time.Duration
	Force   bool // as the operator wants it: a job that is in the way is replaced
}

// Hold reports whether the target of a running script is up: its timeout must not kill it.
type Hold struct{ Token int }

// EndScript ends a script that still runs, with its process group; its ScriptEnded follows.
// A token of anything else is nothing.
type EndScript struct{ Token int }

// Kill ends processes by their pidfds; KillEnded follows.
type Kill struct {
	Token int
	IDs   []procscan.ID
	How   restart.Kill
}

// Attend watches the signs of a stall of a process or monitor; Sensed follows whenever a
// verdict changes.
type Attend struct{ signs.Watch }

// Unattend watches the signs of a process or monitor no more.
type Unattend struct{ signs.Leave }

// Evidence writes down what can be seen of a stalled process before it is killed, and
// sends it the signal of its dump; EvidenceTaken follows, in a bounded time.
type Evidence struct {
	Token  int
	Target string
	Sign   string // its name
	Why    string // in words
	IDs    []procscan.ID
	Spec   restart.Spec
}

// Record brings all that was given to the Keeper to the disk (fsync); Recorded follows, in
// a bounded time.
type Record struct{ Token int }

// EndMachine carries out a rung that ends the machine. If it works nothing follows; else
// MachineStays does.
type EndMachine struct {
	Token  int
	Rung   string
	Reason string // in words
}

// Keep has what has changed of the durable state written. It is the first effect of a
// step.
type Keep struct {
	Changes map[string]any // by key; nil: the key is gone
	Must    bool           // what follows in the step may begin only when it is written
}

// Answer says what becomes of an Operate.
type Answer struct {
	Token   int
	Ordered Ordered
}

// Shown is a page of the status.
type Shown struct {
	Token int
	Page  Page
}

// Say sends a message.
type Say struct{ Message message.Message }

// Exit ends the daemon with a code.
type Exit struct{ Code int }

func (Track) effect()       {}
func (Untrack) effect()     {}
func (Look) effect()        {}
func (Run) effect()         {}
func (Await) effect()       {}
func (RestartUnit) effect() {}
func (StopUnit) effect()    {}
func (Hold) effect()        {}
func (EndScript) effect()   {}
func (Kill) effect()        {}
func (Attend) effect()      {}
func (Unattend) effect()    {}
func (Evidence) effect()    {}
func (Record) effect()      {}
func (EndMachine) effect()  {}
func (Keep) effect()        {}
func (Answer) effect()      {}
func (Shown) effect()       {}
func (Say) effect()         {}
func (Exit) effect()        {}
