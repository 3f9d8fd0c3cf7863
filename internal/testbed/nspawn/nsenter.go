package nspawn

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// endChildren ends nsenter by what it runs, which it then reaps. Without nsenter that
// would be left to the host's init, and the container could not end before.
func endChildren(nsenter int) error {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", nsenter))
	if err != nil {
		return err
	}
	for child := range strings.FieldsSeq(string(children)) {
		pid, _ := strconv.Atoi(child)
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	return nil
}

// keepAwake wakes nsenter until it ends. A shutdown stops all processes of a container
// for a moment, and nsenter stops itself when what it runs is stopped; nobody would
// reap that, and the shutdown would wait for it for 90 s.
func keepAwake(nsenter int) {
	const stopped = 5 // CLD_STOPPED of sigaction(2)
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, nsenter, &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || info.Code != stopped {
			return
		}
		_ = unix.Waitid(unix.P_PID, nsenter, nil, unix.WSTOPPED|unix.WNOHANG, nil)
		_ = unix.Kill(nsenter, unix.SIGCONT)
	}
}
