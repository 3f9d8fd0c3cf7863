package power

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"procward/internal/hang"

	"golang.org/x/sys/unix"
)

// full makes a FIFO that takes nothing more: a write to it hangs until drain.
func (b *bed) full(name string) (path string, drain func()) {
	b.t.Helper()
	path = filepath.Join(b.dir, name)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		b.t.Fatal(err)
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { unix.Close(fd) })
	page := make([]byte, 4096)
	for err == nil {
		_, err = unix.Write(fd, page)
	}
	for err = nil; err == nil; {
		_, err = unix.Write(fd, page[:1])
	}
	return path, func() {
		for err := error(nil); err == nil; {
			_, err = unix.Read(fd, page)
		}
	}
}

// short lets the steps that hang be over soon; the others have all the time they need,
// as nothing is waited for that succeeds.
var short = Limits{Call: time.Second, Leave: 10 * time.Millisecond, Sync: time.Minute, Kernel: 50 * time.Millisecond, Pause: 50 * time.Millisecond}

// A write that the kernel does not finish is left behind.
func TestTheKernelsLogHangs(t *testing.T) {
	b := newBed(t, Reboot)
	var drain func()
	b.opts.Paths.Kmsg, drain = b.full("full")
	b.opts.Limits = short
	b.opts.Manager = asked{b, nil}
	m := b.open()
	defer drain()
	err := m.Act(t.Context(), Reboot, "httpd is down")
	if !errors.Is(err, ErrStuck) || !strings.Contains(err.Error(), "kernel log: hangs") {
		t.Error(err)
	}
	if b.calls() != "Reboot, sync, restart" {
		t.Errorf("done %s", b.calls())
	}
}

// With no free PID the process lives on, and takes every step.
func TestNoFreePID(t *testing.T) {
	dir, is := uncounted(t)
	if !is {
		return
	}
	b := newBedIn(t, dir, Reboot)
	kmsg, drain := b.full("full")
	b.opts.Paths.Kmsg, b.opts.Limits = kmsg, short
	sysrq, drainSysrq := b.full("full-sysrq")
	b.opts.Paths.Sysrq = sysrq
	over := make(chan struct{})
	b.opts.Kernel = Kernel{
		Sync:   func() { b.did("sync") },
		Reboot: func(int) error { b.did("restart"); <-over; return nil },
	}
	m := b.open()
	defer drain()
	defer drainSysrq()
	defer close(over)
	noMorePIDs(t)
	err := m.Act(t.Context(), Reboot, "httpd is down")
	if got := fmt.Sprint(err); strings.Count(got, "hangs") != 5 {
		t.Errorf("%v, want all but systemd and sync to hang", err)
	}
	if b.calls() != "sync, restart" {
		t.Errorf("done %s", b.calls())
	}
}

// noMorePIDs lets this process start no other, and no thread (RLIMIT_NPROC). Go's runtime
// ends a process that lacks a thread, so there are as many before as the steps will need,
// as the daemon has them.
func noMorePIDs(t *testing.T) {
	t.Helper()
	hang.Threads(40)
	hang.Threads(20) // which there are: whatever the runtime had begun before is there by now
	limitPIDs(t, 1)
	if _, err := os.StartProcess("/proc/self/exe", []string{"procward", proofWord, "/"}, &os.ProcAttr{}); !errors.Is(err, unix.EAGAIN) {
		t.Skipf("the limit of processes does not bind here: %v", err)
	}
}

func limitPIDs(t *testing.T, n uint64) {
	t.Helper()
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: n, Max: 4096}); err != nil {
		t.Fatal(err)
	}
}

func TestLockMemory(t *testing.T) {
	if _, is := alone(t); !is {
		return
	}
	if err := LockMemory(); err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOMEM) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	self, _ := os.Readlink("/proc/self/exe")
	seen := 0
	for _, part := range strings.Split(string(maps), "VmFlags:") {
		_, part, ours := strings.Cut(part, " "+self+"\n")
		if !ours {
			continue
		}
		var size, rss int
		for line := range strings.Lines(part) {
			fmt.Sscanf(line, "Size: %d kB", &size)
			fmt.Sscanf(line, "Rss: %d kB", &rss)
		}
		if size > 1024 { // the program and its constants
			seen++
			if rss != size {
				t.Errorf("of %d kB of the program %d are in memory", size, rss)
			}
		}
	}
	if seen < 2 {
		t.Errorf("%d parts of the program found", seen)
	}
}
