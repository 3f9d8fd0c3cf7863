package testbed

import (
	"slices"
	"time"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

const (
	rounds = 1000                  // what does not die in so many is left: it hangs in the kernel
	pause  = 10 * time.Millisecond // between them
)

// end kills everything that bears the mark, until there is none: what is killed may have
// forked meanwhile.
func end(mark uint64) bool {
	for range rounds {
		pids := marked(mark)
		if len(pids) == 0 {
			return true
		}
		for _, pid := range pids {
			kill(pid, mark)
		}
		time.Sleep(pause)
	}
	return false
}

// kill kills the process, as long as it is the one that bears the mark.
func kill(pid int, mark uint64) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if bears(pid, mark) {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// marked are the live processes that bear the mark.
func marked(mark uint64) []int {
	return slices.DeleteFunc(procfile.PIDs(), func(pid int) bool { return !bears(pid, mark) })
}

// bears looks at rsslim of proc_pid_stat(5), which needs no privilege.
func bears(pid int, mark uint64) bool {
	const rsslim = 25
	s, err := procfile.Read(pid)
	return err == nil && !s.Dead() && s.Far(rsslim) == mark
}
