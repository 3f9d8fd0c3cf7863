package probe

import (
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/internal/testbed"
	"procward/watch"
)

// Whoever is told and does not return holds the Prober up, which then shows.
func TestBusy(t *testing.T) {
	t.Parallel()
	told, release := make(chan struct{}), make(chan struct{})
	p := New(Options{Tell: func([]watch.SignChange) { told <- struct{}{}; <-release }})
	c := DefaultCheck()
	c.Unix, c.Failures, c.Interval = &Unix{Path: t.TempDir() + "/nobody"}, Failures{1, 1}, scalar.Duration(time.Hour)
	p.Attend("web", 1, []Check{c}, 0)
	if p.Busy() != 0 {
		t.Error("busy before it runs")
	}
	done := make(chan error, 1)
	go func() { done <- p.Run(t.Context()) }()
	<-told
	if p.Busy() <= 0 {
		t.Error("not busy while it is held up")
	}
	close(release)
	testbed.Until(t, "not busy, as nothing is to be done", func() bool { return p.Busy() == 0 })
}
