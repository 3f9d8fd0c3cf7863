package watch

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Headroom is how many descriptors the Tracker leaves for the rest of the program:
// scripts, sockets and files. Of a limit below 512 it is a quarter.
const Headroom = 128

// forPidfds is how many descriptors may be in use when the Tracker opens another one.
func forPidfds(limit uint64) uint64 { return limit - min(Headroom, limit/4) }

// files is the limit on descriptors in force, RLIMIT_NOFILE of getrlimit(2).
func files() unix.Rlimit {
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		return unix.Rlimit{Cur: 1024, Max: 1024} // cannot fail: the resource exists and the pointer is good
	}
	return now
}

// RaiseFiles raises the limit on open descriptors (RLIMIT_NOFILE) if it is too low for
// need pidfds and Headroom others; the hard limit as well, if it is too low and we are
// allowed to (CAP_SYS_RESOURCE). It returns how many pidfds there is room for; this is
// less than need if err is not nil.
//
// Go's runtime raises the soft limit of every program to the hard limit less one at its
// start. It gives children the original limit only while exactly that value is in force
// (package syscall, forkAndExecInChild); after any other change children inherit the new
// one. So if Go's limit is enough nothing is set here. Programs are started by a process
// that was made before (internal/launch), and so they get the original limit.
func RaiseFiles(need uint64) (got uint64, err error) {
	now := files()
	if forPidfds(now.Cur) >= need {
		return forPidfds(now.Cur), nil
	}
	want := need + Headroom
	if want < 4*Headroom {
		want = need + need/3 + 1 // the inverse of forPidfds where it leaves a quarter
	}
	raised := unix.Rlimit{Cur: want, Max: max(want, now.Max)}
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &raised, nil); err != nil {
		return forPidfds(now.Cur), fmt.Errorf("raise the limit on descriptors from %d (hard %d) to %d: %w: raise LimitNOFILE of the unit, or fs.nr_open", now.Cur, now.Max, want, err)
	}
	return forPidfds(want), nil
}
