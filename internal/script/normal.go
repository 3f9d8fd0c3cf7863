package script

import (
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const oomFile = "/proc/self/oom_score_adj"

// normal is how the daemon differs from an ordinary process in what a fork hands on:
// its oom_score_adj (proc_pid_oom_score_adj(5)), its nice value and its scheduling
// policy (sched(7)). Where it does not differ, a start costs nothing more.
//
// Signals need no care: the Go runtime handles every signal that the daemon asks for
// (SIGHUP and SIGINT among them), and execve(2) sets handled signals to their default.
type normal struct {
	oom   string // our oom_score_adj, empty if 0
	sched bool   // our nice value or policy differ

	mu *sync.Mutex
}

func lookNormal() normal {
	n := normal{mu: new(sync.Mutex)}
	if b, err := os.ReadFile(oomFile); err == nil {
		if s := strings.TrimSpace(string(b)); s != "0" {
			n.oom = s
		}
	}
	if a, err := unix.SchedGetAttr(0, 0); err == nil {
		n.sched = a.Policy != unix.SCHED_NORMAL || a.Nice != 0
	}
	return n
}

// fork calls f with everything as an ordinary process has it. The child is born so;
// mending it afterwards would be too late for what it forks at once.
func (n *normal) fork(f func() (int, error)) (pid int, err error) {
	if n.oom == "" && !n.sched {
		return f()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.oom != "" && os.WriteFile(oomFile, []byte("0"), 0) == nil {
		defer func() { _ = os.WriteFile(oomFile, []byte(n.oom), 0) }()
	}
	if !n.sched {
		return f()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: this thread is not ours any more and ends here
		_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}, 0)
		pid, err = f()
	}()
	<-done
	return pid, err
}

// closeOnExec marks every descriptor the daemon was itself started with, so that no
// script inherits one. The Go runtime marks those that are opened later.
func closeOnExec() {
	if unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return // since Linux 5.11
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}
