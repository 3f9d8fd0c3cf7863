package procscan

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"procward/internal/testbed/deadfs"
)

// A process whose memory is locked for ever: someone reads a page of it that a file
// system never delivers, which holds the lock for reading; the process itself waits for
// it for writing; and whoever comes after that waits too.
func TestRealHang(t *testing.T) {
	s, _ := realScanner(t)
	s.SetDeadline(time.Second)
	fs := deadfs.Mount(t)
	h := start(t, called(t, "locked"), with("word"))
	h.lockMemory(fs)

	begun := time.Now()
	sel := find(t, s, func(m *Match) { m.Name, m.Args = "locked", "word" })
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the scan took %v", took)
	}
	if len(sel.Selected) != 0 || len(sel.Unreadable) != 1 || sel.Unreadable[0].PID != h.pid() || !errors.Is(sel.Unreadable[0].Err, errHangs) {
		t.Errorf("%+v", sel)
	}
	// None of the other files takes that lock.
	sel = find(t, s, func(m *Match) { m.Name, m.Exe, m.User = "locked", h.Cmd.Path, "0" })
	if len(sel.Selected) != 1 || sel.Selected[0].Unit == "" {
		t.Errorf("%+v", sel)
	}
	if n := s.crew.hanging.Load(); n != 1 {
		t.Errorf("%d reads hang", n)
	}
	fs.End(t)
	m := matcher(t, func(m *Match) { m.Name, m.Args = "locked", "word" })
	within(t, "it can be read", func() bool { return len(scanOne(t, s.Scan, m).Selected) == 1 })
}

// lockMemory returns when the helper waits for the lock of its own memory.
func (h *helper) lockMemory(fs *deadfs.FS) {
	h.T.Helper()
	address := h.Ask("map " + filepath.Join(fs.Dir, deadfs.Read))
	mem, err := os.Open(filepath.Join("/proc", itoa(h.pid()), "mem"))
	if err != nil {
		h.T.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = mem.ReadAt(make([]byte, 1), int64(atoi(address)))
	}()
	h.T.Cleanup(func() {
		fs.End(h.T)
		<-done
		mem.Close()
	})
	select {
	case <-fs.Hang:
	case <-time.After(10 * time.Second):
		h.T.Fatalf("nobody reads the page at %s", address)
	}
	h.Say("mmap")
	within(h.T, "the helper waits", func() bool {
		stats, _ := filepath.Glob(filepath.Join("/proc", itoa(h.pid()), "task/*/stat"))
		for _, name := range stats {
			if stat, _ := os.ReadFile(name); strings.Contains(string(stat), ") D ") {
				return true
			}
		}
		return false
	})
}

// The paths of a match may hang too.
func TestLookupHangs(t *testing.T) {
	s, _ := tree(t, fake{pid: 10, comm: "a"})
	s.SetDeadline(time.Second)
	fs := deadfs.Mount(t)
	lost := filepath.Join(fs.Dir, deadfs.Lost, "program")
	out, err := s.Scan(t.Context(), []*Matcher{
		matcher(t, func(m *Match) { m.Name = "a" }),
		matcher(t, func(m *Match) { m.Exe = lost }),
		matcher(t, func(m *Match) { m.Name = "a" }),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(out[1].Err, errHangs) || len(out[1].Selected) != 0 {
		t.Errorf("%+v", out[1])
	}
	for _, i := range []int{0, 2} {
		if out[i].Err != nil || len(out[i].Selected) != 1 {
			t.Errorf("%d: %+v", i, out[i])
		}
	}
	fs.End(t)
	within(t, "the lookup ends", func() bool { return s.crew.hanging.Load() == 0 })
}
