package control

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

// The test binary itself is another process, which listens at a path, with the lock beside
// it, and then starts a program, if one is given.
const (
	holdEnv  = "PROCWARD_TEST_HOLD"
	startEnv = "PROCWARD_TEST_START"
)

func TestMain(m *testing.M) {
	testbed.Leash()
	if path := os.Getenv(holdEnv); path != "" {
		hold(path, os.Getenv(startEnv))
	}
	os.Exit(m.Run())
}

func hold(path, program string) {
	s, err := Listen(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	if program != "" {
		cmd := exec.Command(program)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		fmt.Println(cmd.Start()) // which never returns
	}
	bufio.NewReader(os.Stdin).ReadString('\n')
	runtime.KeepAlive(s)
	os.Exit(0)
}

// holding is another process that listens until it is killed.
func holding(t *testing.T, path string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, holdEnv+"="+path)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _, _ = cmd.Process.Wait() })
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other one says %q", line)
	}
	return cmd
}

func TestLock(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	path := socket + ".lock"
	first := holding(t, socket)
	if _, err := Acquire(path); !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", first.Process.Pid)) {
		t.Errorf("second Acquire: %v, want ErrRunning", err)
	}
	// One that is on its way out is waited for.
	time.AfterFunc(50*time.Millisecond, func() { _ = first.Process.Kill() })
	again, err := Acquire(path)
	if err != nil {
		t.Fatalf("Acquire after the end of the holder: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(filepath.Join(path, "below")); err == nil {
		t.Error("a lock below a file was given")
	}
}

// A daemon is killed while it starts a script whose program cannot be opened: the child
// between fork and execution has a copy of all its descriptors, and lives on. Any signal
// ends that child, which then shows nothing: it is tried again.
func TestAChildThatHangsBeforeItsExecutionHoldsNothing(t *testing.T) {
	for range 5 {
		if !t.Failed() && listensBesideAChild(t) {
			return
		}
	}
	t.Error("no child has kept the copies of its descriptors")
}

// listensBesideAChild reports whether the child had its copies to the end.
func listensBesideAChild(t *testing.T) bool {
	dir := t.TempDir()
	path, program := filepath.Join(dir, "s"), filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(program, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// Who opens a file with a lease waits until it is given back (fcntl(2), F_SETLEASE).
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("no lease on a file here: %v", err)
	}
	daemon := holding(t, path, startEnv+"="+program)
	child := childOf(t, daemon.Process.Pid)
	if err := daemon.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := daemon.Process.Wait(); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		return false
	}
	c.Close()
	s, err := Listen(path)
	if err != nil {
		t.Fatalf("with the child of the dead one: %v", err)
	}
	kept := has(child, path+".lock")
	if err := s.Close(soon(t)); err != nil {
		t.Error(err)
	}
	return kept
}

// childOf waits for the one child of a process.
func childOf(t *testing.T, pid int) (child int) {
	t.Helper()
	testbed.Until(t, "it starts something", func() bool {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, task := range tasks {
			text, _ := os.ReadFile(task)
			if _, err := fmt.Sscan(string(text), &child); err != nil {
				continue
			}
			if sid, _ := unix.Getsid(child); sid == child { // the Go runtime has others
				return true
			}
		}
		return false
	})
	return child
}

// has reports whether a process has a file open.
func has(pid int, path string) bool {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range fds {
		if link, err := os.Readlink(fd); err == nil && link == path {
			return true
		}
	}
	return false
}

// TestLockOfAnother holds that nothing is written into a file that somebody else has put in
// the place of the lock.
func TestLockOfAnother(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "lock")
	for name, make := range map[string]func() error{
		"too many levels of symbolic links": func() error { return os.Symlink(victim, path) },
		"hard links":                        func() error { return os.Link(victim, path) },
		"not a regular file":                func() error { return unix.Mkfifo(path, 0o600) },
		"belongs to the user 54321": func() error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Chown(path, 54321, -1))
		},
	} {
		if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := make(); err != nil {
			t.Log("cannot be played here: ", err)
			continue
		}
		if l, err := Acquire(path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, %v; want %s", l, err, name)
		}
		if data, _ := os.ReadFile(victim); string(data) != "mine" {
			t.Errorf("%s: the file holds %q", name, data)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestListenInAnothersDirectory holds that root makes no socket where another can replace it.
func TestListenInAnothersDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give a directory away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 54321, -1); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"s", "below/s"} {
		if s, err := Listen(filepath.Join(dir, path)); err == nil || !strings.Contains(err.Error(), "belongs to the user 54321") {
			t.Errorf("%v, %v", s, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
