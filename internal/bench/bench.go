package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// bench is what the parts share.
type bench struct {
	short bool
	dir   string // for everything; who built the programs removes it at the end
	tools string // the built programs
	crowd *crowd // the idle processes of this moment, or nil
}

// part is one subject of measurement.
type part struct {
	name  string
	title string
	run   func(context.Context, *bench) (table, error)
}

// parts are in the order in which they share a growing crowd of idle processes.
func parts(b *bench) []part {
	many := number(b.many())
	return []part{
		{"restart300", "Death to the restart script's first instruction, 300 processes on the host", restart300},
		{"asked", fmt.Sprintf("Death to the restart script's first instruction, while %d clients ask for the status", askers), asked},
		{"burst", number(b.burst()) + " targets killed in one burst", bursts},
		{"probes", number(probeCount) + " HTTP probes a second against one server", probes},
		{"death", "Death to event", deaths},
		{"scan", "A scan of " + many + " processes", scans},
		{"restart10000", "Death to the restart script's first instruction, " + many + " processes on the host", restart10000},
		{"herd", many + " entries with a process each, all killed at once", herds},
		{"vital", "Passive checks, once a second", vitals},
		{"idle", "Idle with " + many + " tracked PIDs", idle},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts(&bench{}) {
		names = append(names, p.name)
	}
	return names
}

// measured is the part's table; a failure becomes a line of it, so that the others go on.
func (p part) measured(ctx context.Context, b *bench) table {
	t, err := p.run(ctx, b)
	t.title = p.title
	if err != nil {
		t.notes = append(t.notes, "Not measured to the end: "+err.Error()+".")
		t.rows = append(t.rows, row{what: "(incomplete)", verdict: failed})
	}
	return t
}

func (b *bench) tool(name string) string { return filepath.Join(b.tools, name) }

// many is the size of the large host.
func (b *bench) many() int {
	if b.short {
		return 1000
	}
	return 10_000
}

// burst is how many targets die at once.
func (b *bench) burst() int {
	if b.short {
		return 200
	}
	return 1000
}

// rounds is how often something is measured.
func (b *bench) rounds(full, short int) int {
	if b.short {
		return short
	}
	return full
}

// fill makes the crowd n idle processes. One of that size stays as it is, and grows old.
func (b *bench) fill(ctx context.Context, n int) (err error) {
	if b.crowd != nil && len(b.crowd.pids) == n {
		return nil
	}
	b.crowd.close()
	if b.crowd, err = gather(ctx, b.tool("crowd"), n); err != nil {
		return fmt.Errorf("fill the host with %d processes: %w", n, err)
	}
	return nil
}

// settled is the age at which procward's look begins to remember what a process is not.
const settled = 11 * time.Second

// aged waits until the crowd is as old as those on any host; a short run does not wait.
func (b *bench) aged(ctx context.Context) error {
	if b.short {
		return nil
	}
	return sleep(ctx, time.Until(b.crowd.born.Add(settled)))
}

// sleep waits, but not longer than ctx.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// every is how often a condition is looked at: rarely, so as not to disturb what is measured.
const every = 20 * time.Millisecond

// until waits for a condition, at most for d.
func until(ctx context.Context, d time.Duration, what string, done func() (bool, error)) error {
	deadline := time.Now().Add(d)
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not within %v", what, d)
		}
		if err := sleep(ctx, every); err != nil {
			return err
		}
	}
}
