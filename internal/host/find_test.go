package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/engine"
	"procward/procscan"
)

// finder is a Host that finds scripts, and a script that runs until the test ends.
func finder(t *testing.T) (h *Host, script string) {
	t.Helper()
	fs, err := procscan.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	script = filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nread line\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return &Host{FS: fs, ctx: t.Context()}, script
}

// One script may serve many processes.
func TestFindScriptTellsScriptsOfOneProgramApart(t *testing.T) {
	h, script := finder(t)
	since := procscan.Boottime()
	pids := map[string]int{}
	for _, name := range []string{"a", "b", "c"} {
		cmd := exec.Command(script)
		cmd.Env = []string{"PROCWARD_PROCESS=" + name}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if _, err := cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		pids[name] = cmd.Process.Pid
	}
	for name, pid := range pids {
		if id := h.findScript(engine.Await{Path: script, Env: "PROCWARD_PROCESS=" + name, Since: since}); id.PID != pid {
			t.Errorf("the script of %s is %v, want %d", name, id, pid)
		}
	}
	if id := h.findScript(engine.Await{Path: script, Env: "PROCWARD_PROCESS=d", Since: since}); id != (procscan.ID{}) {
		t.Errorf("the script of d is %v", id)
	}
	if id := h.findScript(engine.Await{Path: script, Env: "PROCWARD_PROCESS=a", Since: procscan.Boottime() + time.Second}); id != (procscan.ID{}) {
		t.Errorf("one that was started before is %v", id)
	}
}

const unbornEnv = "PROCWARD_TEST_UNBORN"

// TestUnbornHelper is a daemon that dies while it starts a script.
func TestUnbornHelper(t *testing.T) {
	script := os.Getenv(unbornEnv)
	if script == "" {
		t.Skip("the other half of TestFindScriptWaitsForItsExecution")
	}
	cmd := exec.Command(script)
	cmd.Env = []string{"PROCWARD_PROCESS=a"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	t.Fatal(cmd.Start()) // which never returns
}

func TestFindScriptWaitsForItsExecution(t *testing.T) {
	h, script := finder(t)
	if err := os.WriteFile(script, []byte("#!/bin/sh\nwhile sleep 0.1; do :; done\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(script)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// Who opens a file with a lease waits until it is given back (fcntl(2), F_SETLEASE).
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("no lease on a file here: %v", err)
	}
	since := procscan.Boottime()
	daemon := exec.Command(os.Args[0], "-test.run=^TestUnbornHelper$")
	daemon.Env = append(os.Environ(), unbornEnv+"="+script)
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	child := 0
	for sid := 0; sid == 0 || sid != child; sid, _ = unix.Getsid(child) { // the Go runtime has others
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", daemon.Process.Pid))
		for _, task := range tasks {
			text, _ := os.ReadFile(task)
			_, _ = fmt.Sscan(string(text), &child)
		}
	}
	t.Cleanup(func() { _ = syscall.Kill(child, syscall.SIGKILL) })
	_ = daemon.Process.Kill()
	_ = daemon.Wait()
	released := make(chan struct{})
	time.AfterFunc(100*time.Millisecond, func() {
		defer close(released)
		_, _ = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	})
	if id := h.findScript(engine.Await{Path: script, Env: "PROCWARD_PROCESS=a", Since: since}); id.PID != child {
		t.Errorf("it is %v, want %d", id, child)
	}
	<-released
}
