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

// Input is something that happened: the world as the machine learns of it.
type Input interface{ input() }

// Tick is nothing but the passing of time.
type Tick struct{}

// Configured brings a configuration: the first, or a new one at reload.
type Configured struct{ Config *confd.Config }

// Died brings what the exit tracker saw.
type Died struct{ Events []watch.Event }

// Polling reports whether exits may be seen as late as this, because pidfds are not to be had.
type Polling struct{ Every time.Duration }

// Paused reports whether the daemon itself had been stopped (SIGSTOP) and goes on: deaths that
// are told about now may be old.
type Paused struct{}

// TrackFailed reports whether a process asked for by Track was gone already.
type TrackFailed struct {
	ID procscan.ID
	At time.Duration
}

// Looked is the answer to a Look.
type Looked struct {
	Token int
	Found map[string]Finding
}

// Finding is what a look found of one process, and Unit what systemd says of its unit.
type (
	Finding = life.Finding
	Unit    = life.Unit
)

// StoppedOnRequest is what a Unit's Hands say of one that somebody has stopped.
const StoppedOnRequest = life.StoppedOnRequest

// Remembered brings traits of what is tracked.
type Remembered struct {
	Of map[procscan.ID]succession.Traits
}

// UnitsMoved reports whether systemd has started, stopped or restarted units, for somebody else or
// of itself: what is missing of them may be there again.
type UnitsMoved struct {
	Units map[string]bool
	All   bool // nobody knows which
}

// ScriptStarted reports whether the script of a Run runs, or that a RestartUnit was sent.
type ScriptStarted struct {
	Token int
	ID    procscan.ID // of the script; zero where it is not known, and of a unit
	At    time.Duration
}

// ScriptEnded says how the script of a Run ended.
type ScriptEnded struct {
	Token  int
	Result script.Result
}

// ScriptGone reports whether the script of an Await has ended, or was not there any more.
type ScriptGone struct {
	Token int
	Cause watch.Cause // unknown, unless the kernel could still tell
}

// LimitLifted reports whether a RestartUnit has met a spent start limit of its unit, and lifted it.
type LimitLifted struct {
	Token int
	Unit  string
	Limit string // in words
}

// UnitRestarted says how a RestartUnit ended.
type UnitRestarted struct {
	Token    int
	Err      error
	Conflict bool // the unit is the operator's: systemd has another job for it, or it is masked
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
type Sensed struct{ Signs []watch.Sign }

// EvidenceTaken says where the evidence of a stall was written.
type EvidenceTaken struct {
	Token int
	Path  string          // empty: nothing was written
	Err   error           // what could not be done of it
	Ended []restart.Ended // descendants of a process that ended of its dump
}

// Suspend holds everything: nothing is restarted or escalated until Resume.
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

// Means says what the rungs that end the machine can do here. Without it, or with Refused
// nil, all are refused.
type Means struct {
	Refused map[string]string // by rung that was made ready: why it cannot be carried out, or empty
	Lost    string            // why it is not known which rungs were taken before, or empty
}

// Recorded is the answer to a Record.
type Recorded struct {
	Token int
	Err   error // it is not on the disk
}

// MachineStays reports whether an EndMachine did not end the machine.
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
func (Paused) input()        {}
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
