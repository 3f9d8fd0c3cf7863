// Package watch tracks processes that are not our children, and reports when one has
// ended and why. There is one pidfd for each, all in one epoll set: one wake-up for each
// death, and none otherwise.
package watch

import (
	"fmt"
	"time"

	"procward/procscan"
)

// Event reports that a tracked process has ended, or, later, why.
type Event struct {
	ID      procscan.ID
	At      time.Duration // CLOCK_BOOTTIME of the wake-up
	Cause   Cause
	Belated bool // the exit was reported before; this is its cause, which was unknown then
}

// Cause is how a process ended. The zero value is "unknown".
type Cause struct {
	Known  bool `json:"known"`
	Code   int  `json:"code,omitempty"`   // exit code, where Signal is 0
	Signal int  `json:"signal,omitempty"` // signal number, or 0
	Core   bool `json:"core,omitempty"`   // a core was dumped
}

// FromStatus reads a wait status as waitpid(2) and PIDFD_GET_INFO give it.
func FromStatus(status int) Cause {
	return Cause{Known: true, Code: status >> 8 & 0xff, Signal: status & 0x7f, Core: status&0x80 != 0}
}

// Clean reports whether the process is known to have exited with code 0.
func (c Cause) Clean() bool { return c.Known && c.Signal == 0 && c.Code == 0 }

// String is the cause in words: "exited with code 3", "killed by SIGKILL", "cause unknown".
func (c Cause) String() string {
	switch {
	case !c.Known:
		return "cause unknown"
	case c.Signal == 0:
		return fmt.Sprintf("exited with code %d", c.Code)
	case c.Core:
		return "killed by " + SignalName(c.Signal) + ", core dumped"
	}
	return "killed by " + SignalName(c.Signal)
}
