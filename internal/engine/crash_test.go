package engine_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/engine/life"
	"procward/internal/message"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/internal/script"
)

// history is a random world in which the daemon dies again and again.
type history struct {
	*sim
	luck   *rand.Rand
	ran    map[string]int
	killed bool // the daemon may die before any effect
}

func newHistory(t testing.TB, seed uint64, cfg *confd.Config) *history {
	h := &history{sim: newSim(t, cfg), luck: rand.New(rand.NewPCG(seed, 1)), ran: map[string]int{}}
	h.Lose = func() bool { return h.luck.IntN(3) == 0 }
	h.Dies = func(Effect) bool { return h.killed && h.luck.IntN(15) == 0 }
	for _, name := range sortedNames(cfg.Processes) {
		h.Spawn(name)
		h.Scripts["/restart/"+name] = func(map[string]string) rehearse.Script {
			h.ran[name]++
			return h.fate(name)
		}
	}
	for _, path := range []string{"/stop", "/start", "/hook"} {
		h.Scripts[path] = func(map[string]string) rehearse.Script {
			return rehearse.Script{Takes: h.upTo(5 * time.Second), Result: script.Result{Code: h.luck.IntN(2) * 75}}
		}
	}
	return h
}

func (h *history) upTo(d time.Duration) time.Duration { return time.Duration(h.luck.Int64N(int64(d))) }

// fate is how a restart script goes: well, or not, or into its timeout.
func (h *history) fate(name string) rehearse.Script {
	s := rehearse.Script{Takes: h.upTo(3 * time.Second)}
	switch h.luck.IntN(5) {
	case 0:
		s.Result.Code = 1
	case 1:
		s.During = func() { h.Spawn(name) }
	default:
		s.After = func() {
			if len(h.IDs(name)) == 0 {
				h.Spawn(name)
			}
		}
	}
	return s
}

// trouble lets things happen for a while.
func (h *history) trouble(d time.Duration) {
	names := sortedNames(h.Config.Processes)
	end := h.Now + d
	h.killed = true
	for h.Now < end {
		h.Run(h.upTo(2 * time.Second))
		switch h.luck.IntN(4) {
		case 0:
			h.Rebirth(h.upTo(5*time.Second), func(m Moment) Moment { return m })
		default:
			h.DieAll(names[h.luck.IntN(len(names))], exit3)
		}
	}
	h.killed = false
}

// seeds is how many histories of a kind are tried. FuzzDying tries others.
const seeds = uint64(20)

func crashing(attempts scalar.Limit, change func(*confd.Process)) *confd.Config {
	cfg := &confd.Config{Processes: map[string]confd.Process{}}
	cfg.Daemon.ParallelRestarts = 2
	for _, name := range []string{"a", "b", "c", "d"} {
		cfg.Processes[name] = entry(name, "", func(p *confd.Process) {
			p.Restart.Attempts, p.Restart.Backoff.Max = attempts, scalar.Duration(4*time.Second)
			p.Restart.StartTimeout, p.Restart.Settle = scalar.Duration(3*time.Second), scalar.Duration(time.Second)
			if change != nil {
				change(p)
			}
		})
	}
	return cfg
}

func TestDyingAtAnyInstantLosesAndDoublesNoScript(t *testing.T) {
	for seed := range seeds {
		losesAndDoublesNothing(t, seed)
	}
}

func losesAndDoublesNothing(t *testing.T, seed uint64) {
	h := newHistory(t, seed, crashing(scalar.Unlimited, nil))
	h.start()
	h.trouble(3 * time.Minute)
	h.Run(3 * time.Minute)
	for name := range h.Config.Processes {
		p := h.Machine.Procs()[name]
		if spent := len(p.History.Spent); spent != h.ran[name]+h.Dropped["/restart/"+name] {
			t.Fatalf("seed %d: %s: %d attempts spent, %d scripts run, %d prevented by a crash:\n%s",
				seed, name, spent, h.ran[name], h.Dropped["/restart/"+name], h.story())
		}
		if p.State() != Up {
			t.Fatalf("seed %d: %s is %s after %d crashes:\n%s", seed, name, p.State(), h.Life, h.story())
		}
	}
}

func TestDyingGivesNoAttemptBack(t *testing.T) {
	for seed := range seeds {
		givesNothingBack(t, seed)
	}
}

func givesNothingBack(t *testing.T, seed uint64) {
	h := newHistory(t, seed, crashing(scalar.AtMost(3), nil))
	h.start()
	h.trouble(4 * time.Minute)
	h.Run(2 * time.Minute)
	for name := range h.Config.Processes {
		p := h.Machine.Procs()[name]
		if h.ran[name] > 3 || h.ran[name]+h.Dropped["/restart/"+name] < len(p.History.Spent) {
			t.Fatalf("seed %d: %s: %d scripts run, %d attempts spent:\n%s", seed, name, h.ran[name], len(p.History.Spent), h.story())
		}
		if p.State() != Up && p.State() != GaveUp {
			t.Fatalf("seed %d: %s is %s:\n%s", seed, name, p.State(), h.story())
		}
	}
}

func TestDyingDuringGroupOperations(t *testing.T) {
	for seed := range seeds {
		groupsComeToRest(t, seed)
	}
}

// grouped is the crashing in one group, with all that it can do, by a seed.
func grouped(seed uint64) *confd.Config {
	cfg := crashing(scalar.AtMost(2), func(p *confd.Process) { p.Group = "g"; p.Restart.Window = scalar.Duration(time.Minute) })
	g := escalate.DefaultGroup()
	g.Strategy = []escalate.Strategy{escalate.One, escalate.All}[seed%2]
	if seed%3 == 0 {
		g.Start, g.Stop = script.Argv{"/start"}, script.Argv{"/stop"}
	}
	g.Escalate = escalate.Ladder{
		{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(2), Window: scalar.Duration(time.Minute)}},
		{Hook: &escalate.Hook{Run: script.Argv{"/hook"}, Timeout: scalar.Duration(time.Minute)}},
	}
	g.RetryAfter = scalar.Interval{D: 3 * time.Minute}
	cfg.Groups = map[string]escalate.Group{"g": g}
	return cfg
}

func groupsComeToRest(t *testing.T, seed uint64) {
	cfg := grouped(seed)
	h := newHistory(t, seed, cfg)
	h.start()
	h.trouble(10 * time.Minute)
	h.Scripts["/start"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() {
			for name := range cfg.Processes {
				if len(h.IDs(name)) == 0 {
					h.Spawn(name)
				}
			}
		}}
	}
	h.Run(30 * time.Minute)
	for name := range cfg.Processes {
		if p := h.Machine.Procs()[name]; p.State() != Up && p.State() != Handed && p.State() != GaveUp || p.Held() {
			t.Fatalf("seed %d: %s is %s:\n%s", seed, name, p.State(), h.story())
		}
	}
	if h.Machine.Ops() > 0 {
		t.Fatalf("seed %d: operations %v never end:\n%s", seed, h.Machine.Ops(), h.story())
	}
}

func TestSaveRestoreSaveIsTheSame(t *testing.T) {
	for seed := range seeds {
		savesWhatItRestores(t, seed)
	}
}

func savesWhatItRestores(t *testing.T, seed uint64) {
	h := newHistory(t, seed, crashing(scalar.AtMost(5), nil))
	h.start()
	h.trouble(h.upTo(2 * time.Minute))
	h.Run(10 * time.Second)
	saved := h.Machine.Save()
	m := NewMachine(false, 1)
	now := h.Moment()
	if err := m.Restore(saved, now, now); err != nil {
		t.Fatal(err)
	}
	if again := m.Save(); !reflect.DeepEqual(saved, again) {
		t.Fatalf("seed %d: before the configuration it is\n%s\nnot\n%s", seed, again, saved)
	}
	m.Step(now, Configured{Config: h.Config})
	again := m.Save()
	for name := range h.Config.Processes {
		if a, b := steady(t, saved[KeyProcess+name]), steady(t, again[KeyProcess+name]); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: %s was\n%+v\nis\n%+v", seed, name, a, b)
		}
	}
}

// steady is what a restore may not change: all but the state of what goes on from there.
func steady(t *testing.T, text json.RawMessage) life.Saved {
	t.Helper()
	var p life.Saved
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	p.State, p.Deadline, p.Attempt = "", 0, nil
	return p
}

func FuzzDying(f *testing.F) {
	f.Add(uint64(1000))
	f.Fuzz(func(t *testing.T, seed uint64) {
		losesAndDoublesNothing(t, seed)
		givesNothingBack(t, seed)
		groupsComeToRest(t, seed)
		savesWhatItRestores(t, seed)
	})
}

func TestAnotherBootCarriesWhatIsSpentByTheWallClock(t *testing.T) {
	for name, c := range map[string]struct {
		step time.Duration // of the wall clock, while the host was down
		left int           // attempts that still count
	}{
		"ten minutes later":     {10 * time.Minute, 3},
		"a clock set back":      {-24 * time.Hour, 3},
		"later than the window": {25 * time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, one(nil)) // 3 attempts in 24h
			s.Spawn("httpd")
			s.start().Run(time.Second)
			s.DieAll("httpd", exit3)
			s.Run(10 * time.Minute)
			if got := s.Machine.Procs()["httpd"].State(); got != GaveUp {
				t.Fatalf("it is %s:\n%s", got, s.story())
			}
			before := s.Moment()
			after := Moment{Boot: "another", Uptime: 10 * time.Second, Wall: before.Wall.Add(c.step)}
			m := NewMachine(false, 1)
			if err := m.Restore(s.Machine.Save(), before, after); err != nil {
				t.Fatal(err)
			}
			m.Step(after, Configured{Config: s.Config})
			p := m.Procs()["httpd"]
			if got := p.Spec.Restart.Used(p.History, after.Uptime); got != c.left || p.State() != GaveUp || len(p.Tracks()) > 0 {
				t.Errorf("%d attempts count and it is %s, want %d and given-up", got, p.State(), c.left)
			}
		})
	}
}

func TestTheWallClockMeansNothingWithinABoot(t *testing.T) {
	for _, step := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		s := newSim(t, one(nil))
		s.Spawn("httpd")
		s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.start().Run(time.Second)
		s.DieAll("httpd", exit3)
		s.Run(time.Minute)
		s.Rebirth(time.Second, func(m Moment) Moment { m.Wall = m.Wall.Add(step); return m })
		s.said = nil
		s.Run(time.Minute)
		p := s.Machine.Procs()["httpd"]
		if got := p.Spec.Restart.Used(p.History, s.Now); got != 1 || p.State() != Up {
			t.Errorf("%d attempts count and it is %s, want 1 and up", got, p.State())
		}
		s.tells(`
			62.000 PW0110 procward goes on where it was: 1 processes, with 1 PIDs
			62.000 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0`)
	}
}

func TestWhatDiedMeanwhileIsAnExit(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(time.Second)
	s.Rebirth(time.Second, func(m Moment) Moment { return m })
	s.DieAll("httpd", exit3)
	s.said = nil
	s.Run(time.Minute)
	s.tells(`
		2.000 PW0110 procward goes on where it was: 1 processes, with 1 PIDs
		2.000 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		2.006 PW0201 process=httpd pid=101 down: cause unknown
		2.006 PW0301 process=httpd restart, attempt 1 of 3
		7.008 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestAScriptThatStillRunsIsAwaited(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 10*time.Second)
	s.start().Run(time.Second)
	s.DieAll("httpd", exit3)
	s.Run(3 * time.Second)
	s.Rebirth(time.Second, func(m Moment) Moment { return m })
	s.said = nil
	s.Run(time.Minute)
	if len(s.Ran) != 1 {
		t.Errorf("ran %v", s.Ran)
	}
	s.tells(`
		5.000 PW0110 procward goes on where it was: 1 processes, with 0 PIDs
		5.000 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		16.003 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestAMasterThatDiedMeanwhileLeavesOrphans(t *testing.T) {
	s := newSim(t, one(nil))
	master := s.Spawn("httpd")
	s.SpawnAs("httpd", func(p *rehearse.Process) { p.PPID, p.Session = master.PID, master.PID })
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(time.Minute)
	s.Procs[master].Session = master.PID
	s.Machine.Touch("httpd")
	s.Step(Tick{}) // the daemon writes its state at its end
	s.Rebirth(10*time.Second, func(m Moment) Moment { return m })
	s.Run(time.Second)
	s.Die(master, sigkill)
	s.Run(time.Minute)
	// How it ended is not known: the worker counts for nothing, and is not ended either.
	if p := s.Machine.Procs()["httpd"]; p.State() != Up || len(s.Ran) != 1 || len(s.IDs("httpd")) != 2 || !slices.Contains(s.kinds, message.Orphans) {
		t.Errorf("it is %s, ran %v, there are %v:\n%s", p.State(), s.Ran, s.IDs("httpd"), s.story())
	}
}
