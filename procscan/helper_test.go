package procscan

import (
	"testing"
)

// realScanner scans the process table of this host.
func realScanner(t testing.TB) (*Scanner, *FS) {
	t.Helper()
	fs, err := Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	s := NewScanner(fs)
	t.Cleanup(func() {
		s.Close()
		fs.Close()
	})
	return s, fs
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
