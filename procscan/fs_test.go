package procscan

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestOpenRefusesWhatIsNoDirectory(t *testing.T) {
	for _, root := range []string{"/no/such/root", "/proc/self/stat"} {
		if _, err := Open(root); err == nil {
			t.Errorf("%s was opened", root)
		}
	}
}

func TestReadOwnProcess(t *testing.T) {
	_, fs := realScanner(t)
	p, err := fs.Read(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if p.PID != os.Getpid() || p.PPID != os.Getppid() || p.Comm != commOf(os.Args[0]) || p.Kernel || p.Dead() || p.Threads < 1 {
		t.Errorf("%#v", p)
	}
	if sid, _ := unix.Getsid(0); p.Session != sid || p.PGRP != syscall.Getpgrp() {
		t.Errorf("session %d, group %d", p.Session, p.PGRP)
	}
	if age := Boottime() - p.Started(); age < 0 || age > 10*time.Minute {
		t.Errorf("we are %v old", age)
	}
}

func TestReadWhatIsNotThere(t *testing.T) {
	_, fs := realScanner(t)
	h := start(t)
	h.End()
	if p, err := fs.Read(h.pid()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%#v, %v", p, err)
	}
}

func TestReadZombie(t *testing.T) {
	_, fs := realScanner(t)
	cmd := exec.Command("/bin/sh", "-c", "exit 3")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	var p Process
	within(t, "zombie", func() bool {
		p, _ = fs.Read(cmd.Process.Pid)
		return p.State == 'Z'
	})
	if !p.Dead() || p.ExitCode != 3<<8 {
		t.Errorf("%#v", p)
	}
}

func TestReadProcessWithoutLeader(t *testing.T) {
	s, fs := realScanner(t)
	exe := called(t, "leaderless")
	h := start(t, exe, with("some", "words"))
	h.Do("leave")
	within(t, "leader is a zombie", func() bool {
		stat, _ := os.ReadFile(filepath.Join("/proc", itoa(h.pid()), "stat"))
		return strings.Contains(string(stat), ") Z ")
	})
	p, err := fs.Read(h.pid())
	if err != nil || p.Dead() || p.State == 'Z' || p.Threads < 2 {
		t.Errorf("%#v, %v", p, err)
	}
	sel := find(t, s, func(m *Match) { m.Exe, m.Args, m.Name = h.Cmd.Path, "^"+h.Cmd.Path+" helper some words$", "leaderless" })
	if len(sel.Selected) != 1 || sel.Selected[0].PID != h.pid() || sel.Selected[0].State == 'Z' {
		t.Errorf("%#v", sel)
	}
	h.End()
	if sel := find(t, s, func(m *Match) { m.Exe = h.Cmd.Path }); len(sel.Matching)+len(sel.Unreadable) != 0 {
		t.Errorf("after its end: %#v", sel)
	}
}

func TestReadZombieLeaderFromTree(t *testing.T) {
	s, root := tree(t, fake{pid: 10, comm: "a", state: 'Z', threads: 3}, fake{pid: 11, comm: "a", state: 'Z'}, fake{pid: 12, comm: "a", state: 'X', threads: 2})
	thread := fake{pid: 13, comm: "a", state: 'D', exe: "/x", args: []string{"x"}}
	thread.writeFiles(t, filepath.Join(root, "10/task/13"))
	fake{pid: 14, comm: "a", state: 'Z'}.writeFiles(t, filepath.Join(root, "10/task/14"))
	fake{pid: 10, comm: "a", state: 'Z'}.writeFiles(t, filepath.Join(root, "10/task/10"))
	p, err := s.fs.Read(10)
	if err != nil || p.State != 'D' || p.Dead() {
		t.Errorf("%#v, %v", p, err)
	}
	sel := find(t, s, func(m *Match) { m.Name, m.Exe, m.Args = "a", "/x", "^x$" })
	if len(sel.Selected) != 1 || sel.Selected[0].PID != 10 || sel.Selected[0].State != 'D' {
		t.Errorf("%#v", sel)
	}
	if sel := find(t, s, func(m *Match) { m.Name = "a" }); len(sel.Matching) != 1 {
		t.Errorf("the dead match: %#v", sel.Matching)
	}
}

func TestBootID(t *testing.T) {
	_, fs := realScanner(t)
	id, err := fs.BootID()
	if err != nil || !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("%q, %v", id, err)
	}
	s, root := tree(t)
	if _, err := s.fs.BootID(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the file: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(root, "sys/kernel/random"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "sys/kernel/random/boot_id"), []byte("\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if id, err := s.fs.BootID(); err == nil {
		t.Errorf("an empty file is %q", id)
	}
}

func TestStartedIsInHundredths(t *testing.T) {
	if got := (ID{PID: 1, Start: 12345}).Started(); got != 123450*time.Millisecond {
		t.Error(got)
	}
}
