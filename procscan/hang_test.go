package procscan

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stuck makes reading the command line of a process block until release is called.
func stuck(t *testing.T, root string, pid int) (release func()) {
	t.Helper()
	path := filepath.Join(root, itoa(pid), "cmdline")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	release = func() {
		if fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK, 0); err == nil {
			_, _ = unix.Write(fd, []byte("word\x00"))
			os.Remove(path)
			_ = os.WriteFile(path, []byte("word\x00"), 0o644)
			unix.Close(fd)
		}
	}
	t.Cleanup(release)
	return release
}

func crowd(n int) []fake {
	var out []fake
	for pid := range n {
		out = append(out, fake{pid: pid + 1, comm: "a", args: []string{"word"}})
	}
	return out
}

func TestHang(t *testing.T) {
	s, root := tree(t, crowd(20)...)
	s.SetDeadline(800 * time.Millisecond)
	release := stuck(t, root, 7)
	byArgs := matcher(t, func(m *Match) { m.Args, m.Select = "word", All })
	byBoth := matcher(t, func(m *Match) { m.Name, m.Args, m.Select = "b", "word", All })
	for round := range 3 {
		worker := s.crew.idle
		out, err := s.Scan(t.Context(), []*Matcher{byArgs, byBoth})
		if err != nil {
			t.Fatal(err)
		}
		sel := out[0]
		if len(sel.Selected) != 19 || len(sel.Unreadable) != 1 || sel.Unreadable[0].PID != 7 || sel.Unreadable[0].Comm != "a" ||
			sel.Unreadable[0].What != "cmdline" || !errors.Is(sel.Unreadable[0].Err, errHangs) {
			t.Fatalf("round %d: %v, %+v", round, pids(sel.Selected), sel.Unreadable)
		}
		if len(out[1].Unreadable) != 0 {
			t.Errorf("round %d: in doubt though the name fails: %v", round, out[1].Unreadable)
		}
		if n := s.crew.hanging.Load(); n != 1 {
			t.Errorf("round %d: %d reads hang", round, n)
		}
		if round > 0 && s.crew.idle != worker {
			t.Errorf("round %d: another worker was left behind", round)
		}
	}
	if sel := find(t, s, func(m *Match) { m.Name, m.Select = "a", All }); len(sel.Selected) != 20 {
		t.Errorf("by name: %v", pids(sel.Selected))
	}
	release()
	within(t, "the process can be read again", func() bool {
		return len(scanOne(t, s.Scan, byArgs).Selected) == 20
	})
	if n := s.crew.hanging.Load(); n != 0 {
		t.Errorf("in the end %d reads hang", n)
	}
}

func TestManyHangs(t *testing.T) {
	s, root := tree(t, crowd(40)...)
	s.SetDeadline(1600 * time.Millisecond)
	for pid := 3; pid <= 36; pid += 3 {
		stuck(t, root, pid)
	}
	byArgs := matcher(t, func(m *Match) { m.Args, m.Select = "word", All })
	for round := range 2 {
		begun := time.Now()
		sel := scanOne(t, s.Scan, byArgs)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("round %d took %v", round, took)
		}
		if n := s.crew.hanging.Load(); n != maxHangs {
			t.Errorf("round %d: %d reads hang", round, n)
		}
		if got := len(sel.Selected) + len(sel.Unreadable); got != 40 {
			t.Errorf("round %d: %d processes", round, got)
		}
		for _, u := range sel.Unreadable {
			if hangs := u.PID%3 == 0 && u.PID <= 24; hangs != errors.Is(u.Err, errHangs) || hangs == errors.Is(u.Err, errHangsMany) {
				t.Errorf("round %d: %d: %v", round, u.PID, u.Err)
			}
		}
	}
	if sel := find(t, s, func(m *Match) { m.Name, m.Select = "a", All }); len(sel.Selected) != 40 {
		t.Errorf("by name: %v, %v", pids(sel.Selected), sel.Unreadable)
	}
}

func TestContextEndsAScan(t *testing.T) {
	s, root := tree(t, crowd(3)...)
	s.SetDeadline(time.Minute)
	release := stuck(t, root, 2)
	m := matcher(t, func(m *Match) { m.Args, m.Select = "word", All })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if out, err := s.Scan(ctx, []*Matcher{m}); !errors.Is(err, context.DeadlineExceeded) || out != nil {
		t.Errorf("%v, %v", out, err)
	}
	if _, err := s.Scan(ctx, []*Matcher{m}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a context that has ended: %v", err)
	}
	release()
	within(t, "all can be read", func() bool {
		return slices.Equal(pids(scanOne(t, s.Scan, m).Selected), []int{1, 2, 3})
	})
}
