package testbed

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asTest in the environment makes the test's own binary a test that starts a daemon.
const asTest = "PROCWARD_LEASH_TEST"

func TestMain(m *testing.M) {
	if how := os.Getenv(asTest); how != "" {
		// The test that started us is itself on a leash, which its child would keep.
		Leash()
		startDaemon(how)
	}
	os.Exit(m.Run())
}

// startDaemon leaves a process behind that has detached itself in every way, with an
// empty environment, tells its PID, and waits.
func startDaemon(how string) {
	script := "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!"
	out, err := exec.Command("/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "/bin/sh", "-c", script).Output()
	if err != nil {
		os.Exit(3)
	}
	os.Stdout.Write(out)
	if how == "ends" {
		os.Exit(0)
	}
	select {}
}

func TestWhatATestHasStartedEndsWithIt(t *testing.T) {
	for _, how := range []string{"ends", "is killed"} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), asTest+"="+how)
			cmd.Stderr = os.Stderr
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			fd, err := unix.PidfdOpen(pid, 0)
			if err != nil && how == "is killed" {
				t.Fatal(err)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if err == nil {
				defer unix.Close(fd)
				awaitEnd(t, fd)
			}
		})
	}
}

func awaitEnd(t *testing.T, fd int) {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(time.Minute.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if n != 1 {
			t.Fatalf("the daemon of an ended test lives: %v", err)
		}
		return
	}
}
