package engine

import (
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
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
	s.cfg = cfg
	s.step(Configured{Config: cfg})
}

func TestAMemberIsRemovedWhileItIsStartedAndEverythingIsSuspended(t *testing.T) {
	for why, suspend := range map[string]func(*sim){
		"by the operator":           func(s *sim) { s.order(VerbSuspend) },
		"by a shutdown":             func(s *sim) { s.step(Suspend{Why: "shutdown"}) },
		"by the reload itself":      func(s *sim) { s.cfg.Daemon.Observe = true },
		"by a reload before":        func(s *sim) { c := *s.cfg; c.Daemon.Observe = true; s.reload(&c) },
		"not at all":                func(*sim) {},
		"and the look is under way": func(s *sim) { s.lookTakes = time.Minute; s.order(VerbSuspend) },
		"by a daemon that came back": func(s *sim) {
			s.order(VerbSuspend)
			s.rebirth(time.Second, func(m Moment) Moment { return m })
			s.run(time.Second)
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := newSim(t, twoInAGroup())
			s.scripts["/restart/db"] = func(map[string]string) simScript { return simScript{takes: 10 * time.Second} }
			s.spawn("web")
			s.start().run(time.Second)
			s.order(VerbStop, "g")
			s.run(time.Second)
			s.order(VerbStart, "g")
			s.run(100 * time.Millisecond)
			suspend(s)
			s.reload(without(s.cfg, "db"))
			s.run(time.Minute)
			if why := invariants(s.m); why != "" || len(s.m.ops) != 0 {
				t.Errorf("%s, operations: %v:\n%s", why, s.m.ops, s.story())
			}
		})
	}
}

func TestAStopOfWhatIsGoneEnds(t *testing.T) {
	s := newSim(t, twoInAGroup())
	s.spawn("db")
	s.start().run(time.Second)
	s.order(VerbStop, "db")
	s.reload(without(s.cfg, "db")) // while it is killed
	s.run(time.Minute)
	if len(s.m.ops) != 0 || !s.m.orders[0].Done {
		t.Errorf("operations %v, order %+v:\n%s", s.m.ops, s.m.orders[0].Status, s.story())
	}
}

// A look takes its time; what it was asked for may not be what is wanted at its end.
func TestALookForAnOldMatchIsNoNews(t *testing.T) {
	cfg := one(nil)
	s := newSim(t, cfg)
	old := s.spawn("httpd")
	now := s.spawn("nginx")
	s.lookTakes = time.Second
	s.start()
	changed := cfg.Processes["httpd"]
	changed.Match.Name = "nginx"
	s.reload(&confd.Config{Processes: map[string]confd.Process{"httpd": changed}})
	s.run(3 * time.Second)
	if p := s.m.procs["httpd"]; len(p.Tracks()) != 1 || !tracks(p, now) {
		t.Errorf("tracked are %v; the old one is %v, the new one %v:\n%s", p.Tracks(), old, now, s.story())
	}
}

func TestWhatWasBegunForANameThatIsGoneIsTold(t *testing.T) {
	cfg := twoInAGroup()
	g := cfg.Groups["g"]
	g.Escalate = escalate.Ladder{{Hook: &escalate.Hook{Run: script.Argv{"/hook"}}}}
	cfg.Groups["g"] = g
	slow := func(map[string]string) simScript { return simScript{takes: 10 * time.Second} }
	s := newSim(t, cfg)
	s.scripts["/restart/app"], s.scripts["/hook"] = slow, slow
	cfg.Processes["app"] = entry("app", "", nil)
	db := cfg.Processes["db"]
	db.Restart.Attempts.N = 0
	cfg.Processes["db"] = db
	for _, name := range sortedKeys(cfg.Processes) {
		s.spawn(name)
	}
	s.start().run(time.Second)
	s.dieAll("db", exit3)
	s.dieAll("app", exit3)
	s.run(time.Second)
	s.reload(&confd.Config{Processes: map[string]confd.Process{}})
	s.said = nil
	s.run(time.Minute)
	s.tells(`
		11.003 PW0805 work for a removed name has ended: the hook of group g exited with code 0
		11.003 PW0805 process=app work for a removed name has ended: its script exited with code 0`)
	if why := invariants(s.m); why != "" || len(s.m.jobs) != 0 {
		t.Errorf("%s, jobs %v", why, s.m.jobs)
	}
}
