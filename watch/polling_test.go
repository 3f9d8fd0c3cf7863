package watch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"procward/procscan"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestForcedPolling(t *testing.T) {
	h, w := startHelper(t), startWatcher(t, Options{ForcePolling: true, Poll: 5 * time.Millisecond})
	if w.Mode() != "polling" || len(w.noted()) != 1 {
		t.Errorf("mode %s, notes %q", w.Mode(), w.noted())
	}
	fifo, open := gate(t)
	ids := h.targets(3, "read x <"+fifo+"; exit 4")
	w.track(ids...)
	if s := w.Stats(); s.Polled != 3 || s.Tracked != 3 {
		t.Errorf("%+v", s)
	}
	kill(t, ids[0])
	if e := w.expect(ids[0]); e.Cause != (Cause{Known: true, Signal: 9}) {
		t.Errorf("%+v", e)
	}
	w.Untrack(ids[1])
	kill(t, ids[1])
	h.reap(ids[1])
	open()
	if e := w.expect(ids[2]); e.Cause != (Cause{Known: true, Code: 4}) {
		t.Errorf("%+v", e)
	}
	until(t, "nothing wakes Run any more", func() bool { return w.timeout() == -1 })
}

// What cannot be read is not gone; a zero is the exit code only for those who may know it.
func TestLook(t *testing.T) {
	const pid = 1<<22 - 1 // no process of this host, or one that started at another time
	stat := func(state string, start, code int) string {
		return itoa(pid) + " (a) b) " + state + " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " + itoa(start) +
			" 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 " + itoa(code) + "\n"
	}
	for _, c := range []struct {
		name, text string
		ended      bool
		cause      Cause
	}{
		{"alive", stat("S", 7, 0), false, Cause{}},
		{"stopped", stat("T", 7, 0x137f), false, Cause{}},
		{"another start time", stat("S", 8, 0), true, Cause{}},
		{"a zombie", stat("Z", 7, 9), true, Cause{Known: true, Signal: 9}},
		{"a zombie with a zero that may be a lie", stat("Z", 7, 0), true, Cause{}},
		{"another zombie", stat("Z", 8, 9), true, Cause{}},
		{"no stat line", "what?", false, Cause{}},
		{"empty", "", false, Cause{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			if err := os.MkdirAll(filepath.Join(root, itoa(pid)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, itoa(pid), "stat"), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			checkLook(t, root, procscan.ID{PID: pid, Start: 7}, c.ended, c.cause)
		})
	}
	t.Run("unreadable", func(t *testing.T) {
		root := t.TempDir()
		if err := os.MkdirAll(filepath.Join(root, itoa(pid), "stat"), 0o700); err != nil { // a directory: EISDIR
			t.Fatal(err)
		}
		checkLook(t, root, procscan.ID{PID: pid, Start: 7}, false, Cause{})
	})
	t.Run("not there", func(t *testing.T) { checkLook(t, t.TempDir(), procscan.ID{PID: pid, Start: 7}, true, Cause{}) })
}

func checkLook(t *testing.T, root string, id procscan.ID, ended bool, cause Cause) {
	t.Helper()
	fs, err := procscan.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Close()
	gotEnded, gotCause := (&Tracker{fs: fs}).look(id)
	if gotEnded != ended || gotCause != cause {
		t.Errorf("ended %t, %v; want %t, %v", gotEnded, gotCause, ended, cause)
	}
}

// Where descriptors run out the rest is polled, and comes back when there is room.
func TestFewDescriptors(t *testing.T) {
	needPidfd(t)
	few := func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"/bin/sh", "-c", `ulimit -n 80; exec "$@"`, "sh", self(t)}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
	if !within(t, few) {
		return
	}
	h, w := startHelper(t), startWatcher(t, Options{Poll: 5 * time.Millisecond})
	ids := h.targets(100, forEver(t))
	w.track(ids...)
	s := w.Stats()
	if s.Tracked != 100 || s.Polled < 40 || s.Polled > 80 {
		t.Fatalf("limit %d: %+v", files().Cur, s)
	}
	if notes := w.noted(); len(notes) != 1 || !strings.Contains(notes[0], "polled") {
		t.Errorf("announced %q", notes)
	}
	for range 10 { // there is room left for the rest of the program
		f, err := os.Open("/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	seen := map[procscan.ID]int{}
	die := func(ids ...procscan.ID) {
		for _, id := range ids {
			kill(t, id)
		}
		for range ids {
			e := w.next()
			seen[e.ID]++
			if e.Cause != (Cause{Known: true, Signal: 9}) {
				t.Errorf("%+v", e)
			}
		}
	}
	die(ids[99]) // is polled
	die(ids[:60]...)
	until(t, "all have their pidfds", func() bool { return w.Stats().Polled == 0 })
	until(t, "that is announced", func() bool { return len(w.noted()) == 2 })
	die(ids[60:99]...)
	for _, id := range ids {
		if seen[id] != 1 {
			t.Errorf("%v was told %d times", id, seen[id])
		}
	}
}
