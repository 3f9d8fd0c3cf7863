package testbed

import (
	"bytes"
	"os"
	"strconv"
	"time"

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
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && bears(pid, mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// bears reads state, num_threads and rsslim of proc_pid_stat(5), which needs no
// privilege. A zombie with other threads is alive.
func bears(pid int, mark uint64) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(f) < 23 || string(f[0]) == "Z" && string(f[17]) == "1" {
		return false
	}
	return string(f[22]) == strconv.FormatUint(mark, 10)
}
