package procscan

import (
	"os"
	"strconv"
	"testing"

	"procward/internal/testbed"
)

// realScanner scans the process table of this host.
func realScanner(t testing.TB) (*Scanner, *FS) {
	t.Helper()
	fs, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	return newScanner(t, fs), fs
}

func newScanner(t testing.TB, fs *FS) *Scanner {
	s := NewScanner(fs)
	t.Cleanup(func() {
		s.Close()
		fs.Close()
	})
	return s
}

// matcher compiles the default match with some keys filled in.
func matcher(t testing.TB, fill func(*Match)) *Matcher {
	t.Helper()
	m := DefaultMatch()
	fill(&m)
	c, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// find scans for one match.
func find(t *testing.T, s *Scanner, fill func(*Match)) Selection {
	t.Helper()
	return scanOne(t, s.Scan, matcher(t, fill))
}

func scanOne(t *testing.T, scan scanFunc, m *Matcher) Selection {
	t.Helper()
	out, err := scan(t.Context(), []*Matcher{m})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Err != nil {
		t.Error(out[0].Err)
	}
	return out[0]
}

func pids(ps []Process) []int {
	out := []int{}
	for _, p := range ps {
		out = append(out, p.PID)
	}
	return out
}

// within polls until a condition holds.
func within(t testing.TB, what string, holds func() bool) {
	t.Helper()
	testbed.Until(t, what, holds)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
