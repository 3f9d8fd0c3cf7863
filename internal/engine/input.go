package engine

import (
	"time"

	confd "procward/conf.d"
	"procward/internal/engine/life"
	"procward/internal/script"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
	"procward/watch"
)

// Input is something that happened: this is how the machine learns of the world.
type Input interface{ input() }

// Tick says only that time has passed.
type Tick struct{}

// Configured brings a configuration: the first, or a new one at reload.
type Configured struct{ Config *confd.Config }

// Died brings what the exit tracker saw.
type Died struct{ Events []watch.Event }

// Polling says that exits may be seen so late, because pidfds are not available.
type Polling struct{ Every time.Duration }

// TrackFailed says that a process of a Track was gone already.
type TrackFailed struct {
	ID procscan.ID
	At time.Duration
}

// Looked is the answer to a Look.
type Looked struct {
	Token int
	Found map[string]Finding
}

// Finding is what a look found of one process, and Unit what systemd says about its unit.
type (
	Finding = life.Finding
	Unit    = life.Unit
)

// StoppedOnRequest is what a Unit's Hands say of one that somebody has stopped.
const StoppedOnRequest = life.StoppedOnRequest

// Remembered brings traits of tracked processes.
type Remembered struct {
	Of map[procscan.ID]succession.Traits
}

// UnitsMoved says that systemd has started, stopped or restarted units, for somebody else
// or by itself: what is missing of them may be there again.
type UnitsMoved struct {
	Units map[string]bool
	All   bool // nobody knows which
}

// ScriptStarted says that the script of a Run runs, or that a RestartUnit was sent.
type ScriptStarted struct {
	Token int
	ID    procscan.ID // of the script; zero if it is not known, and for a unit
	At    time.Duration
}

// ScriptEnded says how the script of a Run ended.
type ScriptEnded struct {
	Token  int
	Result script.Result
}

// ScriptGone says that the script of an Await has ended, or was not there any more.
type ScriptGone struct {
	Token int
	Cause watch.Cause // unknown, unless the kernel could still tell
}

// LimitLifted says that the start limit of the unit of a RestartUnit was used up, and
// that it was lifted.
type LimitLifted struct {
	Token int
	Unit  string
	Limit string // in words
}

// UnitRestarted says how a RestartUnit ended.
type UnitRestarted struct {
	Token    int
	Err      error
	Conflict bool // somebody else is in charge of the unit: systemd has another job for it, or it is masked
	Unheard  bool // systemd was not reached, or we may not ask it: nothing was tried
}

// UnitStopped says how a StopUnit ended.
type UnitStopped struct {
	Token    int
	Err      error
	Conflict bool // systemd has another job for the unit: somebody else's
}

// KillEnded says how a Kill ended.
type KillEnded struct {
	Token int
	Ended []restart.Ended
}

// Sensed brings verdicts on the signs of stalls that have changed.
type Sensed struct{ Signs []watch.SignChange }

// EvidenceTaken says where the evidence of a stall was written.
type EvidenceTaken struct {
	Token int
	Path  string          // empty: nothing was written
	Err   error           // what failed
	Ended []restart.Ended // descendants of a process that ended because of its dump
}

// Suspend stops everything: nothing is restarted or escalated until Resume.
type Suspend struct {
	Why      string
	HostEnds bool // the host goes down
}

// Resume ends a suspension: everything is looked at again.
type Resume struct{ Why string }

// Operate brings an operator's order; an Answer with its token is among the effects.
type Operate struct {
	Token int
	Order Order
}

// Show asks for the next page of the status, the first one after the zero Page; Shown is
// among the effects.
type Show struct {
	Token int
	Page  Page
}

// Means says which rungs can end the machine here. Without it, or with Refused nil, all
// are refused.
type Means struct {
	Refused map[string]string // by rung that was made ready: why it cannot be carried out, or empty
	Lost    string            // why it is not known which rungs were taken before, or empty
}

// Recorded is the answer to a Record.
type Recorded struct {
	Token int
	Err   error // it is not on the disk
}

// MachineStays says that an EndMachine did not end the machine.
type MachineStays struct {
	Token int
	Err   error // what was tried, and how that went
}

// Booting says whether the boot of the host is still under way.
type Booting struct{ Yes bool }

func (Tick) input()          {}
func (Configured) input()    {}
func (Died) input()          {}
func (Polling) input()       {}
func (TrackFailed) input()   {}
func (Looked) input()        {}
func (Remembered) input()    {}
func (ScriptStarted) input() {}
func (ScriptEnded) input()   {}
func (ScriptGone) input()    {}
func (UnitsMoved) input()    {}
func (LimitLifted) input()   {}
func (UnitRestarted) input() {}
func (UnitStopped) input()   {}
func (KillEnded) input()     {}
func (Sensed) input()        {}
func (EvidenceTaken) input() {}
func (Suspend) input()       {}
func (Resume) input()        {}
func (Operate) input()       {}
func (Show) input()          {}
func (Means) input()         {}
func (Recorded) input()      {}
func (MachineStays) input()  {}
func (Booting) input()       {}
