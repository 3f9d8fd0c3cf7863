package script

import (
	"time"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// awaitGroup waits until nothing lives in the process group whose leader is a zombie, or
// the deadline is over. The kernel reports the end of processes, not of groups: the
// members are listed once, then awaited by pidfd; the listing is repeated for those that
// they have forked.
func awaitGroup(pgid int, deadline time.Time) {
	for {
		pids := members(pgid)
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			if !awaitPID(pid, deadline) {
				return
			}
		}
	}
}

// awaitPID reports whether the process was gone before the deadline.
func awaitPID(pid int, deadline time.Time) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return true
	}
	if err != nil { // before Linux 5.3
		time.Sleep(min(time.Until(deadline), 50*time.Millisecond))
		return time.Now().Before(deadline)
	}
	defer unix.Close(fd)
	left := time.Until(deadline)
	if left <= 0 {
		return false
	}
	ended, _ := procfile.Ended(fd, left)
	return ended
}

// members are the live processes of a process group.
func members(pgid int) []int {
	var pids []int
	for _, pid := range procfile.PIDs() {
		if s, err := procfile.Read(pid); err == nil && s.PGRP == pgid && !s.Dead() {
			pids = append(pids, pid)
		}
	}
	return pids
}
