package watch

import (
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// learn reads the cause of a death as far as it can be had now. Where the reap by the
// parent can still bring it, the pidfd is kept until then or for Options.Hold.
func (t *Tracker) learn(id procscan.ID, at time.Duration) Cause {
	t.mu.Lock()
	defer t.mu.Unlock()
	fd, ok := t.late[id]
	if !ok {
		return Cause{} // untracked meanwhile
	}
	_, cause := t.look(id)
	if !cause.Known && t.kernel.exitInfo {
		reaped := hungUp(int(fd)) // before the question: what is reaped after it wakes us again
		if cause = exitInfo(int(fd)); !cause.Known && !reaped {
			t.expiry = append(t.expiry, expiry{id: id, at: at + t.opts.Hold})
			return Cause{}
		}
	}
	delete(t.late, id)
	t.spent = append(t.spent, fd)
	return cause
}

// mayKnow reports whether the kernel shows us the exit code of this zombie. It asks
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

// hungUp reports whether the process of a pidfd is reaped (since Linux 6.9).
func hungUp(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	for {
		if _, err := unix.Poll(fds, 0); err != unix.EINTR {
			return err == nil && fds[0].Revents&unix.POLLHUP != 0
		}
	}
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
