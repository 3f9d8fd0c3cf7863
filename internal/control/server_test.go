package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// leaveDeadSocket leaves a socket that nobody listens on, as a killed daemon does.
func leaveDeadSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestOneDaemonOneSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	other := holding(t, path)
	_, err := Listen(path)
	want := fmt.Sprintf("another procward is already running here, pid %d (%s.lock)", other.Process.Pid, path)
	if !errors.Is(err, ErrRunning) || err.Error() != want {
		t.Errorf("second Listen: %v, want %s", err, want)
	}
	if _, err := net.Dial("unix", path); err != nil {
		t.Errorf("the first one suffered: %v", err)
	}
}

func TestSomebodyAnswersWithoutALock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Listen(path)
	if want := fmt.Sprintf("pid %d", os.Getpid()); !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), want) {
		t.Errorf("Listen: %v, want ErrRunning with %s", err, want)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the other's socket was removed: %v", err)
	}
}

func TestDeadSocketIsReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	leaveDeadSocket(t, path)
	leaveDeadSocket(t, path+draftSuffix)
	s, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(fake{}); err != nil {
		t.Errorf("Serve after Close: %v", err)
	}
	again, err := Listen(path)
	if err != nil {
		t.Fatalf("Listen after Close: %v", err)
	}
	if err := again.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "s.lock" {
		t.Errorf("left behind: %v, %v, want the lock alone", left, err)
	}
}

// Whoever sees the socket can connect.
func TestSocketIsReadyWhenSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for range 200 {
		seen := make(chan error, 1)
		go func() {
			for {
				c, err := net.Dial("unix", path)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err == nil {
					c.Close()
				}
				seen <- err
				return
			}
		}()
		s, err := Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := <-seen; err != nil {
			t.Fatalf("connect: %v", err)
		}
		if err := s.Close(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, filepath.Join(dir, "linked.lock")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file:                              "is there and is not a socket",
		filepath.Join(file, "below", "s"): "the directory of the socket",
		filepath.Join(dir, strings.Repeat("x", 120)): "longer than 103 bytes",
		filepath.Join(dir, "linked"):                 "open the lock",
	} {
		if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Listen(%s): %v, want %q", path, err, want)
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}
