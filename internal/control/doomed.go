package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// doomed reports whether a process is dead, reaped or not, or can do nothing any more:
// each of its threads has ended, or must end by SIGKILL as soon as the kernel lets it.
func doomed(pid int) bool {
	if pid <= 0 { // of another PID namespace
		return false
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return errors.Is(unix.Kill(pid, 0), unix.ESRCH)
	}
	defer unix.Close(fd)
	ended, _ := procfile.Ended(fd, 0)
	return ended || allDoomed(pid)
}

// allDoomed is doomed as /proc/PID/task shows it; what cannot be read is not doomed.
func allDoomed(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.ESRCH) {
			return false
		}
		if err == nil && !lastSignal(string(text)) {
			return false
		}
	}
	return true
}

// lastSignal reads State and the pending signals of proc_pid_status(5).
func lastSignal(status string) bool {
	const kill = 1 << (unix.SIGKILL - 1)
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "State":
			if strings.HasPrefix(value, "Z") || strings.HasPrefix(value, "X") {
				return true
			}
		case "SigPnd", "ShdPnd":
			if pending, err := strconv.ParseUint(value, 16, 64); err == nil && pending&kill != 0 {
				return true
			}
		}
	}
	return false
}
