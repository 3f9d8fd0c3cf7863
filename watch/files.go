package watch

import (
	"bytes"
	"fmt"
	"os/exec"

	"golang.org/x/sys/unix"
)

// Headroom is how many descriptors the Tracker leaves to the rest of the program: to
// scripts, sockets and files. Of a limit below 512 it is a quarter.
const Headroom = 128

// forPidfds is how many descriptors of a limit may be in use when the Tracker takes one.
func forPidfds(limit uint64) uint64 { return limit - min(Headroom, limit/4) }

// files is the limit on descriptors in force, RLIMIT_NOFILE of getrlimit(2).
func files() unix.Rlimit {
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		return unix.Rlimit{Cur: 1024, Max: 1024} // cannot fail: the resource exists and the pointer is good
	}
	return now
}

// RaiseFiles raises the limit on open descriptors (RLIMIT_NOFILE) where it is too low for
// need pidfds beside Headroom others; the hard limit as well where that is too low and we
// may (CAP_SYS_RESOURCE). It returns how many pidfds there is room for, which is less than
// need where err is not nil.
//
// Go's runtime raises the soft limit of every program to the hard limit less one when it
// starts, and gives children the original one only while exactly that is in force (package
// syscall, forkAndExecInChild). Once anything else is set, by whatever call, children
// inherit it. So nothing is set here where Go's limit is enough, and who starts other
// programs gives them what OriginalFiles said before.
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

// OriginalFiles is the limit on open descriptors that this program was started with, if
// it is asked before RaiseFiles. A child has to say it, since package syscall keeps it to
// itself; that takes a few milliseconds.
func OriginalFiles() (unix.Rlimit, error) {
	cmd := exec.Command("/bin/sh", "-c", "ulimit -S -n; ulimit -H -n")
	cmd.Env, cmd.Dir = []string{}, "/"
	out, err := cmd.Output()
	if err != nil {
		return unix.Rlimit{}, fmt.Errorf("ask a shell for the original limit on descriptors: %w", err)
	}
	var limit unix.Rlimit
	if _, err := fmt.Fscan(bytes.NewReader(out), &limit.Cur, &limit.Max); err != nil {
		return unix.Rlimit{}, fmt.Errorf("ask a shell for the original limit on descriptors: %q: %w", out, err)
	}
	return limit, nil
}
