package watch

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"procward/procscan"
)

// watcher is a Tracker under test, running, and what it tells.
type watcher struct {
	*Tracker
	t      *testing.T
	events chan Event
	mu     sync.Mutex
	notes  []string
	run    func()
}

// newWatcher makes one that does not run yet.
func newWatcher(t *testing.T, opts Options) *watcher {
	t.Helper()
	w := &watcher{t: t, events: make(chan Event, 4096)}
	opts.Note = func(text string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.notes = append(w.notes, text)
	}
	var err error
	if w.Tracker, err = NewTracker(openProc(t), opts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	w.run = func() {
		running.Go(func() {
			err := w.Run(ctx, func(events []Event) {
				for _, e := range events {
					w.events <- e
				}
			})
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return w
}

func startWatcher(t *testing.T, opts Options) *watcher {
	t.Helper()
	w := newWatcher(t, opts)
	w.run()
	return w
}

func (w *watcher) track(ids ...procscan.ID) {
	w.t.Helper()
	for _, id := range ids {
		if err := w.Track(id); err != nil {
			w.t.Fatalf("Track: %v", err)
		}
	}
}

func (w *watcher) next() Event {
	w.t.Helper()
	select {
	case e := <-w.events:
		return e
	case <-time.After(10 * time.Second):
		w.t.Fatalf("no event within 10 s; %+v", w.Stats())
	}
	return Event{}
}

// expect awaits an event of a process and returns it.
func (w *watcher) expect(id procscan.ID) Event {
	w.t.Helper()
	e := w.next()
	if e.ID != id {
		w.t.Fatalf("told of %v (%v, belated %t), want %v", e.ID, e.Cause, e.Belated, id)
	}
	if now := procscan.Boottime(); e.At <= now-20*time.Second || e.At > now {
		w.t.Errorf("told at %v, now is %v", e.At, now)
	}
	return e
}

// quiet holds when nothing is told before the death of a process killed now, which is
// also the only thing that wakes Run.
func (w *watcher) quiet(h *helper) {
	w.t.Helper()
	marker := h.targets(1, forEver(w.t))[0]
	w.track(marker)
	before := w.Stats().Wakeups
	kill(w.t, marker)
	w.expect(marker)
	if n := w.Stats().Wakeups - before; n != 1 && w.Stats().Polled == 0 {
		w.t.Errorf("%d wake-ups for one death", n)
	}
	h.reap(marker)
}

func (w *watcher) noted() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.notes...)
}

func needPidfd(t *testing.T) {
	t.Helper()
	if k, without := probe(); !k.pidfd {
		t.Skip(without)
	}
}

func needExitInfo(t *testing.T) {
	t.Helper()
	if k, without := probe(); !k.exitInfo {
		t.Skip(without)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// within runs the test that calls it once more, alone, in a process made by how, and
// says whether this is that process.
func within(t *testing.T, how func(cmd *exec.Cmd)) bool {
	t.Helper()
	const inside = "WATCH_INSIDE"
	if os.Getenv(inside) == t.Name() {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"="+t.Name(), "GORACE=atexit_sleep_ms=0")
	how(cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	} else if !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("the test did not pass inside:\n%s", out)
	}
	return false
}
