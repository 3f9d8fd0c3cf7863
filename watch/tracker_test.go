package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

func TestCauseOfDeath(t *testing.T) {
	needPidfd(t)
	dir := t.TempDir()
	for _, c := range []struct {
		name, script string
		want         Cause
	}{
		{"exit 0", "exit 0", Cause{Known: true}},
		{"exit 3", "exit 3", Cause{Known: true, Code: 3}},
		{"exit 255", "exit 255", Cause{Known: true, Code: 255}},
		{"SIGTERM", "kill -TERM $$", Cause{Known: true, Signal: 15}},
		{"SIGKILL", "kill -KILL $$", Cause{Known: true, Signal: 9}},
		{"SIGSEGV without core", "ulimit -c 0; kill -SEGV $$", Cause{Known: true, Signal: 11}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, w := startHelper(t), startWatcher(t, Options{})
			fifo, open := gate(t)
			id := h.targets(1, "cd "+dir+"; exec /bin/sh -c 'read x <"+fifo+"; "+c.script+"'")[0]
			w.track(id)
			open()
			if e := w.expect(id); e.Cause != c.want || e.Belated {
				t.Errorf("got %+v, want %+v", e, c.want)
			}
			if told := h.reap(id); told != c.want {
				t.Errorf("its parent was told %+v", told)
			}
			w.quiet(h) // the reap tells nothing more
			if s := w.Stats(); s.Tracked != 0 || s.Late != 0 {
				t.Errorf("left behind: %+v", s)
			}
		})
	}
}

// A core is dumped where the limit allows it and core_pattern(5) names a file.
func TestCauseWithCore(t *testing.T) {
	needPidfd(t)
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil || strings.ContainsAny(string(pattern[:1]), "|@/\n") {
		t.Skipf("core_pattern %q: cores do not go into the working directory", pattern)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Max < 1<<20 {
		t.Skipf("the hard limit of a core is %d", limit.Max)
	}
	h, w := startHelper(t), startWatcher(t, Options{})
	fifo, open := gate(t)
	id := h.targets(1, "cd "+t.TempDir()+"; ulimit -S -c $(ulimit -H -c); exec /bin/sh -c 'read x <"+fifo+"; kill -SEGV $$'")[0]
	w.track(id)
	open()
	want := Cause{Known: true, Signal: int(unix.SIGSEGV), Core: true}
	if e := w.expect(id); e.Cause != want {
		t.Errorf("got %+v, want %+v", e.Cause, want)
	}
	if told := h.reap(id); told != want {
		t.Errorf("its parent was told %+v", told)
	}
}

// What its parent has reaped before Run looks is no zombie any more: the pidfd tells.
func TestCauseAfterTheReap(t *testing.T) {
	needExitInfo(t)
	h, w := startHelper(t), newWatcher(t, Options{})
	fifo, open := gate(t)
	id := h.targets(1, "read x <"+fifo+"; exit 7")[0]
	w.track(id)
	open()
	h.reap(id)
	w.run()
	if e := w.expect(id); e.Cause != (Cause{Known: true, Code: 7}) || e.Belated {
		t.Errorf("got %+v", e)
	}
	w.quiet(h)
}

// Where the pidfd does not tell, the cause of what is reaped stays unknown, and nothing is
// kept for it.
func TestCauseIsLost(t *testing.T) {
	needPidfd(t)
	h, w := startHelper(t), newWatcher(t, Options{})
	w.kernel.exitInfo = false
	id := h.targets(1, forEver(t))[0]
	w.track(id)
	kill(t, id)
	h.reap(id)
	w.run()
	if e := w.expect(id); e.Cause.Known || e.Belated {
		t.Errorf("%+v", e)
	}
	if s := w.Stats(); s.Late != 0 {
		t.Errorf("%+v", s)
	}
	w.quiet(h)
}

func TestCauseLater(t *testing.T) {
	needPidfd(t)
	h, w := startHelper(t), startWatcher(t, Options{CauseLater: true})
	id := h.targets(1, forEver(t))[0]
	w.track(id)
	kill(t, id)
	if e := w.expect(id); e.Cause.Known || e.Belated {
		t.Errorf("first %+v", e)
	}
	if e := w.expect(id); e.Cause != (Cause{Known: true, Signal: 9}) || !e.Belated {
		t.Errorf("then %+v", e)
	}
	if s := w.Stats(); s.Wakeups != 1 {
		t.Errorf("%+v", s)
	}
}

// A zombie is readable until it is reaped: it must not wake Run again and again.
func TestZombieDoesNotSpin(t *testing.T) {
	needPidfd(t)
	h, w := startHelper(t), startWatcher(t, Options{})
	ids := h.targets(3, forEver(t))
	w.track(ids...)
	for i, id := range ids {
		kill(t, id)
		w.expect(id)
		if n := w.Stats().Wakeups; n != uint64(i+1) {
			t.Errorf("%d wake-ups for %d deaths, none of them reaped", n, i+1)
		}
	}
	for _, id := range ids {
		h.reap(id)
	}
	w.quiet(h)
}

// Nor may it where its cause is not to be had, and its pidfd is kept for that.
func TestCauseFollowsTheReap(t *testing.T) {
	needExitInfo(t)
	h, w := startHelper(t), newWatcher(t, Options{})
	id := h.targets(1, forEver(t))[0]
	w.track(id)
	proc, root := w.fs, t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, itoa(id.PID), "stat"), 0o700); err != nil { // a directory: unreadable
		t.Fatal(err)
	}
	blind, err := procscan.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer blind.Close()
	w.fs = blind
	w.run()
	kill(t, id)
	if e := w.expect(id); e.Cause.Known || e.Belated {
		t.Errorf("first %+v", e)
	}
	until(t, "its state is seen by us too", func() bool { p, err := proc.Read(id.PID); return err == nil && p.Dead() })
	if s := w.Stats(); s.Wakeups != 1 || s.Late != 1 || s.Tracked != 0 {
		t.Errorf("%+v", s)
	}
	w.nudge() // if the zombie woke Run for ever, it would by now
	until(t, "Run was woken by us", func() bool { return w.Stats().Wakeups >= 2 })
	if s := w.Stats(); s.Wakeups != 2 {
		t.Errorf("%+v", s)
	}
	want := h.reap(id)
	if e := w.expect(id); e.Cause != want || !e.Belated {
		t.Errorf("then %+v, want %v", e, want)
	}
	if s := w.Stats(); s.Wakeups != 3 || s.Late != 0 {
		t.Errorf("%+v", s)
	}
}

func TestBurst(t *testing.T) {
	needPidfd(t)
	n := 1000
	if testing.Short() {
		n = 200
	}
	h, w := startHelper(t), startWatcher(t, Options{})
	ids := h.targets(n, forEver(t))
	w.track(ids...)
	if s := w.Stats(); s.Tracked != n {
		t.Fatalf("%+v", s)
	}
	for _, id := range ids {
		kill(t, id)
	}
	seen := map[procscan.ID]int{}
	for range ids {
		e := w.next()
		seen[e.ID]++
		if e.Cause != (Cause{Known: true, Signal: 9}) || e.Belated {
			t.Errorf("%+v", e)
		}
	}
	for _, id := range ids {
		if seen[id] != 1 {
			t.Errorf("%v was told %d times", id, seen[id])
		}
	}
	w.quiet(h)
}

func TestTrackWhatIsGone(t *testing.T) {
	for _, opts := range []Options{{}, {ForcePolling: true}} {
		h, w := startHelper(t), startWatcher(t, opts)
		id := h.targets(1, forEver(t))[0]
		kill(t, id)
		zombie := func() bool {
			p, err := w.fs.Read(id.PID)
			return err == nil && p.Dead()
		}
		until(t, "it is a zombie", zombie)
		if err := w.Track(id); !errors.Is(err, procscan.ErrGone) {
			t.Errorf("%s: Track of a zombie: %v", w.Mode(), err)
		}
		h.reap(id)
		if err := w.Track(id); !errors.Is(err, procscan.ErrGone) {
			t.Errorf("%s: Track of a reaped process: %v", w.Mode(), err)
		}
		if s := w.Stats(); s.Tracked != 0 {
			t.Errorf("%s: %+v", w.Mode(), s)
		}
	}
}

func TestUntrack(t *testing.T) {
	needPidfd(t)
	h, w := startHelper(t), startWatcher(t, Options{})
	ids := h.targets(2, forEver(t))
	w.track(ids...)
	w.track(ids...) // once more changes nothing
	w.Untrack(ids[0])
	w.Untrack(ids[0])
	if s := w.Stats(); s.Tracked != 1 {
		t.Fatalf("%+v", s)
	}
	kill(t, ids[0])
	h.reap(ids[0])
	w.quiet(h)
	kill(t, ids[1])
	w.expect(ids[1])
	w.quiet(h)
}

func TestRunEndsWithItsContext(t *testing.T) {
	w := newWatcher(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx, func([]Event) {}) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Track(identify(t, os.Getpid())); err == nil {
		t.Error("a closed Tracker tracks")
	}
	w.Untrack(procscan.ID{PID: 1})
}
