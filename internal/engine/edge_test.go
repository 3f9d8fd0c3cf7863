package engine_test

import (
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/engine/climb"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/internal/script"
)

func TestChangedMatchThatFindsNothingIsNotUp(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.Config = one(func(p *confd.Process) { p.Match.Count.Min = 2 })
	s.start().Run(10 * time.Second)
	if got := s.Machine.Procs()["httpd"].State(); got == Up {
		t.Errorf("it is %s with one of two there", got)
	}
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		31.002 PW0216 process=httpd fewer than wanted: 1 of 2 are there
		31.002 PW0301 process=httpd restart, attempt 1 of 3
		36.004 PW0303 process=httpd pid=101 attempt=1 attempts=3 recovered`)
}

func excessive(change func(*confd.Process)) *confd.Config {
	return one(func(p *confd.Process) {
		p.Match.Count.Max, p.Excess.Action = scalar.AtMost(1), confd.ExcessRestart
		if change != nil {
			change(p)
		}
	})
}

func TestExcessRestarts(t *testing.T) {
	for name, change := range map[string]func(*confd.Process){
		"at once": nil,
		"delayed": func(p *confd.Process) { p.Restart.Delay = scalar.Duration(10 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, excessive(change))
			s.Spawn("httpd")
			s.Spawn("httpd")
			s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
			s.start().Run(5 * time.Minute)
			if n, p := len(s.IDs("httpd")), s.Machine.Procs()["httpd"]; len(s.Ran) != 1 || n != 1 || p.State() != Up {
				t.Errorf("%d are there, it is %s, ran %v:\n%s", n, p.State(), s.Ran, s.story())
			}
		})
	}
}

func TestExcessThatComesAgainSpendsAttempts(t *testing.T) {
	s := newSim(t, excessive(nil))
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() { s.Spawn("httpd"); s.Spawn("httpd") }}
	}
	s.Run(time.Hour)
	if len(s.Ran) != 3 {
		t.Errorf("ran %v of 3 attempts:\n%s", s.Ran, s.story())
	}
}

func TestExcessThatGoesByItselfIsLeftAlone(t *testing.T) {
	s := newSim(t, excessive(func(p *confd.Process) { p.Restart.Delay = scalar.Duration(90 * time.Second) }))
	s.Spawn("httpd")
	second := s.Spawn("httpd")
	s.start().Run(10 * time.Second)
	s.Die(second, clean)
	s.Run(10 * time.Minute)
	if p := s.Machine.Procs()["httpd"]; len(s.Ran) != 0 || p.State() != Up {
		t.Errorf("it is %s, ran %v:\n%s", p.State(), s.Ran, s.story())
	}
}

// slowWeb is web with strategy all, where starting each member takes a while.
func slowWeb(t *testing.T) *sim {
	s := newSim(t, web(func(g *escalate.Group) { g.Strategy = escalate.All }))
	for _, name := range []string{"app", "httpd"} {
		s.Scripts["/restart/"+name] = starts(s, name, 10*time.Second)
	}
	return s
}

func TestReloadRemovesAMemberDuringAGroupRestart(t *testing.T) {
	for _, removed := range []string{"app", "httpd"} {
		for _, after := range []time.Duration{time.Second, 12 * time.Second} {
			s := slowWeb(t)
			s.Spawn("app")
			died := s.Spawn("httpd")
			s.start().Run(time.Second)
			s.Die(died, sigkill)
			s.Run(after)
			without := *s.Config
			without.Processes = map[string]confd.Process{}
			stays := ""
			for name, p := range s.Config.Processes {
				if name != removed {
					without.Processes[name], stays = p, name
				}
			}
			s.Step(Configured{Config: &without})
			s.Run(2 * time.Minute)
			if p := s.Machine.Procs()[stays]; p.State() != Up || p.Held() {
				t.Errorf("%s removed after %v: %s is %s:\n%s", removed, after, stays, p.State(), s.story())
			}
		}
	}
}

func TestReloadRemovesAMemberThatARungLooksFor(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) { g.Escalate = nil }))
	s.start()
	s.Run(40 * time.Second) // both absent, exhausted
	l := s.Machine.Ladders()["group web"]
	l.Climb = escalate.Climb{Phase: escalate.Looking}
	s.Machine.Climb(l, climb.Restored{})
	s.Step(Tick{}) // the looks are asked for
	without := *s.Config
	without.Processes = map[string]confd.Process{"httpd": s.Config.Processes["httpd"]}
	s.Step(Configured{Config: &without})
	s.Run(time.Minute)
	if l.Climb.Phase == escalate.Looking {
		t.Errorf("the ladder looks for ever:\n%s", s.story())
	}
}

func TestGivenUpMemberIsTriedAgainAfterAGroupRestart(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) {
		g.Escalate, g.Strategy = nil, escalate.All
		g.RetryAfter = scalar.Interval{D: 10 * time.Minute}
	}))
	s.Spawn("app")
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script { return rehearse.Script{Result: script.Result{Code: 1}} }
	s.start().Run(2 * time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != GaveUp {
		t.Fatalf("httpd is %s:\n%s", got, s.story())
	}
	s.DieAll("app", sigkill)
	s.Run(2 * time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != GaveUp {
		t.Errorf("after the group's restart httpd is %s:\n%s", got, s.story())
	}
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.Run(11 * time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != Up {
		t.Errorf("after retry-after httpd is %s:\n%s", got, s.story())
	}
}

func TestStrategyAllLeavesAloneWhatIsNotOurs(t *testing.T) {
	cfg := web(func(g *escalate.Group) { g.Strategy = escalate.All })
	cfg.Processes["extra"] = entry("extra", "web", func(p *confd.Process) { p.Absent = confd.AbsentIgnore })
	s := newSim(t, cfg)
	s.Spawn("app")
	died := s.Spawn("httpd")
	for _, name := range []string{"app", "httpd", "extra"} {
		s.Scripts["/restart/"+name] = starts(s, name, 0)
	}
	s.start().Run(time.Second)
	s.Die(died, sigkill)
	s.Run(time.Minute)
	if got := s.Machine.Procs()["extra"].State(); got != AbsentNow {
		t.Errorf("extra, whose absence is ignored, is %s:\n%s", got, s.story())
	}
}

// A look that began before a death shows the dead, and not who takes its place.
func TestAnOlderLookDecidesNothing(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Match.Count.Min = 2 }))
	s.LookTakes = 50 * time.Millisecond
	first, second := s.Spawn("httpd"), s.Spawn("httpd")
	s.start().Run(time.Second)
	s.Spawn("httpd")
	s.Die(first, clean)
	s.Run(20 * time.Millisecond)
	s.Spawn("httpd")
	s.Die(second, clean)
	s.Run(time.Minute)
	if p := s.Machine.Procs()["httpd"]; p.State() != Up || len(s.Ran) != 0 {
		t.Errorf("it is %s, ran %v:\n%s", p.State(), s.Ran, s.story())
	}
}
