package watch

import (
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// kernel is what the running kernel was found to do.
type kernel struct {
	pidfd    bool // pidfd_open(2) works (Linux 5.3, if no sandbox forbids it)
	exitInfo bool // a pidfd tells the exit status after the reap (Linux 6.15)
}

// probeCode is the exit code of the child on which the kernel is tried.
const probeCode = 3

// probe tries the kernel on this process and on a child. For whatever does not work it
// says in words what follows from it.
func probe() (k kernel, without []string) {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return k, []string{fmt.Sprintf("pidfd_open does not work here: %v", err)}
	}
	unix.Close(fd)
	k.pidfd = true
	if err := probeExitInfo(); err != nil {
		return k, []string{fmt.Sprintf("the cause of a death is known only until the parent reaps the process: %v", err)}
	}
	k.exitInfo = true
	return k, nil
}

// probeExitInfo is nil where a pidfd tells how a child ended after it was reaped.
func probeExitInfo() error {
	cmd := exec.Command("/bin/sh", "-c", fmt.Sprintf("exit %d", probeCode))
	cmd.Env, cmd.Dir = []string{}, "/"
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("not tried: %w", err)
	}
	fd, err := unix.PidfdOpen(cmd.Process.Pid, 0) // it cannot be reused: it is our child, not yet reaped
	cmd.Wait()                                    // the exit code is an error to it
	if err != nil {
		return fmt.Errorf("not tried: pidfd_open of a child: %w", err)
	}
	defer unix.Close(fd)
	if !hungUp(fd) {
		return fmt.Errorf("a pidfd does not tell the reap")
	}
	if got := exitInfo(fd); got != (Cause{Known: true, Code: probeCode}) {
		return fmt.Errorf("PIDFD_GET_INFO of a child that exited with code %d: %v", probeCode, got)
	}
	return nil
}
