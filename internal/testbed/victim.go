package testbed

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
)

// Victim is a process that a test does something to. It obeys what it reads from its standard
// input, line by line, and answers each line with one.
type Victim struct {
	T     testing.TB
	Cmd   *exec.Cmd
	PID   int
	Start uint64 // field 22 of proc_pid_stat(5)

	in  io.WriteCloser
	out *bufio.Reader
}

// NewVictim starts one. It ends with the test.
func NewVictim(t testing.TB, cmd *exec.Cmd) *Victim {
	t.Helper()
	v := &Victim{T: t, Cmd: cmd}
	out, err := cmd.StdoutPipe()
	if err == nil {
		v.in, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	v.out = bufio.NewReader(out)
	t.Cleanup(v.End)
	s, err := procfile.Read(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	v.PID, v.Start = s.PID, s.Start
	return v
}

// Self is a command that runs the test's own program, which finds out by the variable what it
// is to be.
func Self(variable string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), variable+"=1", "GORACE=atexit_sleep_ms=0") // else a second each
	cmd.Stderr = os.Stderr
	return cmd
}

// End kills it and waits for that.
func (v *Victim) End() {
	v.Close()
	_ = v.Cmd.Process.Kill()
	_ = v.Cmd.Wait()
}

// Close closes its standard input.
func (v *Victim) Close() { v.in.Close() }

// Say gives an order.
func (v *Victim) Say(format string, args ...any) {
	v.T.Helper()
	if _, err := fmt.Fprintf(v.in, format+"\n", args...); err != nil {
		v.T.Fatalf("order the victim: %v", err)
	}
}

// Hear is its next answer.
func (v *Victim) Hear() string {
	v.T.Helper()
	line, err := v.out.ReadString('\n')
	if err != nil {
		v.T.Fatalf("hear the victim: %v", err)
	}
	return strings.TrimSpace(line)
}

// Ask gives an order and returns the answer.
func (v *Victim) Ask(format string, args ...any) string {
	v.T.Helper()
	v.Say(format, args...)
	return v.Hear()
}

// Do gives an order whose answer is that it succeeded.
func (v *Victim) Do(format string, args ...any) {
	v.T.Helper()
	if got := v.Ask(format, args...); got != "<nil>" {
		v.T.Fatalf(format+": %s", append(args, got)...)
	}
}

// Signal sends it a signal. It has not been reaped, so that its PID is its own.
func (v *Victim) Signal(sig unix.Signal) {
	v.T.Helper()
	if err := unix.Kill(v.PID, sig); err != nil {
		v.T.Fatal(err)
	}
}

// AwaitState waits until one of its threads is in one of the states.
func (v *Victim) AwaitState(states string) {
	v.T.Helper()
	dir, err := procfile.Open("/proc")
	if err != nil {
		v.T.Fatal(err)
	}
	defer dir.Close()
	var path procfile.Path
	buf := make([]byte, 32<<10)
	Until(v.T, fmt.Sprintf("pid %d in state %s", v.PID, states), func() bool {
		tids, _ := dir.Numbers(path.Of(v.PID, 0, "task"), buf, nil)
		for _, tid := range tids {
			var s procfile.Stat
			if dir.Stat(v.PID, tid, buf, &s) == nil && strings.IndexByte(states, s.State) >= 0 {
				return true
			}
		}
		return false
	})
}

// LeaveLeader ends the first thread of this process; the others live on.
func LeaveLeader() error {
	for range 1000 {
		first := make(chan bool)
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() != os.Getpid() {
				first <- false
				select {} // keep this thread, so that the next goroutine gets another
			}
			first <- true
			_, _, _ = unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
		}()
		if <-first {
			return nil
		}
	}
	return fmt.Errorf("never ran on the first thread")
}
