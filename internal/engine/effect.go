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

// Effect is something that the machine wants done. It is carried out outside, and its
// result comes back as an Input with the same token.
type Effect interface{ effect() }

// Track reports the exit of a process later; TrackFailed follows if it is gone already.
type Track struct{ ID procscan.ID }

// Untrack forgets a process.
type Untrack struct{ ID procscan.ID }

// Look looks in /proc for processes by name, and asks systemd about their units. Only one
// look is in progress at a time.
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

// Await waits for a script that an earlier daemon has started. If the script is found and
// its ID was not known, ScriptStarted follows; in any case ScriptGone follows.
type Await struct {
	Token   int
	ID      procscan.ID   // zero: not known
	Path    string        // of the script
	Env     string        // a variable that it was given, because others may run the same program
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

// StopUnit stops a systemd unit in such a way that its own Restart= does not start it
// again; UnitStopped follows.
type StopUnit struct {
	Token   int
	Unit    string
	Timeout time.Duration
	Force   bool // as the operator wants it: a job that is in the way is replaced
}

// Spare says that the target of a running script is up, so its timeout must not kill it.
type Spare struct{ Token int }

// EndScript ends a script that is still running, with its process group; its ScriptEnded
// follows. With any other token it does nothing.
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

// Unattend stops watching the signs of a process or monitor.
type Unattend struct{ signs.Leave }

// Evidence writes down what can be seen of a stalled process before it is killed, and
// sends it the signal of its dump; EvidenceTaken follows, in a limited time.
type Evidence struct {
	Token  int
	Target string
	Sign   string // its name
	Why    string // in words
	IDs    []procscan.ID
	Spec   restart.Spec
}

// Record brings everything that the Keeper got to the disk (fsync); Recorded follows, in
// a limited time.
type Record struct{ Token int }

// EndMachine carries out a rung that ends the machine. If it works nothing follows;
// otherwise MachineStays follows.
type EndMachine struct {
	Token  int
	Rung   string
	Reason string // in words
}

// Keep writes what has changed of the durable state. It is the first effect of a step.
type Keep struct {
	Changes map[string]any // by key; nil: the key is gone
	Must    bool           // what follows in the step may begin only when this is written
}

// Answer is the answer to an Operate.
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
func (Spare) effect()       {}
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
