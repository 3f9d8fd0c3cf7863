package probe

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
)

// TestHeldUp holds that what happened while procward itself did not run is no failure, and
// that it is one again when it runs.
func TestHeldUp(t *testing.T) {
	once := func(c *Check) { c.Failures = Failures{1, 1} }
	for name, story := range map[string]struct {
		act  act
		took time.Duration
		want string
	}{
		"a timeout": {hangs, 5 * time.Second, "no answer within 5s; procward itself was stopped or starved meanwhile, so that shows nothing"},
		"a failure": {reset, 4 * time.Second, "connection reset; procward itself was stopped or starved meanwhile, so that shows nothing"},
		"an answer": {slowly, 4900 * time.Millisecond, "well"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, 4, func(s *stage) {
				now := s.role("x", story.act)
				s.acts["y"] = well
				s.Attend("web", 1, []Check{of("x", once)}, s.boot())
				s.holds.Store(int64(20 * time.Second)) // Run is in it, as a stopped procward is in whatever it did
				s.Attend("other", 1, []Check{of("y")}, s.boot())
				time.Sleep(19 * time.Second)
				s.holds.Store(0)
				last := strings.Join(s.Last("web"), "")
				if !strings.HasSuffix(last, "took "+story.took.String()+": "+story.want) || strings.Contains(last, "failed") {
					t.Error(last)
				}
				s.mu.Lock()
				s.told = nil // whether the answer was told before is of no matter
				s.mu.Unlock()
				now(hangs)
				time.Sleep(11 * time.Second)
				if last := strings.Join(s.Last("web"), ""); !strings.HasPrefix(last, "http: bad; last check failed") {
					t.Error(last)
				}
			})
		})
	}
}

// reset fails within its time.
func reset(context.Context, time.Duration) result {
	time.Sleep(4 * time.Second)
	return failure("connection reset")
}

// slowly succeeds just within its time.
func slowly(context.Context, time.Duration) result {
	time.Sleep(4900 * time.Millisecond)
	return success("well")
}

// TestNotifyHeldUp holds that a program has its time anew when nobody listened.
func TestNotifyHeldUp(t *testing.T) {
	var l life
	second := time.Second
	l.hear("WATCHDOG=1", 10*second)
	l.lapse(100 * second)
	if r := l.judge(5*second, 104*second); r.outcome != Success {
		t.Errorf("%v: %s", r.outcome, r.text)
	}
	if r := l.judge(5*second, 105*second); r.outcome != Failure {
		t.Errorf("%v: %s", r.outcome, r.text)
	}
	l.hear("WATCHDOG=trigger", 106*second)
	l.lapse(107 * second)
	if r := l.judge(5*second, 107*second); r.outcome != Failure {
		t.Errorf("it said itself that it is stuck: %v: %s", r.outcome, r.text)
	}
}

// TestWaits holds that a check which waits long for its turn is told, once.
func TestWaits(t *testing.T) {
	play(t, 1, func(s *stage) {
		s.acts["hangs"], s.acts["well"] = hangs, well
		exec := func(act, name string) Check {
			return of(act, func(c *Check) {
				e := DefaultExec()
				e.Run, c.HTTP, c.Exec, c.Name = script.Argv{act}, nil, &e, name
				c.Interval, c.Timeout = scalar.Duration(2*time.Second), scalar.Duration(5*time.Second)
				c.Failures = Failures{60, 60}
			})
		}
		s.Attend("a", 1, []Check{exec("hangs", "a")}, s.boot())
		s.Attend("b", 1, []Check{exec("hangs", "b")}, s.boot())
		s.Attend("c", 1, []Check{exec("well", "c")}, s.boot())
		time.Sleep(2 * time.Minute)
		s.mu.Lock()
		defer s.mu.Unlock()
		slow := slices.DeleteFunc(slices.Clone(s.told), func(line string) bool { return !strings.Contains(line, "after its time") })
		if len(slow) != 3 || !slices.ContainsFunc(slow, func(line string) bool { return strings.Contains(line, " c/1 c ok (slow): began ") }) {
			t.Errorf("told:\n%s", strings.Join(s.told, "\n"))
		}
	})
}
