package explain

import (
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/internal/script"
)

// dur keeps a fuzzed length from 0 to a day, and pause one from 0 to an hour.
func dur(n uint32) scalar.Duration {
	return scalar.Duration(time.Duration(n) * time.Millisecond % (24 * time.Hour))
}
func pause(n uint32) scalar.Duration {
	return scalar.Duration(time.Duration(n) * time.Millisecond % time.Hour)
}

// FuzzSchedule holds the timetable to what explain promises of it: time does not run
// backwards, EARLIEST is not after LATEST, attempts are numbered, nothing follows the
// end, and only what the attempts or the ladder allow is told.
func FuzzSchedule(f *testing.F) {
	f.Add(3, uint32(86_400_000-1), uint32(0), uint32(1000), 2.0, 0.1, uint32(60_000), uint32(30_000), 2, uint32(3_600_000))
	f.Add(0, uint32(1), uint32(5), uint32(0), 1.0, 1.0, uint32(1), uint32(1), 1, uint32(1))
	f.Add(50, uint32(1000), uint32(1000), uint32(1), 1.5, 0.0, uint32(10), uint32(10), 9, uint32(10))
	f.Add(-1, uint32(1000), uint32(1000), uint32(1), 1.0, 0.5, uint32(10), uint32(10), 1, uint32(0))
	f.Fuzz(func(t *testing.T, attempts int, window, delay, initial uint32, factor, jitter float64, timeout, start uint32, tries int, groupWindow uint32) {
		p := confd.DefaultProcess()
		p.Match.Name = "x"
		p.Group = "g"
		r := &p.Restart
		r.Run = script.Argv{"/bin/true"}
		r.Attempts = scalar.AtMost(attempts % 100)
		if attempts < 0 {
			r.Attempts = scalar.Unlimited
		}
		r.Window, r.Delay, r.Timeout, r.StartTimeout = dur(window), pause(delay), pause(timeout), pause(start)
		r.Backoff.Initial, r.Backoff.Factor, r.Backoff.Jitter, r.Backoff.Max = pause(initial), factor, jitter, pause(initial)*4
		g := escalate.DefaultGroup()
		g.Escalate = escalate.Ladder{
			{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(tries % 20), Window: dur(groupWindow)}},
			{Hook: &escalate.Hook{Run: script.Argv{"/bin/true"}, Timeout: dur(timeout)}},
			{StopGroup: &escalate.StopGroup{}},
		}
		if p.Validate() != nil || g.Validate() != nil {
			t.Skip("the bytes make no valid drop-in")
		}
		cfg := &confd.Config{Processes: map[string]confd.Process{"x": p}, Groups: map[string]escalate.Group{"g": g}}
		e := ofProcess(cfg, "x", p)
		hold(t, e, p, g)
	})
}

func hold(t *testing.T, e Explanation, p confd.Process, g escalate.Group) {
	t.Helper()
	attempts, tries, early, late := 0, 0, 0.0, 0.0
	for i, s := range e.Steps {
		if s.EarliestS < early || s.LatestS != nil && (*s.LatestS < late || *s.LatestS < s.EarliestS-1e-6) {
			t.Fatalf("step %d runs backwards: %+v", i, s)
		}
		early = s.EarliestS
		if s.LatestS != nil {
			late = *s.LatestS
		}
		switch s.Kind {
		case rehearse.Attempt:
			if attempts++; s.Number != attempts || !p.Restart.Attempts.Allows(attempts-1) {
				t.Fatalf("step %d is attempt %d of %v: %+v", i, attempts, p.Restart.Attempts, s)
			}
		case rehearse.Rung:
			if s.Rung == "restart-group" {
				tries++
			}
		case rehearse.GivenUp:
			if i != len(e.Steps)-1 {
				t.Fatalf("step %d follows the end", i+1)
			}
		}
	}
	if !g.Escalate[0].RestartGroup.Attempts.Allows(tries - 1) {
		t.Fatalf("%d group restarts, %v are allowed", tries, g.Escalate[0].RestartGroup.Attempts)
	}
	if e.Ends == "given-up" && attempts != p.Restart.Attempts.N {
		t.Fatalf("given up after %d attempts of %v", attempts, p.Restart.Attempts)
	}
}

// A restart-group whose window gives its attempts back too soon leads to the next rung
// all the same.
func TestRungWithANarrowWindow(t *testing.T) {
	g := escalate.DefaultGroup()
	g.Escalate = escalate.Ladder{
		{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(2), Window: dur(60_000)}},
		{StopGroup: &escalate.StopGroup{}},
	}
	p := confd.DefaultProcess()
	p.Group, p.Restart.Attempts, p.Restart.Run = "g", scalar.AtMost(0), script.Argv{"/bin/true"}
	cfg := &confd.Config{Processes: map[string]confd.Process{"x": p}, Groups: map[string]escalate.Group{"g": g}}
	e := ofProcess(cfg, "x", p)
	for _, s := range e.Steps {
		if s.LatestS == nil {
			t.Errorf("never: %+v", s)
		}
	}
	if len(e.Steps) != 5 || e.Ends != "given-up" || len(e.Notes) != 0 {
		t.Errorf("%d steps, ends %s, notes %q", len(e.Steps), e.Ends, e.Notes)
	}
}

func TestManyAttempts(t *testing.T) {
	p := confd.DefaultProcess()
	p.Restart.Attempts, p.Restart.Run, p.Restart.Window = scalar.AtMost(1_000_000), script.Argv{"/bin/true"}, scalar.Duration(30*24*time.Hour)
	p.Restart.StartTimeout, p.Restart.Backoff.Max = dur(1), p.Restart.Backoff.Initial // looks are what takes time
	e := ofProcess(&confd.Config{Processes: map[string]confd.Process{"x": p}}, "x", p)
	if len(e.Steps) != rehearse.Longest || e.Ends != "never" {
		t.Errorf("%d steps, ends %s", len(e.Steps), e.Ends)
	}
	if len(e.Notes) == 0 || e.Notes[0] != "only the first 1000 attempts are shown" {
		t.Errorf("notes %q", e.Notes)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                         "0s",
		149 * time.Millisecond:    "0.1s",
		900 * time.Millisecond:    "0.9s",
		59_999 * time.Millisecond: "60s",
		time.Minute:               "1m",
		90 * time.Minute:          "1h30m",
	} {
		if got := Span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}
