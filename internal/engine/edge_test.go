package engine

import (
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/scalar"
	"procward/internal/script"
)

func TestChangedMatchThatFindsNothingIsNotUp(t *testing.T) {
	s := newSim(t, one(nil))
	s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	s.cfg = one(func(p *confd.Process) { p.Match.Count.Min = 2 })
	s.start().run(10 * time.Second)
	if got := s.m.procs["httpd"].State(); got == Up {
		t.Errorf("it is %s with one of two there", got)
	}
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.run(time.Minute)
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
			s.spawn("httpd")
			s.spawn("httpd")
			s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
			s.start().run(5 * time.Minute)
			if n, p := len(s.idsOf("httpd")), s.m.procs["httpd"]; len(s.ran) != 1 || n != 1 || p.State() != Up {
				t.Errorf("%d are there, it is %s, ran %v:\n%s", n, p.State(), s.ran, s.story())
			}
		})
	}
}

func TestExcessThatComesAgainSpendsAttempts(t *testing.T) {
	s := newSim(t, excessive(nil))
	s.spawn("httpd")
	s.start().run(time.Second)
	s.spawn("httpd")
	s.scripts["/restart/httpd"] = func(map[string]string) simScript {
		return simScript{after: func() { s.spawn("httpd"); s.spawn("httpd") }}
	}
	s.run(time.Hour)
	if len(s.ran) != 3 {
		t.Errorf("ran %v of 3 attempts:\n%s", s.ran, s.story())
	}
}

func TestExcessThatGoesByItselfIsLeftAlone(t *testing.T) {
	s := newSim(t, excessive(func(p *confd.Process) { p.Restart.Delay = scalar.Duration(90 * time.Second) }))
	s.spawn("httpd")
	second := s.spawn("httpd")
	s.start().run(10 * time.Second)
	s.die(second, clean)
	s.run(10 * time.Minute)
	if p := s.m.procs["httpd"]; len(s.ran) != 0 || p.State() != Up {
		t.Errorf("it is %s, ran %v:\n%s", p.State(), s.ran, s.story())
	}
}

// slowWeb is web with strategy all, where starting each member takes a while.
func slowWeb(t *testing.T) *sim {
	s := newSim(t, web(func(g *escalate.Group) { g.Strategy = escalate.All }))
	for _, name := range []string{"app", "httpd"} {
		s.scripts["/restart/"+name] = starts(s, name, 10*time.Second)
	}
	return s
}

func TestReloadRemovesAMemberDuringAGroupRestart(t *testing.T) {
	for _, removed := range []string{"app", "httpd"} {
		for _, after := range []time.Duration{time.Second, 12 * time.Second} {
			s := slowWeb(t)
			s.spawn("app")
			died := s.spawn("httpd")
			s.start().run(time.Second)
			s.die(died, sigkill)
			s.run(after)
			without := *s.cfg
			without.Processes = map[string]confd.Process{}
			stays := ""
			for name, p := range s.cfg.Processes {
				if name != removed {
					without.Processes[name], stays = p, name
				}
			}
			s.step(Configured{Config: &without})
			s.run(2 * time.Minute)
			if p := s.m.procs[stays]; p.State() != Up || p.op != nil {
				t.Errorf("%s removed after %v: %s is %s:\n%s", removed, after, stays, p.State(), s.story())
			}
		}
	}
}

func TestReloadRemovesAMemberThatARungLooksFor(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) { g.Escalate = nil }))
	s.start()
	s.run(40 * time.Second) // both absent, exhausted
	l := s.m.ladders["group web"]
	l.Climb = escalate.Climb{Phase: escalate.Looking}
	s.m.climb(l, climb.Restored{})
	s.step(Tick{}) // the looks are asked for
	without := *s.cfg
	without.Processes = map[string]confd.Process{"httpd": s.cfg.Processes["httpd"]}
	s.step(Configured{Config: &without})
	s.run(time.Minute)
	if l.Climb.Phase == escalate.Looking {
		t.Errorf("the ladder looks for ever:\n%s", s.story())
	}
}

func TestGivenUpMemberIsTriedAgainAfterAGroupRestart(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) {
		g.Escalate, g.Strategy = nil, escalate.All
		g.RetryAfter = scalar.Interval{D: 10 * time.Minute}
	}))
	s.spawn("app")
	s.scripts["/restart/app"] = starts(s, "app", 0)
	s.scripts["/restart/httpd"] = func(map[string]string) simScript { return simScript{result: script.Result{Code: 1}} }
	s.start().run(2 * time.Minute)
	if got := s.m.procs["httpd"].State(); got != GaveUp {
		t.Fatalf("httpd is %s:\n%s", got, s.story())
	}
	s.dieAll("app", sigkill)
	s.run(2 * time.Minute)
	if got := s.m.procs["httpd"].State(); got != GaveUp {
		t.Errorf("after the group's restart httpd is %s:\n%s", got, s.story())
	}
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.run(11 * time.Minute)
	if got := s.m.procs["httpd"].State(); got != Up {
		t.Errorf("after retry-after httpd is %s:\n%s", got, s.story())
	}
}

func TestStrategyAllLeavesAloneWhatIsNotOurs(t *testing.T) {
	cfg := web(func(g *escalate.Group) { g.Strategy = escalate.All })
	cfg.Processes["extra"] = entry("extra", "web", func(p *confd.Process) { p.Absent = confd.AbsentIgnore })
	s := newSim(t, cfg)
	s.spawn("app")
	died := s.spawn("httpd")
	for _, name := range []string{"app", "httpd", "extra"} {
		s.scripts["/restart/"+name] = starts(s, name, 0)
	}
	s.start().run(time.Second)
	s.die(died, sigkill)
	s.run(time.Minute)
	if got := s.m.procs["extra"].State(); got != AbsentNow {
		t.Errorf("extra, whose absence is ignored, is %s:\n%s", got, s.story())
	}
}

// A look that began before a death shows the dead, and not who takes its place.
func TestAnOlderLookDecidesNothing(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Match.Count.Min = 2 }))
	s.lookTakes = 50 * time.Millisecond
	first, second := s.spawn("httpd"), s.spawn("httpd")
	s.start().run(time.Second)
	s.spawn("httpd")
	s.die(first, clean)
	s.run(20 * time.Millisecond)
	s.spawn("httpd")
	s.die(second, clean)
	s.run(time.Minute)
	if p := s.m.procs["httpd"]; p.State() != Up || len(s.ran) != 0 {
		t.Errorf("it is %s, ran %v:\n%s", p.State(), s.ran, s.story())
	}
}
