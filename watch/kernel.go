package watch

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// kernel is what the running kernel can do.
type kernel struct {
	pidfd    bool // pidfd_open(2) works (Linux 5.3, if no sandbox forbids it)
	exitInfo bool // a pidfd is asked for the exit status after the reap (it tells since Linux 6.15)
}

// probe tries the kernel on this process. It says in words what follows if something does
// not work.
func probe() (k kernel, without []string) {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return k, []string{fmt.Sprintf("pidfd_open does not work here: %v", err)}
	}
	defer unix.Close(fd)
	k.pidfd = true
	// Linux 6.13 and 6.14 answer this question, but not after the reap; then the result is
	// the same as if it were not asked.
	if err := unix.IoctlPidfdInfo(fd, &unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}); err != nil {
		return k, []string{fmt.Sprintf("the cause of a death is known only until the parent reaps the process: PIDFD_GET_INFO: %v", err)}
	}
	k.exitInfo = true
	return k, nil
}
