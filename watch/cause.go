package watch

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// ending reads whether a process whose pidfd woke us has ended, and why. It is final when
// nothing more will be known of it, and not final when the reap by its parent can bring
// the cause.
func (t *Tracker) ending(id procscan.ID, fd int) (ended bool, c Cause, final bool) {
	if ended, c = t.look(id); ended && c.Known {
		return true, c, true
	}
	ended, reaped := state(fd)
	if ended && t.kernel.exitInfo {
		c = exitInfo(fd)
	}
	return ended, c, c.Known || reaped || !t.kernel.exitInfo
}

// mayKnow says whether the kernel shows us the exit code of this zombie. It asks
// the same question that guards the code, PTRACE_MODE_READ_FSCREDS of ptrace(2), by
// another file which that mode guards and which a zombie still has. So it is right also
// for root without CAP_SYS_PTRACE, in a user namespace, or under a security module.
func mayKnow(pid int) bool {
	_, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/user")
	return err == nil
}

// exitInfo asks a pidfd for the exit status of its process. The kernel has it, for any
// process and any asker, from the reap on (Linux 6.15, PIDFD_GET_INFO).
func exitInfo(fd int) Cause {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if err := unix.IoctlPidfdInfo(fd, &info); err != nil || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return Cause{}
	}
	return FromStatus(int(info.Exit_code))
}

// look reads whether a process has ended, and of a zombie why. What cannot be read counts
// as alive. The kernel shows a zero to those who may not know the exit code
// (proc_pid_stat(5)), so a zero counts only for those who may.
func (t *Tracker) look(id procscan.ID) (ended bool, c Cause) {
	p, err := t.fs.Read(id.PID)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && p.ID != id:
		return true, Cause{}
	case err != nil || !p.Dead():
		return false, Cause{}
	case p.ExitCode == 0 && !mayKnow(id.PID):
		return true, Cause{}
	}
	return true, FromStatus(p.ExitCode)
}
