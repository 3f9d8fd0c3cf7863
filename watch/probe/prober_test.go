package probe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// act is a checker for tests.
type act func(ctx context.Context, timeout time.Duration) result

func (a act) check(ctx context.Context, timeout time.Duration) result { return a(ctx, timeout) }

// hangs hangs until its timeout, or until it is broken off.
func hangs(ctx context.Context, timeout time.Duration) result {
	select {
	case <-ctx.Done():
		return unknown("broken off")
	case <-time.After(timeout):
		return late("no answer", timeout)
	}
}

func well(context.Context, time.Duration) result { return success("well") }

func ill(context.Context, time.Duration) result { return failure("ill") }

// stage is a Prober on a virtual clock, whose checks do what acts say by the URL, and
// what it has told, line by line.
type stage struct {
	*Prober
	t      *testing.T
	acts   map[string]act
	asleep atomic.Int64 // how long the host was suspended
	holds  atomic.Int64 // how long tell holds Run up

	mu   sync.Mutex
	told []string
}

// play runs a story in a bubble of virtual time.
func play(t *testing.T, parallel int, story func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, acts: map[string]act{}}
		s.Prober = New(Options{Parallel: parallel, Tell: s.tell, Proc: "/does/not/exist"})
		s.chance = func() float64 { return 0 }
		s.boot = func() time.Duration { return s.awake() + time.Duration(s.asleep.Load()) }
		s.make = func(_ site, c Check) (checker, error) {
			if c.Exec != nil {
				return s.acts[c.Exec.Run[0]], nil
			}
			return s.acts[c.HTTP.URL], nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		story(s)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func (s *stage) tell(signs []watch.SignChange) {
	defer func() { time.Sleep(time.Duration(s.holds.Load())) }()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range signs {
		word := string(g.Verdict)
		if g.Slow {
			word += " (slow)"
		}
		if g.Report {
			word += " (report)"
		}
		s.told = append(s.told, fmt.Sprintf("%v %s/%d %s %s: %s", s.awake()-time.Hour, g.Target, g.Round, g.Name, word, g.Text))
	}
}

// role is an act that can be exchanged by what it gives.
func (s *stage) role(name string, first act) func(act) {
	var now atomic.Pointer[act]
	now.Store(&first)
	s.acts[name] = func(ctx context.Context, d time.Duration) result { return (*now.Load())(ctx, d) }
	return func(a act) { now.Store(&a) }
}

// expect lets time pass and compares what was told meanwhile.
func (s *stage) expect(d time.Duration, want ...string) {
	s.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.told, want) {
		s.t.Errorf("\n got %s\nwant %s", strings.Join(s.told, "\n     "), strings.Join(want, "\n     "))
	}
	s.told = nil
}

// of is a check with an act, each 10 s with a timeout of 5 s.
func of(act string, change ...func(*Check)) Check {
	c := web(func(h *HTTP) { h.URL = act })
	c.Interval, c.Timeout = scalar.Duration(10*time.Second), scalar.Duration(5*time.Second)
	for _, f := range change {
		f(&c)
	}
	return c
}

func TestStory(t *testing.T) {
	play(t, 4, func(s *stage) {
		now := s.role("x", well)
		s.Attend("web", 7, []Check{of("x")}, s.boot())
		s.expect(time.Second, "0s web/7 http ok: well")
		now(ill)
		s.expect(28*time.Second, "10s web/7 http failing: ill")
		s.expect(10*time.Second, "30s web/7 http bad: ill")
		s.expect(time.Minute)
		now(well)
		s.expect(10*time.Second, "1m40s web/7 http ok: well")
		now(hangs)
		s.expect(60*time.Second, "1m55s web/7 http failing: no answer within 5s", "2m15s web/7 http bad: no answer within 5s")
	})
}

func TestSlow(t *testing.T) {
	play(t, 4, func(s *stage) {
		var takes atomic.Int64
		s.acts["x"] = func(context.Context, time.Duration) result {
			time.Sleep(time.Duration(takes.Load()))
			return success("well")
		}
		takes.Store(int64(4001 * time.Millisecond))
		s.Attend("web", 1, []Check{of("x", func(c *Check) { c.Name, c.Action = "front", watch.ActReport })}, s.boot())
		s.expect(35*time.Second, "4.001s web/1 front ok (report): well", "4.001s web/1 front ok (slow) (report): took 4s of its 5s: well")
		takes.Store(int64(4 * time.Second))
		s.expect(10 * time.Second)
		takes.Store(int64(5 * time.Second))
		s.expect(10*time.Second, "55s web/1 front ok (slow) (report): took 5s of its 5s: well")
	})
}

// TestHungOnesDelayNobody holds that checks that hang, more than there are places, delay
// another by no more than the second in which they might have been working.
func TestHungOnesDelayNobody(t *testing.T) {
	play(t, 2, func(s *stage) {
		s.acts["hangs"], s.acts["well"] = hangs, well
		forever := func(c *Check) { c.Interval, c.Timeout = scalar.Duration(time.Hour), scalar.Duration(time.Hour) }
		var checks []Check
		for range 10 {
			checks = append(checks, of("hangs", forever))
		}
		s.Attend("hung", 1, checks, s.boot())
		s.expect(100 * time.Millisecond)
		s.Attend("web", 1, []Check{of("well")}, s.boot())
		s.expect(20*time.Second, "5s web/1 http ok: well")
	})
}

// TestProgramsAreBounded holds that hung programs delay other programs once there are as
// many as may be, and nothing else.
func TestProgramsAreBounded(t *testing.T) {
	play(t, 4, func(s *stage) {
		running, most := 0, 0
		s.acts["/hangs"] = func(ctx context.Context, d time.Duration) result {
			s.mu.Lock()
			running++
			most = max(most, running)
			s.mu.Unlock()
			defer func() { s.mu.Lock(); running--; s.mu.Unlock() }()
			return hangs(ctx, d)
		}
		s.acts["well"] = well
		var checks []Check
		for range 10 {
			c := program(func(e *Exec) { e.Run[0] = "/hangs" })
			c.OnTimeout = TimeoutUnknown
			checks = append(checks, c)
		}
		s.Attend("hung", 1, checks, s.boot())
		s.expect(4 * time.Second)
		s.Attend("web", 1, []Check{of("well")}, s.boot())
		s.expect(5*time.Second, "4s web/1 http ok: well")
		s.mu.Lock()
		defer s.mu.Unlock()
		if most != 4 {
			t.Errorf("%d at once", most)
		}
	})
}

// TestNeverTwoAtOnce holds that a check that takes longer than its interval is followed by
// the next at its end.
func TestNeverTwoAtOnce(t *testing.T) {
	play(t, 4, func(s *stage) {
		var starts []time.Duration
		running := 0
		s.acts["x"] = func(ctx context.Context, d time.Duration) result {
			s.mu.Lock()
			starts = append(starts, s.awake()-time.Hour)
			running++
			if running > 1 {
				t.Error("two at once")
			}
			s.mu.Unlock()
			time.Sleep(4 * time.Second)
			s.mu.Lock()
			running--
			s.mu.Unlock()
			return success("well")
		}
		c := of("x", func(c *Check) { c.Interval = scalar.Duration(time.Second) })
		s.Attend("web", 1, []Check{c}, s.boot())
		time.Sleep(13 * time.Second)
		s.mu.Lock()
		if want := "[0s 4s 8s 12s]"; fmt.Sprint(starts) != want {
			t.Errorf("got %v, want %s", starts, want)
		}
		s.mu.Unlock()
	})
}

func TestRounds(t *testing.T) {
	play(t, 4, func(s *stage) {
		now := s.role("x", ill)
		s.Attend("web", 1, []Check{of("x")}, s.boot())
		s.expect(21*time.Second, "20s web/1 http bad: ill")
		stubborn := make(chan struct{})
		now(func(context.Context, time.Duration) result { <-stubborn; return failure("of the last round") })
		time.Sleep(10 * time.Second) // it is under way
		now(well)
		s.Attend("web", 2, []Check{of("x")}, s.boot())
		s.expect(time.Second, "31s web/2 http ok: well")
		close(stubborn)
		s.expect(15 * time.Second)
		s.Unattend("web")
		now(ill)
		s.expect(time.Hour)
		if last := s.Last("web"); last != nil {
			t.Error(last)
		}
		s.Attend("web", 2, []Check{of("x")}, s.boot()) // the same round, but afresh
		s.expect(21*time.Second, fmt.Sprintf("%v web/2 http bad: ill", time.Hour+47*time.Second+20*time.Second))
	})
}

// TestNewRoundBreaksOff holds that a check that hangs is broken off by a new round.
func TestNewRoundBreaksOff(t *testing.T) {
	play(t, 4, func(s *stage) {
		broken := 0
		s.acts["x"] = func(ctx context.Context, d time.Duration) result {
			<-ctx.Done()
			s.mu.Lock()
			broken++
			s.mu.Unlock()
			return failure("broken off")
		}
		for round := range 3 {
			s.Attend("web", round, []Check{of("x")}, s.boot())
			time.Sleep(time.Second)
		}
		s.Rest("web")
		s.expect(time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if broken != 3 {
			t.Errorf("%d broken off", broken)
		}
	})
}

// TestReload holds that in the same round results go on to count, and those of what is
// no longer checked do not.
func TestReload(t *testing.T) {
	play(t, 4, func(s *stage) {
		s.acts["ill"], s.acts["well"], s.acts["hangs"] = ill, well, hangs
		s.Attend("web", 1, []Check{of("ill"), of("well", func(c *Check) { c.Name = "gone" })}, s.boot())
		s.expect(11*time.Second, "0s web/1 gone ok: well")
		s.Attend("web", 1, []Check{of("hangs"), of("well", func(c *Check) { c.Name = "new" })}, s.boot())
		s.expect(10*time.Second, "11s web/1 new ok: well")
		s.Attend("web", 1, []Check{of("ill", func(c *Check) { c.Interval = scalar.Duration(time.Minute) })}, s.boot())
		s.expect(time.Second, "21s web/1 http bad: ill") // the third failure; what was under way does not count
		s.Attend("web", 1, []Check{of("ill", func(c *Check) { c.Interval = scalar.Duration(2 * time.Second) })}, s.boot())
		s.Attend("web", 1, []Check{of("well", func(c *Check) { c.Interval = scalar.Duration(2 * time.Second) })}, s.boot())
		s.expect(2*time.Second, "23s web/1 http ok: well")
	})
}

func TestStartDelay(t *testing.T) {
	play(t, 4, func(s *stage) {
		s.acts["x"] = well
		delayed := func(d time.Duration) []Check {
			return []Check{of("x", func(c *Check) { c.StartDelay = scalar.Duration(d) })}
		}
		s.Attend("young", 1, delayed(20*time.Second), s.boot()-5*time.Second)
		s.Attend("old", 1, delayed(20*time.Second), s.boot()-time.Hour)
		s.expect(14*time.Second, "0s old/1 http ok: well")
		s.expect(2*time.Second, "15s young/1 http ok: well")
	})
}

// TestSuspend holds that a suspend of the host makes neither a failure nor a burst.
func TestSuspend(t *testing.T) {
	play(t, 4, func(s *stage) {
		checked := 0
		s.acts["x"] = func(ctx context.Context, d time.Duration) result {
			s.mu.Lock()
			checked++
			s.mu.Unlock()
			time.Sleep(2 * time.Second)
			return failure("connection reset")
		}
		s.Attend("web", 1, []Check{of("x", func(c *Check) { c.Failures = Failures{2, 2} })}, s.boot())
		time.Sleep(time.Second)
		s.asleep.Store(int64(10 * time.Hour))
		s.expect(8 * time.Second)
		if last := strings.Join(s.Last("web"), ""); last != "http: pending; last check unknown, 7s ago, took 2s: the host was suspended meanwhile" {
			t.Error(last)
		}
		s.asleep.Store(int64(20 * time.Hour)) // while nothing is under way
		s.expect(14*time.Second, "22s web/1 http bad: connection reset")
		s.mu.Lock()
		defer s.mu.Unlock()
		if checked != 3 {
			t.Errorf("checked %d times", checked)
		}
	})
}

func TestPanicIsContained(t *testing.T) {
	play(t, 4, func(s *stage) {
		s.acts["x"] = func(context.Context, time.Duration) result { panic("oh no") }
		s.acts["y"] = well
		s.Attend("web", 1, []Check{of("x"), of("y")}, s.boot())
		s.expect(25*time.Second, "0s web/1 http-2 ok: well", "20s web/1 http unknown: internal failure: oh no")
	})
}

// TestApart holds that checks that begin together drift apart.
func TestApart(t *testing.T) {
	play(t, 1000, func(s *stage) {
		s.chance = rand.New(rand.NewPCG(1, 2)).Float64
		var starts []time.Duration
		s.acts["x"] = func(context.Context, time.Duration) result {
			s.mu.Lock()
			starts = append(starts, s.awake())
			s.mu.Unlock()
			return success("well")
		}
		for i := range 1000 {
			s.Attend(fmt.Sprint(i), 1, []Check{of("x")}, s.boot())
		}
		most := func() int {
			most := 0
			for i := range starts {
				n := 0
				for _, at := range starts[i:] {
					if at-starts[i] < 100*time.Millisecond {
						n++
					}
				}
				most = max(most, n)
			}
			starts = nil
			return most
		}
		time.Sleep(time.Second)
		s.mu.Lock()
		if n := most(); n > 150 {
			t.Errorf("%d within 100 ms at the start", n)
		}
		s.mu.Unlock()
		time.Sleep(3 * time.Minute)
		s.mu.Lock()
		starts = nil
		s.mu.Unlock()
		time.Sleep(10 * time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if n := most(); n > 40 {
			t.Errorf("%d within 100 ms later", n)
		}
	})
}

// TestIdle holds that looking at a schedule in which nothing is due allocates nothing.
func TestIdle(t *testing.T) {
	p := New(Options{Tell: func([]watch.SignChange) { t.Error("told") }})
	for i := range 100 {
		p.Attend(fmt.Sprint(i), 1, []Check{of("http://localhost/", func(c *Check) { c.StartDelay = scalar.Duration(time.Hour) })}, p.boot())
	}
	var work sync.WaitGroup
	if n := testing.AllocsPerRun(100, func() { p.step(t.Context(), &work) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLast(t *testing.T) {
	play(t, 4, func(s *stage) {
		s.acts["x"] = func(context.Context, time.Duration) result {
			time.Sleep(1500 * time.Microsecond)
			r := failure("exit code 2: full")
			r.output = "full | x=1"
			return r
		}
		s.Attend("db", 1, []Check{of("x"), of("x", func(c *Check) { c.StartDelay = scalar.Duration(time.Hour) })}, s.boot())
		time.Sleep(25 * time.Second)
		got := strings.Join(s.Last("db"), "\n")
		if want := "http: bad; last check failed, 5s ago, took 1.50ms: exit code 2: full; output: full | x=1\nhttp-2: not checked yet"; got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	})
}
