package watch

import (
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// learn reads the cause of a death if it is known now. If the reap by the parent can
// still bring it, the pidfd is kept until then, at most for Options.CauseWait.
func (t *Tracker) learn(id procscan.ID, at time.Duration) Cause {
	t.mu.Lock()
	defer t.mu.Unlock()
	fd, ok := t.late[id]
	if !ok {
		return Cause{} // untracked meanwhile
	}
	_, cause := t.look(id)
	if !cause.Known && t.kernel.exitInfo {
		reaped := hungUp(int(fd)) // before the question: if it is reaped later, that wakes us again
		if cause = exitInfo(int(fd)); !cause.Known && !reaped {
			t.expiry = append(t.expiry, expiry{id: id, at: at + t.opts.CauseWait})
			return Cause{}
		}
	}
	delete(t.late, id)
	t.spent = append(t.spent, fd)
	return cause
}

// mayKnow reports whether the kernel shows us the exit code of this zombie. The kernel
// protects the code by PTRACE_MODE_READ_FSCREDS of ptrace(2), and so it protects another
// file that a zombie still has. We try that file, so the answer is also right for root
// without CAP_SYS_PTRACE, in a user namespace, or under a security module.
func mayKnow(pid int) bool {
	_, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/user")
	return err == nil
}

// exitInfo asks a pidfd for the exit status of its process. From the reap on the kernel
// gives it to everybody, for any process (Linux 6.15, PIDFD_GET_INFO).
func exitInfo(fd int) Cause {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	if err := unix.IoctlPidfdInfo(fd, &info); err != nil || info.Mask&unix.PIDFD_INFO_EXIT == 0 {
		return Cause{}
	}
	return FromStatus(int(info.Exit_code))
}

// hungUp reports whether the process of a pidfd was reaped (since Linux 6.9).
func hungUp(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	for {
		if _, err := unix.Poll(fds, 0); err != unix.EINTR {
			return err == nil && fds[0].Revents&unix.POLLHUP != 0
		}
	}
}

// look reads whether a process has ended, and the cause of a zombie. A process that
// cannot be read counts as alive. The kernel shows a zero to readers without permission
// (proc_pid_stat(5)), so a zero counts only if we have permission.
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
