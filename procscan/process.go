// Package procscan takes one snapshot of the process table in /proc and finds in it what
// a match describes. It only reads; the consequences are decided elsewhere. "Could not
// read" is never "gone".
package procscan

import (
	"fmt"

	"procward/internal/procfile"
)

// ID is the identity of a process within one boot: a PID alone may be reused, PID and
// start time may not.
type ID struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // field 22 of /proc/PID/stat: clock ticks (1/100 s) since boot, CLOCK_BOOTTIME
}

func (id ID) String() string { return fmt.Sprintf("%d@%d", id.PID, id.Start) }

// Process is what one reading of /proc/PID/stat shows (proc_pid_stat(5)), and what was
// also read because a match needs it.
type Process struct {
	ID
	Comm     string // as the kernel keeps it: at most 15 bytes, any bytes
	State    byte   // R S D Z T …; of a living thread if the leading one has exited
	PPID     int
	PGRP     int
	Session  int
	Threads  int
	Kernel   bool   // a kernel thread (PF_KTHREAD)
	ExitCode int    // wait status of a zombie, as waitpid(2) gives it; 0 without privilege means unknown
	UID      uint32 // effective; read only if a match needs it
	Exe      string // without " (deleted)"; read only if a match needs it
	Args     string // argv joined by one space; read only if a match needs it
	Unit     string // cgroup path of the systemd hierarchy; read of every selected process
}

// Dead reports whether no thread of the process is left and only its parent has not yet
// reaped it. A process of which only the leading thread has exited is not dead.
func (p Process) Dead() bool {
	return procfile.Dead(p.State, p.Threads)
}

// Unreadable is a process that could match, but could not be read far enough to decide:
// everything that could be read of it fits. A process whose exe we may not read could
// match if its name or its first argument is like the program's.
type Unreadable struct {
	Process
	What string // "stat", "user", "exe", "cmdline", "cgroup", "status"
	Err  error
}

// Selection is what one match finds in one snapshot. Selected and Matching may share
// memory: do not change them.
type Selection struct {
	Err        error        // the match could not be applied (ErrNoUser, or a path that hangs): the rest may be incomplete
	Selected   []Process    // what Select chose, by start time
	Matching   []Process    // all that match, before Select (workers of a prefork master among them), by start time
	Unreadable []Unreadable // in doubt: each could be one
	Hint       int          // the PID in the pidfile if it names a matching process, else 0
}
