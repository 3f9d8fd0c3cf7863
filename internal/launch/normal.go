package launch

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// becomeNormal gives this thread, which starts the programs, the settings of an ordinary
// process, whatever the daemon has: an oom_score_adj of 0 (proc_pid_oom_score_adj(5)), a
// nice value of 0 and an ordinary scheduling policy (sched(7)). Programs have these from
// their birth; to set them afterwards would be too late for what they fork at once. A
// higher priority stays with the launcher itself, and is lost at the fork
// (SCHED_FLAG_RESET_ON_FORK).
//
// Signals need no care: the Go runtime handles every signal that a program asks for, and
// execve(2) sets handled signals to their default.
func becomeNormal() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("0"), 0)
	now, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return
	}
	real := now.Policy == unix.SCHED_FIFO || now.Policy == unix.SCHED_RR || now.Policy == unix.SCHED_DEADLINE
	switch {
	case real || now.Policy == unix.SCHED_NORMAL && now.Nice < 0:
		now.Size, now.Flags = unix.SizeofSchedAttr, now.Flags|unix.SCHED_FLAG_RESET_ON_FORK
		if unix.SchedSetAttr(0, now, 0) == nil {
			return
		}
	case now.Policy == unix.SCHED_NORMAL && now.Nice == 0:
		return
	}
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}, 0)
}

func uintptrOf(p *byte) uintptr { return uintptr(unsafe.Pointer(p)) }
