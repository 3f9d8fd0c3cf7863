package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// herds kills every process of a daemon that watches as many as it is made for, and one
// tenth of them before, since what is measured is the growth.
func herds(ctx context.Context, b *bench) (t table, err error) {
	b.crowd.close() // their places are needed
	b.crowd = nil
	t.head = []string{"what", "one tenth", "procward", "ratio", "goal", ""}
	var few, many *rush
	for _, r := range []struct {
		of    **rush
		count int
	}{{&few, b.many() / 10}, {&many, b.many()}} {
		if *r.of, err = b.herd(ctx, r.count, &t); err != nil {
			return t, err
		}
	}
	t.add(grown("from the start to the last of all found", few.found, many.found, 20))
	t.add(grown("CPU time of the daemon, from the kill of all until all had recovered", few.cpu.median(), many.cpu.median(), 30))
	t.add(counted("deaths told", many.downs, many.count, 0), counted("scripts run, none twice", many.runs, many.count, many.twice))
	t.note("%s entries, each matched by name, and %s. A look reads the list of all processes, so its cost grows with the host; what grew with the square of the entries would be a hundredfold.", number(many.count), number(few.count))
	return t, nil
}

func grown(what string, few, many time.Duration, most float64) row {
	of := ratio(many, few)
	return row{what: what, floor: show(few), ours: show(many), ratio: fmt.Sprintf("%.1f", of), goal: fmt.Sprintf("≤ %.0f", most), verdict: holds(of <= most)}
}

// herd measures one daemon with so many entries.
func (b *bench) herd(ctx context.Context, size int, t *table) (*rush, error) {
	r, err := b.newRush(ctx, "name", true, size)
	if r == nil {
		return nil, err
	}
	defer r.close()
	defer r.daemon.stop()
	if err != nil {
		return r, err
	}
	before := field(filepath.Join("/proc", fmt.Sprint(r.daemon.cmd.Process.Pid), "status"), "VmHWM")
	if err := r.round(ctx); err != nil {
		return r, err
	}
	after := field(filepath.Join("/proc", fmt.Sprint(r.daemon.cmd.Process.Pid), "status"), "VmHWM")
	lost, err := count(r.daemon.log, 0, `"event":"messages-dropped"`)
	t.note("%s entries: found within %s; the most memory it ever had was %s then, and %s when all had recovered, %s after the kill; %d messages about lost messages.",
		number(size), show(r.found), before, after, show(r.took.median()), lost)
	return r, err
}
