package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// AlarmsHold compares what the machine keeps of times and counts with what a search through
// everything gives. It is done after each step of every story and every fuzzed history.
func (m *Machine) AlarmsHold() string {
	m.alarms.reckon()
	var want time.Duration
	var waiting []string
	for _, p := range m.procs {
		want = earliest(want, p.Wake(m.now))
		if _, due := p.Ready(m.now); due {
			waiting = append(waiting, p.Name)
		}
	}
	for _, l := range m.ladders.all {
		want = earliest(want, l.Wake())
	}
	for _, mon := range m.monitors.all {
		want = earliest(want, mon.Deadline)
	}
	want = earliest(want, m.resort.Wake(), m.looking.wake())
	if got := m.alarms.table.Next(); got != want {
		return fmt.Sprintf("the earliest alarm is %v, and something is due at %v, now %v", got, want, m.now)
	}
	var line []string
	for key := range m.alarms.line.All {
		line = append(line, strings.TrimPrefix(key, keyProcess))
	}
	slices.Sort(line)
	slices.Sort(waiting)
	if !slices.Equal(line, waiting) {
		return fmt.Sprintf("%v are in the line, and %v wait", line, waiting)
	}
	if why := m.censusHolds(); why != "" {
		return why
	}
	for _, p := range m.procs {
		for _, id := range p.DeadIDs() {
			if !slices.Contains(m.processes.graves.of[id], p.Name) {
				return fmt.Sprintf("the grave of %v is not known", id)
			}
		}
	}
	return ""
}

func (m *Machine) censusHolds() string {
	counts := map[string]tally{}
	for _, p := range m.procs {
		c, t := p.countedAs(), counts[p.Spec.Group]
		for _, one := range []struct {
			count *int
			yes   bool
		}{{&t.down, c.down}, {&t.notUp, c.notUp}, {&t.spent, c.spent}} {
			if one.yes {
				*one.count++
			}
		}
		if c.held {
			t.held = maps.Clone(t.held)
			if t.held == nil {
				t.held = map[string]bool{}
			}
			t.held[p.Name] = true
		}
		counts[p.Spec.Group] = t
	}
	delete(counts, "")
	for group := range m.cfg.Groups {
		got, want := m.tallyOf(group), counts[group]
		if got.down != want.down || got.notUp != want.notUp || got.spent != want.spent || !maps.Equal(got.held, want.held) {
			return fmt.Sprintf("group %s is counted as %+v, and is %+v", group, got, want)
		}
	}
	return ""
}

// earliest is the earliest of times; 0 means none.
func earliest(times ...time.Duration) time.Duration {
	var first time.Duration
	for _, t := range times {
		if t != 0 && (first == 0 || t < first) {
			first = t
		}
	}
	return first
}
