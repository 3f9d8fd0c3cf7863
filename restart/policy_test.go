package restart

import (
	"math"
	"reflect"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// plainSpec is three attempts an hour, 10 s before the first, then 1 s, 2 s, 4 s … more.
func plainSpec() Spec {
	s := DefaultSpec()
	s.Window, s.Delay, s.Backoff.Jitter = sec(time.Hour), sec(10*time.Second), 0
	return s
}

var (
	crashed = watch.Cause{Known: true, Signal: 11}
	cleanly = watch.Cause{Known: true}
	unknown = watch.Cause{}
)

// start is the time of the tables; the windows reach back from here.
const start = 100 * time.Hour

func ago(ds ...time.Duration) []time.Duration {
	var out []time.Duration
	for _, d := range ds {
		out = append(out, start-d)
	}
	return out
}

// TestNext is every input in every kind of history.
func TestNext(t *testing.T) {
	fresh := History{}
	once := History{Spent: ago(time.Minute), Tries: 1, Outage: true}
	spent := History{Spent: ago(3*time.Minute, 2*time.Minute, time.Minute), Tries: 3, Outage: true}
	told := History{Spent: spent.Spent, Tries: 3, Outage: true, Exhausted: true}
	rested := History{Spent: spent.Spent}
	old := History{Spent: ago(2*time.Hour, time.Hour, time.Hour-1)}
	waits := func(n int, after time.Duration) Decision {
		return Decision{Action: Wait, At: start + after, Attempt: n}
	}
	for _, c := range []struct {
		what  string
		h     History
		in    Input
		cause watch.Cause
		want  Decision
		after History
	}{
		{"first failure", fresh, Down, crashed, waits(1, 10*time.Second), History{Outage: true}},
		{"failure of an unknown cause", fresh, Down, unknown, waits(1, 10*time.Second), History{Outage: true}},
		{"clean end under always", fresh, Down, cleanly, waits(1, 10*time.Second), History{Outage: true}},
		{"its time has come", History{Outage: true}, Due, crashed, Decision{Action: Run, Attempt: 1}, History{Spent: ago(0), Tries: 1, Outage: true}},
		{"failed once", once, Failed, crashed, waits(2, 11*time.Second), once},
		{"down again in the same outage", once, Down, crashed, waits(2, 11*time.Second), once},
		{"all spent, failed", spent, Failed, crashed, Decision{Action: Exhaust}, told},
		{"all spent, down", spent, Down, crashed, Decision{Action: Exhaust}, told},
		{"all spent, due", spent, Due, crashed, Decision{Action: Exhaust}, told},
		{"told already, failed", told, Failed, crashed, Decision{}, told},
		{"told already, down", told, Down, crashed, Decision{}, told},
		{"told already, due", told, Due, crashed, Decision{}, told},
		{"told already, skip", told, Skip, crashed, Decision{}, told},
		{"spent in an earlier outage, down", rested, Down, crashed, Decision{Action: Exhaust}, told.tries(0)},
		{"skip with attempts left", once, Skip, crashed, Decision{Action: Exhaust}, History{Spent: once.Spent, Tries: 1, Outage: true, Exhausted: true}},
		{"skip before any attempt", fresh, Skip, crashed, Decision{Action: Exhaust}, History{Outage: true, Exhausted: true}},
		{"recovered", once, Recovered, unknown, Decision{}, History{Spent: once.Spent}},
		{"recovered after exhaustion", told, Recovered, unknown, Decision{}, rested},
		{"recovered without an outage", fresh, Recovered, unknown, Decision{}, fresh},
		{"given back", told, GiveBack, unknown, Decision{}, History{Outage: true}},
		{"given back without an outage", rested, GiveBack, unknown, Decision{}, fresh},
		{"a window old counts no more, a little less does", old, Down, crashed, waits(2, 10*time.Second), History{Spent: ago(time.Hour - 1), Outage: true}},
		{"an input that does not exist", once, Input(99), crashed, Decision{}, once},
	} {
		h, d := plainSpec().Next(c.h, c.in, c.cause, start, 0.5)
		if d != c.want || !same(h, c.after) {
			t.Errorf("%s: got %+v, %+v\nwant %+v, %+v", c.what, d, h, c.want, c.after)
		}
	}
}

func (h History) tries(n int) History { h.Tries = n; return h }

// same compares histories; no attempts are no attempts.
func same(a, b History) bool {
	if len(a.Spent) == 0 && len(b.Spent) == 0 {
		a.Spent, b.Spent = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// TestNextAbnormal holds that only a known clean end counts as one.
func TestNextAbnormal(t *testing.T) {
	s := plainSpec()
	s.When = Abnormal
	for _, c := range []struct {
		cause watch.Cause
		want  Action
	}{
		{cleanly, CleanStop}, {unknown, Wait}, {crashed, Wait},
		{watch.Cause{Known: true, Code: 3}, Wait}, {watch.Cause{Known: true, Signal: 9, Core: true}, Wait},
	} {
		for _, h := range []History{{}, {Outage: true, Tries: 1, Spent: ago(time.Minute)}} {
			after, d := s.Next(h, Down, c.cause, start, 0)
			if d.Action != c.want {
				t.Errorf("%v in %+v: %+v", c.cause, h, d)
			}
			if d.Action == CleanStop && !same(after, h) {
				t.Errorf("a clean end changed %+v to %+v", h, after)
			}
		}
	}
}

// TestNextLimits holds for no attempts, unlimited ones, and a limit that a reload lowered.
func TestNextLimits(t *testing.T) {
	s := plainSpec()
	s.Attempts = scalar.AtMost(0)
	if h, d := s.Next(History{}, Down, crashed, start, 0); d.Action != Exhaust || !h.Outage || !h.Exhausted {
		t.Errorf("attempts: 0 gives %+v, %+v", d, h)
	}
	if h, d := s.Next(History{Outage: true}, Due, crashed, start, 0); d.Action != Exhaust || len(h.Spent) != 0 {
		t.Errorf("attempts lowered to 0 while one was waited for: %+v, %+v", d, h)
	}
	s.Attempts = scalar.Unlimited
	var h History
	now := start
	for range 5 * keep {
		var d Decision
		if h, d = s.Next(h, Due, crashed, now, 0); d.Action != Run {
			t.Fatalf("an unlimited attempt is refused: %+v", d)
		}
		now += time.Millisecond
	}
	if len(h.Spent) > keep+1 {
		t.Errorf("%d attempts are remembered", len(h.Spent))
	}
	s.Attempts = scalar.AtMost(2)
	if _, d := s.Next(h, Failed, crashed, now, 0); d.Action != Exhaust {
		t.Errorf("lowered from unlimited to 2: %+v", d)
	}
}

// TestWindowSlides runs attempts as they come due for a day of failures.
func TestWindowSlides(t *testing.T) {
	s := plainSpec()
	h := History{}
	var ran []time.Duration
	for now := start; now < start+24*time.Hour; now += 7 * time.Minute {
		h, _ = s.Next(h, Recovered, unknown, now, 0)
		h, _ = s.Next(h, Down, crashed, now, 0)
		var d Decision
		if h, d = s.Next(h, Due, crashed, now, 0); d.Action == Run {
			ran = append(ran, now)
		}
	}
	if len(ran) != 3*23 { // three in every nine failures, which are 63 minutes
		t.Errorf("%d attempts in 24 h at 3 an hour", len(ran))
	}
	for i := 3; i < len(ran); i++ {
		if ran[i]-ran[i-3] < time.Hour {
			t.Fatalf("four attempts in %v", ran[i]-ran[i-3])
		}
	}
	if got := s.Used(h, start+48*time.Hour); got != 0 {
		t.Errorf("a day later %d are still spent", got)
	}
}

// TestPause is the backoff: its growth, its cap, and its jitter.
func TestPause(t *testing.T) {
	s := plainSpec()
	for n, want := range map[int]time.Duration{
		-1: 10 * time.Second, 0: 10 * time.Second, 1: 10 * time.Second, 2: 11 * time.Second, 3: 12 * time.Second, 4: 14 * time.Second,
		7: 42 * time.Second, 8: 70 * time.Second, 9: 70 * time.Second, 100: 70 * time.Second, math.MaxInt: 70 * time.Second,
	} {
		if got := s.Pause(n); got != want {
			t.Errorf("before attempt %d: %v, want %v", n, got, want)
		}
	}
	s.Backoff.Jitter = 0.1
	if lo, hi := s.PauseRange(3); lo != 11800*time.Millisecond || hi != 12200*time.Millisecond {
		t.Errorf("with a tenth of jitter: %v to %v", lo, hi)
	}
	if lo, hi := s.PauseRange(1); lo != hi || lo != 10*time.Second {
		t.Errorf("the delay has no jitter: %v to %v", lo, hi)
	}
	s.Backoff.Jitter = 1
	if lo, hi := s.PauseRange(9); lo != 10*time.Second || hi != 130*time.Second {
		t.Errorf("with full jitter: %v to %v", lo, hi)
	}
	s.Backoff = Backoff{Factor: 1000}
	if got := s.Pause(50); got != 10*time.Second {
		t.Errorf("no backoff at all: %v", got)
	}
}

// TestJitterSpreads holds that the luck of 0 and 1 are the ends of the range.
func TestJitterSpreads(t *testing.T) {
	s := plainSpec()
	s.Backoff.Jitter = 0.5
	h := History{Outage: true, Tries: 2, Spent: ago(time.Minute)}
	lo, hi := s.PauseRange(3)
	for spread, want := range map[float64]time.Duration{0: lo, 0.5: (lo + hi) / 2, 1: hi} {
		if _, d := s.Next(h, Failed, crashed, start, spread); d.At != start+want {
			t.Errorf("luck %v: in %v, want %v", spread, d.At-start, want)
		}
	}
}

// TestClockFarAway holds for a machine that has been up for a century.
func TestClockFarAway(t *testing.T) {
	s := plainSpec()
	for _, now := range []time.Duration{0, 1, 100 * 365 * 24 * time.Hour} {
		h, d := s.Next(History{}, Down, crashed, now, 0)
		if d.At != now+10*time.Second {
			t.Errorf("at %v: %+v", now, d)
		}
		if h, d = s.Next(h, Due, crashed, d.At, 0); d.Action != Run {
			t.Errorf("at %v: %+v", now, d)
		}
		if got := s.Used(h, now+10*time.Second+time.Hour); got != 0 {
			t.Errorf("at %v: %d spent after the window", now, got)
		}
	}
}
