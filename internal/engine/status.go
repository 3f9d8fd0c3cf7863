package engine

import (
	"time"

	confd "procward/conf.d"
	"procward/internal/engine/life"
	"procward/procscan"
	"procward/watch"
)

// State is where a process stands, in one word.
type State = life.State

// The states of a process.
const (
	Unknown    = life.Unknown
	Up         = life.Up
	Looking    = life.Looking
	Unclear    = life.Unclear
	Waiting    = life.Waiting
	Restarting = life.Restarting
	Settling   = life.Settling
	StoppedBy  = life.Stopped
	AbsentNow  = life.Absent
	EndedState = life.Ended
	FinalState = life.Final
	HeldState  = life.Held
	Climbing   = life.Climbing
	GaveUp     = life.GaveUp
	Handed     = life.Handed
)

// States that are only shown: the machine derives them from other facts.
const (
	SuspendedState State = "suspended" // not known to be there, and nothing is done about it
	StoppingState  State = "stopping"  // procward is asked to stop it, and it is not gone yet
	StartingState  State = "starting"  // procward is asked to start it, and it is not there yet
)

// Status is the whole state of the daemon as an operator sees it.
type Status struct {
	Version   string            `json:"version"`
	PID       int               `json:"pid"`
	Started   time.Time         `json:"started"`
	Observe   bool              `json:"observe"`
	Suspended string            `json:"suspended,omitempty"` // why, or empty
	Detection string            `json:"detection"`           // "pidfd", or the fallback
	Fallbacks []string          `json:"fallbacks,omitempty"`
	Dropped   map[string]uint64 `json:"dropped,omitempty"` // messages lost, by sink
	Files     []confd.File      `json:"files"`
	Problems  []confd.Problem   `json:"problems,omitempty"`
	Groups    []GroupStatus     `json:"groups"`
	Processes []ProcessStatus   `json:"processes"`
	Orders    []OrderStatus     `json:"orders,omitempty"` // the last starts and stops by the operator
	Monitors  []MonitorStatus   `json:"monitors,omitempty"`
	Breaker   *BreakerStatus    `json:"breaker,omitempty"` // of the rungs that end the machine
}

// BreakerStatus is how much of reboot-limit is used.
type BreakerStatus struct {
	Used   int               `json:"used"`  // that count now
	Limit  int               `json:"limit"` // reboot-limit.count
	Window string            `json:"window"`
	FreeIn *time.Duration    `json:"free_in,omitempty"` // running time until a rung is allowed again, nanoseconds
	Lost   string            `json:"lost,omitempty"`    // why it is not known what counts: as if it were used up
	Last   *TakenRung        `json:"last,omitempty"`
	Rungs  map[string]string `json:"rungs,omitempty"`  // those of the configuration: why one cannot be carried out, or empty
	Acting string            `json:"acting,omitempty"` // the rung that is being carried out
}

// TakenRung is a rung that was taken to end the machine.
type TakenRung struct {
	Rung    string    `json:"rung"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome,omitempty"` // happened, missed; empty: not known yet
}

// GroupStatus is one group.
type GroupStatus struct {
	Name    string   `json:"name"`
	State   string   `json:"state"` // up, down, climbing, given-up, handed-over, suspended, stopped, absent
	Members []string `json:"members"`
	Rung    string   `json:"rung,omitempty"` // the rung that is being climbed
	Rungs   []string `json:"rungs,omitempty"`
}

// ProcessStatus is one process.
type ProcessStatus struct {
	Name          string         `json:"name"`
	Group         string         `json:"group,omitempty"`
	State         State          `json:"state"`
	Tracked       []TrackedPID   `json:"tracked"`
	Min           int            `json:"min"`
	LastCause     string         `json:"last_cause,omitempty"`
	LastDown      *time.Time     `json:"last_down,omitempty"`
	AttemptsUsed  int            `json:"attempts_used"`
	Attempts      string         `json:"attempts"` // "3", "unlimited"
	Window        string         `json:"window"`
	NextIn        *time.Duration `json:"next_in,omitempty"` // until the next thing happens, nanoseconds
	Rung          string         `json:"rung,omitempty"`
	OwnLadder     bool           `json:"own_ladder,omitempty"`
	Unit          string         `json:"unit,omitempty"`
	WaitsFor      string         `json:"waits_for,omitempty"`
	Suspended     string         `json:"suspended,omitempty"` // by the operator: who
	Optional      bool           `json:"optional,omitempty"`  // it need not be there until somebody starts it
	UnreadableNow int            `json:"unreadable,omitempty"`
	Stalled       string         `json:"stalled,omitempty"` // why, while it is there and does not work
	Signs         []SignStatus   `json:"signs,omitempty"`
}

// MonitorStatus is one monitor.
type MonitorStatus struct {
	Name         string         `json:"name"`
	State        string         `json:"state"`             // a verdict, or not-judged, pending, waiting, recovering, exhausted, given-up, handed-over
	Recover      string         `json:"recover,omitempty"` // the process or group that is restarted for it
	Sign         *SignStatus    `json:"sign,omitempty"`    // its check
	AttemptsUsed int            `json:"attempts_used"`
	Attempts     string         `json:"attempts"`
	Window       string         `json:"window"`
	NextIn       *time.Duration `json:"next_in,omitempty"` // nanoseconds
	Rung         string         `json:"rung,omitempty"`
	WaitsFor     string         `json:"waits_for,omitempty"`
}

// Well reports whether nothing is wrong with what it checks, as far as that is known.
func (mon MonitorStatus) Well() bool {
	switch mon.State {
	case string(watch.OK), string(watch.Failing), "pending", "not-judged":
		return true
	}
	return false
}

// SignStatus is one sign of a stall.
type SignStatus struct {
	Name    string        `json:"name"`
	Verdict watch.Verdict `json:"verdict"` // empty: nothing is known since the watching began
	Text    string        `json:"text,omitempty"`
	Since   *time.Time    `json:"since,omitempty"` // of the verdict
}

// TrackedPID is one tracked process.
type TrackedPID struct {
	procscan.ID
	Comm   string        `json:"comm"`
	Uptime time.Duration `json:"uptime"` // nanoseconds
}

// Well reports whether the process is up, or is down because somebody wants it so.
func (p ProcessStatus) Well() bool {
	switch p.State {
	case Up, StoppedBy, EndedState, SuspendedState:
		return true
	case AbsentNow:
		return p.Optional
	}
	return false
}
