package engine_test

import (
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/rehearse"
	"procward/internal/script"
)

// twoInAGroup are web and db in one group.
func twoInAGroup() *confd.Config {
	return &confd.Config{Groups: map[string]escalate.Group{"g": escalate.DefaultGroup()}, Processes: map[string]confd.Process{
		"db": entry("db", "g", nil), "web": entry("web", "g", nil)}}
}

// without is a configuration without a process.
func without(cfg *confd.Config, name string) *confd.Config {
	out := *cfg
	out.Processes = map[string]confd.Process{}
	for n, p := range cfg.Processes {
		if n != name {
			out.Processes[n] = p
		}
	}
	return &out
}

// reload puts another configuration in force.
func (s *sim) reload(cfg *confd.Config) {
	s.Config = cfg
	s.Step(Configured{Config: cfg})
}

func TestAMemberIsRemovedWhileItIsStartedAndEverythingIsSuspended(t *testing.T) {
	for why, suspend := range map[string]func(*sim){
		"by the operator":           func(s *sim) { s.order(VerbSuspend) },
		"by a shutdown":             func(s *sim) { s.Step(Suspend{Why: "shutdown"}) },
		"by the reload itself":      func(s *sim) { s.Config.Daemon.Observe = true },
		"by a reload before":        func(s *sim) { c := *s.Config; c.Daemon.Observe = true; s.reload(&c) },
		"not at all":                func(*sim) {},
		"and the look is under way": func(s *sim) { s.LookTakes = time.Minute; s.order(VerbSuspend) },
		"by a daemon that came back": func(s *sim) {
			s.order(VerbSuspend)
			s.Rebirth(time.Second, func(m Moment) Moment { return m })
			s.Run(time.Second)
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := newSim(t, twoInAGroup())
			s.Scripts["/restart/db"] = func(map[string]string) rehearse.Script { return rehearse.Script{Takes: 10 * time.Second} }
			s.Spawn("web")
			s.start().Run(time.Second)
			s.order(VerbStop, "g")
			s.Run(time.Second)
			s.order(VerbStart, "g")
			s.Run(100 * time.Millisecond)
			suspend(s)
			s.reload(without(s.Config, "db"))
			s.Run(time.Minute)
			if why := Invariants(s.Machine); why != "" || s.Machine.Ops() != 0 {
				t.Errorf("%s, operations: %v:\n%s", why, s.Machine.Ops(), s.story())
			}
		})
	}
}

func TestAStopOfWhatIsGoneEnds(t *testing.T) {
	s := newSim(t, twoInAGroup())
	s.Spawn("db")
	s.start().Run(time.Second)
	s.order(VerbStop, "db")
	s.reload(without(s.Config, "db")) // while it is killed
	s.Run(time.Minute)
	if s.Machine.Ops() != 0 || !s.Machine.Orders()[0].Done {
		t.Errorf("operations %v, order %+v:\n%s", s.Machine.Ops(), s.Machine.Orders()[0].Status, s.story())
	}
}

// A look takes its time; what it was asked for may not be what is wanted at its end.
func TestALookForAnOldMatchIsNoNews(t *testing.T) {
	cfg := one(nil)
	s := newSim(t, cfg)
	old := s.Spawn("httpd")
	now := s.Spawn("nginx")
	s.LookTakes = time.Second
	s.start()
	changed := cfg.Processes["httpd"]
	changed.Match.Name = "nginx"
	s.reload(&confd.Config{Processes: map[string]confd.Process{"httpd": changed}})
	s.Run(3 * time.Second)
	if p := s.Machine.Procs()["httpd"]; len(p.Tracks()) != 1 || !Knows(p, now) {
		t.Errorf("tracked are %v; the old one is %v, the new one %v:\n%s", p.Tracks(), old, now, s.story())
	}
}

func TestWhatWasBegunForANameThatIsGoneIsTold(t *testing.T) {
	cfg := twoInAGroup()
	g := cfg.Groups["g"]
	g.Escalate = escalate.Ladder{{Hook: &escalate.Hook{Run: script.Argv{"/hook"}}}}
	cfg.Groups["g"] = g
	slow := func(map[string]string) rehearse.Script { return rehearse.Script{Takes: 10 * time.Second} }
	s := newSim(t, cfg)
	s.Scripts["/restart/app"], s.Scripts["/hook"] = slow, slow
	cfg.Processes["app"] = entry("app", "", nil)
	db := cfg.Processes["db"]
	db.Restart.Attempts.N = 0
	cfg.Processes["db"] = db
	for _, name := range sortedNames(cfg.Processes) {
		s.Spawn(name)
	}
	s.start().Run(time.Second)
	s.DieAll("db", exit3)
	s.DieAll("app", exit3)
	s.Run(time.Second)
	s.reload(&confd.Config{Processes: map[string]confd.Process{}})
	s.said = nil
	s.Run(time.Minute)
	s.tells(`
		11.003 PW0805 work for a removed name has ended: the hook of group g exited with code 0
		11.003 PW0805 process=app work for a removed name has ended: its script exited with code 0`)
	if why := Invariants(s.Machine); why != "" || len(s.Machine.Jobs()) != 0 {
		t.Errorf("%s, jobs %v", why, s.Machine.Jobs())
	}
}
