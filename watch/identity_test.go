package watch

import (
	"errors"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
	"procward/procscan"
)

// A process whose first thread has exited looks like a zombie and lives.
func TestLeaderGone(t *testing.T) {
	needPidfd(t)
	for _, opts := range []Options{{}, {ForcePolling: true, Poll: 10 * time.Millisecond}} {
		h, w := startHelper(t), startWatcher(t, opts)
		id := h.id()
		w.track(id)
		if err := h.Ask("leave"); err != "<nil>" {
			t.Fatal(err)
		}
		until(t, "its first thread is gone", func() bool {
			s, err := procfile.Read(id.PID)
			return err == nil && s.Leaderless()
		})
		w.quiet(startHelper(t))
		w.Untrack(id)
		w.track(id) // also what is in this state already
		kill(t, id)
		if e := w.expect(id); opts.ForcePolling == false && e.Cause != (Cause{Known: true, Signal: 9}) {
			t.Errorf("%s: %+v", w.Mode(), e)
		}
	}
}

// To execute another program is no end, also when another thread than the first does it.
func TestExecInPlace(t *testing.T) {
	needPidfd(t)
	h, w := startHelper(t), startWatcher(t, Options{})
	id := h.id()
	w.track(id)
	for range 20 {
		if got := h.Ask("exec"); got != "ready" {
			t.Fatal(got)
		}
	}
	w.quiet(startHelper(t))
	if got := identify(t, id.PID); got != id {
		t.Fatalf("it is %v now, was %v", got, id)
	}
	kill(t, id)
	w.expect(id)
}

// Another process with the PID of one that is tracked or was tracked is another process.
func TestReusedPID(t *testing.T) {
	needRoot(t)
	needPidfd(t)
	for _, opts := range []Options{{}, {ForcePolling: true, Poll: 10 * time.Millisecond}} {
		h, w := startHelper(t), newWatcher(t, opts)
		old := h.targets(1, forEver(t))[0]
		w.track(old)
		kill(t, old)
		h.reap(old)
		reused := reuse(t, old)
		if reused.PID != old.PID || reused.Start == old.Start {
			t.Fatalf("%v became %v", old, reused)
		}
		if err := newWatcher(t, opts).Track(old); !errors.Is(err, procscan.ErrGone) {
			t.Errorf("%s: Track of the old: %v", w.Mode(), err)
		}
		w.track(reused)
		w.run()
		if e := w.expect(old); !opts.ForcePolling && w.kernel.exitInfo && e.Cause != (Cause{Known: true, Signal: 9}) {
			t.Errorf("%s: %+v", w.Mode(), e)
		} else if opts.ForcePolling && e.Cause.Known {
			t.Errorf("%s: %+v", w.Mode(), e)
		}
		w.quiet(startHelper(t))
		kill(t, reused)
		if e := w.expect(reused); e.Cause != (Cause{Known: true, Signal: 9}) {
			t.Errorf("%s: %+v", w.Mode(), e)
		}
	}
}

// reuse starts a child with the PID of a process that is gone, and another start time.
func reuse(t *testing.T, old procscan.ID) procscan.ID {
	t.Helper()
	until(t, "the clock of start times has ticked", func() bool { return procscan.Boottime() > old.Started()+20*time.Millisecond })
	errno := cloneWith(old.PID)
	if errno != 0 {
		t.Skipf("clone3 with set_tid: %v", errno)
	}
	t.Cleanup(func() {
		_ = unix.Kill(old.PID, unix.SIGKILL) // our child, not reaped before the next line
		_, _ = unix.Wait4(old.PID, nil, 0, nil)
	})
	return identify(t, old.PID)
}

// cloneWith forks a child with a PID of our choice (clone3(2)), which sleeps. It may do
// nothing but raw system calls: it has one thread of a Go program.
//
//go:norace
//go:noinline
func cloneWith(pid int) unix.Errno {
	tid := int32(pid)
	args := struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64 }{
		exitSignal: uint64(unix.SIGCHLD), setTID: uint64(uintptr(unsafe.Pointer(&tid))), setTIDSize: 1,
	}
	child, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	if child == 0 && errno == 0 {
		for {
			unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	runtime.KeepAlive(&tid)
	return errno
}
