package engine

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// alarmsHold compares what the machine keeps of times and counts with what a search through
// everything gives. It is done after each step of every story and every fuzzed history.
func (s *sim) alarmsHold() {
	s.t.Helper()
	m := s.m
	m.reckon()
	var want time.Duration
	var waiting []string
	for _, p := range m.procs {
		want = earliest(want, p.Wake(m.now))
		if _, due := p.Ready(m.now); due {
			waiting = append(waiting, p.Name)
		}
	}
	for _, l := range m.ladders {
		want = earliest(want, l.Wake())
	}
	for _, mon := range m.monitors {
		want = earliest(want, mon.Deadline)
	}
	if got := m.alarms.table.Next(); got != want {
		s.t.Fatalf("the earliest alarm is %v, and something is due at %v, now %v:\n%s", got, want, m.now, s.story())
	}
	var line []string
	for key := range m.alarms.line.All {
		line = append(line, strings.TrimPrefix(key, keyProcess))
	}
	slices.Sort(line)
	slices.Sort(waiting)
	if !slices.Equal(line, waiting) {
		s.t.Fatalf("%v are in the line, and %v wait:\n%s", line, waiting, s.story())
	}
	s.censusHolds()
	for _, p := range m.procs {
		for _, id := range p.DeadIDs() {
			if !slices.Contains(m.graves.of[id], p.Name) {
				s.t.Fatalf("the grave of %v is not known:\n%s", id, s.story())
			}
		}
	}
}

func (s *sim) censusHolds() {
	s.t.Helper()
	counts := map[string]tally{}
	for _, p := range s.m.procs {
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
	for group := range s.m.cfg.Groups {
		got, want := s.m.tallyOf(group), counts[group]
		if got.down != want.down || got.notUp != want.notUp || got.spent != want.spent || !maps.Equal(got.held, want.held) {
			s.t.Fatalf("group %s is counted as %+v, and is %+v:\n%s", group, got, want, s.story())
		}
	}
}
