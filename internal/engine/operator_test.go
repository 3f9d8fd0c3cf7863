package engine_test

import (
	"slices"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

// operate gives the machine an order.
func (s *sim) operate(o Order) Ordered {
	s.Step(Operate{Order: o})
	return s.Answered
}

// told is the whole status.
func (s *sim) told() Status {
	return s.Machine.Whole(s.Moment())
}

// order gives the machine an operator's order.
func (s *sim) order(verb Verb, names ...string) Ordered {
	s.t.Helper()
	out := s.operate(Order{Verb: verb, Names: names, By: "root"})
	if out.Refused != "" || out.Unknown != "" {
		s.t.Fatalf("%s %v: %+v", verb, names, out)
	}
	return out
}

// outcomes is how the orders went.
func (s *sim) outcome(id int) OrderStatus {
	s.t.Helper()
	for _, o := range s.told().Orders {
		if o.ID == id {
			return o
		}
	}
	s.t.Fatalf("no order %d", id)
	return OrderStatus{}
}

// shop is the group web on the group db, all up.
func shop(t *testing.T, change func(*confd.Config)) *sim {
	cfg := web(nil)
	g := cfg.Groups["web"]
	g.DependsOn = []string{"db"}
	cfg.Groups["web"], cfg.Groups["db"] = g, escalate.DefaultGroup()
	cfg.Processes["postgres"] = entry("postgres", "db", nil)
	if change != nil {
		change(cfg)
	}
	s := newSim(t, cfg)
	for _, name := range []string{"app", "httpd", "postgres"} {
		s.Spawn(name)
		s.Scripts["/restart/"+name] = starts(s, name, 0)
	}
	s.start().Run(10 * time.Second)
	s.said, s.Ran = nil, nil
	return s
}

func (s *sim) states() map[string]State {
	out := map[string]State{}
	for name, p := range s.Machine.Procs() {
		out[name] = p.State()
	}
	return out
}

func TestOperatorStopsAndStartsInOrder(t *testing.T) {
	s := shop(t, nil)
	var env map[string]string
	start := s.Scripts["/restart/httpd"]
	s.Scripts["/restart/httpd"] = func(e map[string]string) rehearse.Script { env = e; return start(e) }
	out := s.order(VerbStop, "db")
	if want := []string{"httpd", "app", "postgres"}; !slices.Equal(out.Processes, want) {
		t.Errorf("it is about %v, want %v", out.Processes, want)
	}
	s.Run(10 * time.Minute)
	s.tells(`
		10.000 PW0901 an operator gave a command: root asks: stop db
		10.000 PW0401 group=web the group is being stopped: members app, httpd
		10.001 PW0214 process=httpd group=web pid=102 procward has ended a process: ended
		10.002 PW0214 process=app group=web pid=101 procward has ended a process: ended
		10.003 PW0401 group=db the group is being stopped: members postgres
		10.004 PW0214 process=postgres group=db pid=103 procward has ended a process: ended
		10.005 PW0902 command done: stop db`)
	for name, state := range s.states() {
		if state != StoppedBy {
			t.Errorf("%s is %s", name, state)
		}
	}
	out = s.order(VerbStart, "web")
	s.Run(time.Minute)
	s.tells(`
		610.000 PW0901 an operator gave a command: root asks: start web
		610.001 PW0402 group=db the group is being started: members postgres
		610.005 PW0402 group=web the group is being started: members app, httpd
		610.011 PW0902 command done: start web
		615.004 PW0303 process=postgres group=db pid=104 recovered
		615.011 PW0303 process=app group=web pid=105 recovered
		615.011 PW0303 process=httpd group=web pid=106 recovered`)
	if o := s.outcome(out.ID); !o.Done || len(o.Failed) > 0 {
		t.Errorf("the order is %+v", o)
	}
	if env["PROCWARD_EVENT"] != "manual" {
		t.Errorf("the script was told %v", env)
	}
	for name, p := range s.Machine.Procs() {
		if len(p.History.Spent) > 0 || p.State() != Up {
			t.Errorf("%s is %s, and paid %v", name, p.State(), p.History.Spent)
		}
	}
}

func TestStoppedStaysStopped(t *testing.T) {
	for name, boot := range map[string]string{"over a restart": "this", "over a boot": "another"} {
		t.Run(name, func(t *testing.T) {
			s := shop(t, nil)
			s.order(VerbStop, "web")
			s.Run(time.Minute)
			s.Rebirth(time.Second, func(m Moment) Moment { m.Boot = boot; return m })
			s.Run(10 * time.Minute)
			if got := s.states(); got["httpd"] != StoppedBy || got["app"] != StoppedBy || got["postgres"] != Up || len(s.Ran) > 0 {
				t.Errorf("they are %v, ran %v:\n%s", got, s.Ran, s.story())
			}
			s.WrittenAt.Boot = boot
			s.order(VerbStart, "web")
			s.Run(time.Minute)
			if got := s.states(); got["httpd"] != Up || got["app"] != Up {
				t.Errorf("they are %v:\n%s", got, s.story())
			}
		})
	}
}

func TestAStopCancelsTheRungsThatRemain(t *testing.T) {
	s := newSim(t, web(nil))
	s.Spawn("app")
	s.Spawn("httpd")
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	s.start().Run(time.Second)
	s.DieAll("httpd", exit3)
	s.Run(1500 * time.Millisecond) // the group is being restarted in vain
	s.order(VerbStop, "web")
	s.Run(time.Hour)
	if slices.Contains(s.Ran, "/hook") || s.Machine.Ladders()["group web"].Climb.Phase != escalate.Idle {
		t.Errorf("ran %v:\n%s", s.Ran, s.story())
	}
}

func TestAStopEndsTheScriptThatRestarts(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 50*time.Second)
	s.start().Run(time.Second)
	s.DieAll("httpd", exit3)
	s.Run(time.Second)
	out := s.order(VerbStop, "httpd")
	s.Run(10 * time.Minute)
	if got := s.states()["httpd"]; got != StoppedBy || len(s.IDs("httpd")) > 0 || !s.outcome(out.ID).Done {
		t.Errorf("it is %s, order %+v:\n%s", got, s.outcome(out.ID), s.story())
	}
}

func TestAStopKillsWhatTheMasterLeaves(t *testing.T) {
	s := newSim(t, one(nil))
	master := s.Spawn("httpd")
	s.SpawnAs("httpd", func(p *rehearse.Process) { p.PPID, p.Session = master.PID, master.PID })
	s.start().Run(time.Minute)
	s.order(VerbStop, "httpd")
	s.Run(time.Minute)
	if left := s.IDs("httpd"); len(left) > 0 {
		t.Errorf("%v are left:\n%s", left, s.story())
	}
}

func TestAStopThatFailsIsReportedAndKills(t *testing.T) {
	s := shop(t, func(cfg *confd.Config) {
		g := cfg.Groups["web"]
		g.Stop, g.Start = script.Argv{"/web", "stop"}, script.Argv{"/web", "start"}
		cfg.Groups["web"] = g
	})
	s.Scripts["/web"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{Result: script.Result{TimedOut: true, Took: time.Minute}}
	}
	s.order(VerbStop, "web")
	s.Run(time.Minute)
	s.tells(`
		10.000 PW0901 an operator gave a command: root asks: stop web
		10.000 PW0401 group=web the group is being stopped: members app, httpd
		10.001 PW0403 group=web the start or stop of the group failed: stop script killed after its timeout, 1m
		10.002 PW0214 process=httpd group=web pid=102 procward has ended a process: ended
		10.003 PW0214 process=app group=web pid=101 procward has ended a process: ended
		10.004 PW0902 command done: stop web`)
}

func TestWhatCannotBeKilledFailsTheOrder(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.Killed = func(procscan.ID) restart.Outcome { return restart.Unkillable }
	s.start().Run(time.Minute)
	out := s.order(VerbStop, "httpd")
	s.Run(time.Minute)
	if o := s.outcome(out.ID); !o.Done || len(o.Failed) != 1 {
		t.Errorf("order %+v:\n%s", o, s.story())
	}
	s.Killed = nil
	s.Die(id, watch.Cause{})
	s.Run(time.Hour)
	if len(s.Ran) > 0 || s.states()["httpd"] != StoppedBy {
		t.Errorf("ran %v, is %s", s.Ran, s.states()["httpd"])
	}
}

func TestSuspendAndResume(t *testing.T) {
	for name, names := range map[string][]string{"one": {"httpd"}, "all": nil} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, one(nil))
			s.Spawn("httpd")
			s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
			s.start().Run(time.Second)
			s.order(VerbSuspend, names...)
			s.Rebirth(time.Second, func(m Moment) Moment { return m })
			s.Run(time.Minute)
			s.DieAll("httpd", exit3)
			s.Run(time.Hour)
			if len(s.Ran) > 0 {
				t.Fatalf("ran %v:\n%s", s.Ran, s.story())
			}
			s.order(VerbResume, names...)
			s.Run(time.Minute)
			if got := s.states()["httpd"]; got != Up || len(s.Ran) != 1 {
				t.Errorf("it is %s, ran %v:\n%s", got, s.Ran, s.story())
			}
		})
	}
}

func TestAResumeOfTheHostDoesNotEndTheOperatorsSuspension(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.order(VerbSuspend)
	s.Step(Suspend{Why: "the host is being shut down"})
	s.Step(Resume{Why: "the shutdown was cancelled"})
	s.DieAll("httpd", exit3)
	s.Run(time.Hour)
	if len(s.Ran) > 0 || s.told().Suspended != "by root" {
		t.Errorf("ran %v:\n%s", s.Ran, s.story())
	}
}

func TestRecoverBeginsAgain(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.DieAll("httpd", exit3)
	s.Run(10 * time.Minute)
	if got := s.states()["httpd"]; got != GaveUp {
		t.Fatalf("it is %s", got)
	}
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.order(VerbRecover, "httpd")
	s.Run(time.Minute)
	p := s.Machine.Procs()["httpd"]
	if p.State() != Up || len(p.History.Spent) != 1 || s.Machine.Ladders()["process httpd"].Climb.Phase != escalate.Idle {
		t.Errorf("it is %s, %d attempts spent:\n%s", p.State(), len(p.History.Spent), s.story())
	}
}

func TestAManualGroupIsStartedByTheOperatorOnly(t *testing.T) {
	cfg := web(func(g *escalate.Group) { g.Startup = escalate.Manual })
	s := newSim(t, cfg)
	for _, name := range []string{"app", "httpd"} {
		s.Scripts["/restart/"+name] = starts(s, name, 0)
	}
	s.start().Run(time.Hour)
	if len(s.Ran) > 0 {
		t.Fatalf("ran %v:\n%s", s.Ran, s.story())
	}
	s.order(VerbStart, "web")
	s.Run(time.Minute)
	s.DieAll("httpd", exit3)
	s.Run(time.Minute)
	if got := s.states(); got["app"] != Up || got["httpd"] != Up || len(s.Ran) != 3 {
		t.Errorf("they are %v, ran %v:\n%s", got, s.Ran, s.story())
	}
}

func TestOrdersThatAreNotObeyed(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.start().Run(time.Second)
	out := s.operate(Order{Verb: VerbStop, Names: []string{"httpd", "nobody"}})
	if out.Unknown != "nobody" {
		t.Errorf("an unknown name gave %+v", out)
	}
	out = s.operate(Order{Verb: VerbStop, Names: []string{"httpd"}, Try: true})
	if out.ID != 0 || len(out.Processes) != 1 {
		t.Errorf("a try gave %+v", out)
	}
	s.order(VerbSuspend)
	out = s.operate(Order{Verb: VerbStart, Names: []string{"httpd"}})
	if out.Refused == "" || s.states()["httpd"] != Up {
		t.Errorf("a start while suspended gave %+v", out)
	}
}

// TestStopWhileSuspended is a cluster that stops what it runs on a host that is being shut
// down: before the stop, or while its script runs.
func TestStopWhileSuspended(t *testing.T) {
	for _, first := range []bool{true, false} {
		s := newSim(t, web(func(g *escalate.Group) { g.Stop = script.Argv{"/stop"} }))
		s.Spawn("app")
		s.Spawn("httpd")
		s.Scripts["/stop"] = func(map[string]string) rehearse.Script { return rehearse.Script{Takes: 2 * time.Second} }
		s.start().Run(time.Second)
		if first {
			s.Step(Suspend{Why: "the host is being shut down"})
		}
		out := s.order(VerbStop, "web")
		s.Run(time.Second)
		if !first {
			s.Step(Suspend{Why: "the host is being shut down"})
		}
		s.Run(time.Minute)
		status := s.told()
		i := slices.IndexFunc(status.Orders, func(o OrderStatus) bool { return o.ID == out.ID })
		if got := s.states(); i < 0 || !status.Orders[i].Done || len(status.Orders[i].Failed) > 0 || got["app"] != StoppedBy || got["httpd"] != StoppedBy || len(s.Procs) > 0 {
			t.Errorf("%+v, %v, %d run:\n%s", status.Orders, got, len(s.Procs), s.story())
		}
		s.Step(Resume{Why: "the shutdown was cancelled"})
		s.Run(time.Minute)
		if got := s.states(); got["app"] != StoppedBy || len(s.Procs) > 0 {
			t.Errorf("afterwards %v:\n%s", got, s.story())
		}
	}
}

// TestDyingDuringOrders holds that a stop comes true whenever the daemon dies.
func TestDyingDuringOrders(t *testing.T) {
	for seed := range seeds {
		h := newHistory(t, seed, crashing(scalar.AtMost(3), func(p *confd.Process) { p.Group = "g" }))
		g := escalate.DefaultGroup()
		if seed%2 == 0 {
			g.Start, g.Stop = script.Argv{"/start"}, script.Argv{"/stop"}
		}
		h.Config.Groups = map[string]escalate.Group{"g": g}
		h.start()
		h.trouble(10 * time.Second)
		h.Run(10 * time.Second)
		h.killed = true
		h.order(VerbStop, "g")
		h.Run(time.Minute)
		h.killed = false
		h.Run(5 * time.Minute)
		for name, p := range h.Machine.Procs() {
			if p.View().Stopped != "" && (p.State() != StoppedBy || len(h.IDs(name)) > 0) {
				t.Fatalf("seed %d: %s is %s, and %d of it are there:\n%s", seed, name, p.State(), len(h.IDs(name)), h.story())
			}
		}
	}
}

func TestAFailedStartIsTriedAgain(t *testing.T) {
	s := shop(t, func(cfg *confd.Config) {
		g := cfg.Groups["web"]
		g.StartAttempts = 2
		cfg.Groups["web"] = g
	})
	s.order(VerbStop, "web")
	s.Run(time.Minute)
	s.said = nil
	tries := 0
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		if tries++; tries < 2 {
			return rehearse.Script{}
		}
		return rehearse.Script{After: func() { s.Spawn("httpd") }}
	}
	out := s.order(VerbStart, "web")
	s.Run(time.Minute)
	if o := s.outcome(out.ID); !o.Done || len(o.Failed) > 0 || tries != 2 || s.states()["httpd"] != Up {
		t.Errorf("%+v after %d tries:\n%s", o, tries, s.story())
	}
}

func TestAStartThatFailsIsLeftToTheRestarts(t *testing.T) {
	s := shop(t, nil)
	s.order(VerbStop, "web")
	s.Run(time.Minute)
	s.Scripts["/restart/httpd"] = nil
	out := s.order(VerbStart, "web")
	s.Run(5 * time.Second)
	if o := s.outcome(out.ID); !o.Done || len(o.Failed) != 1 {
		t.Errorf("%+v:\n%s", o, s.story())
	}
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.Run(time.Minute)
	if got := s.states()["app"]; got != Up {
		t.Errorf("app is %s:\n%s", got, s.story())
	}
}

// A start while a restart script of the process runs does not run another beside it.
func TestStartWhileItsOwnScriptRuns(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 3*time.Second)
	s.start().Run(time.Second)
	s.DieAll("httpd", exit3)
	s.Run(time.Second)
	out := s.order(VerbStart, "httpd")
	s.Run(time.Minute)
	if got := s.outcome(out.ID); !got.Done || len(got.Failed) > 0 || len(s.Ran) != 1 || s.Machine.Procs()["httpd"].State() != Up {
		t.Errorf("ran %v, %+v:\n%s", s.Ran, got, s.story())
	}
}
