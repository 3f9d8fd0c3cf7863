package procscan

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

func TestPidfd(t *testing.T) {
	_, fs := realScanner(t)
	h := start(t)
	p, err := fs.Read(h.pid())
	if err != nil {
		t.Fatal(err)
	}
	fd, err := fs.Pidfd(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("not close-on-exec: %d, %v", flags, err)
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil {
		t.Error(err)
	}
	within(t, "the pidfd is readable", func() bool { return alive(fd) != nil })
	// It is a zombie now, then it is reaped, then the PID is nobody's.
	for _, state := range []string{"zombie", "reaped"} {
		if got, err := fs.Pidfd(p.ID); !errors.Is(err, ErrGone) || got != -1 {
			t.Errorf("%s: %d, %v", state, got, err)
		}
		_ = h.Cmd.Wait()
	}
}

func TestPidfdOfAnEarlierProcess(t *testing.T) {
	_, fs := realScanner(t)
	before := descriptors(t)
	if fd, err := fs.Pidfd(ID{PID: os.Getpid(), Start: 1}); !errors.Is(err, ErrGone) {
		t.Errorf("%d, %v", fd, err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// A thread's number is no process's, though /proc/TID/stat can be read: not gone, but
// refused.
func TestPidfdOfAThread(t *testing.T) {
	_, fs := realScanner(t)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if task.Name() == itoa(os.Getpid()) {
			continue
		}
		p, err := fs.Read(atoi(task.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if fd, err := fs.Pidfd(p.ID); err == nil || errors.Is(err, ErrGone) {
			t.Errorf("thread %d: %d, %v", p.PID, fd, err)
		}
		return
	}
	t.Skip("this process has one thread")
}

func TestPidfdWithoutDescriptors(t *testing.T) {
	h := start(t)
	if got := h.Ask("pidfd"); !strings.Contains(got, unix.EMFILE.Error()) {
		t.Error(got)
	}
}

// A PID that is given to another process is not the one that was.
func TestPidfdOfAReusedPID(t *testing.T) {
	_, fs := realScanner(t)
	h := start(t)
	first, err := fs.Read(h.pid())
	if err != nil {
		t.Fatal(err)
	}
	h.End()
	within(t, "another tick", func() bool { return Boottime() >= first.Started()+2*procfile.Tick })
	second := reuse(t, first.PID)
	now, err := fs.Read(first.PID)
	if err != nil || now.ID == first.ID {
		t.Fatalf("first %v, second %v, %v", first, now, err)
	}
	if fd, err := fs.Pidfd(first.ID); !errors.Is(err, ErrGone) {
		t.Errorf("%d, %v", fd, err)
	}
	fd, err := fs.Pidfd(now.ID)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	second.End()
}

// reuse starts helpers until one has the given PID, which is free.
func reuse(t *testing.T, pid int, change ...func(*exec.Cmd)) *helper {
	t.Helper()
	needRoot(t)
	const last = "/proc/sys/kernel/ns_last_pid"
	for range 100 {
		if err := os.WriteFile(last, []byte(itoa(pid-1)), 0); err != nil {
			t.Skipf("cannot choose a PID: %v", err)
		}
		h := start(t, change...)
		if h.pid() == pid {
			return h
		}
		h.End()
	}
	t.Skip("others took the PID each time")
	return nil
}
