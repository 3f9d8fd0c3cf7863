package engine_test

import (
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/restart"
	"procward/watch"
)

var badConfig = watch.Cause{Known: true, Code: 78}

func finals(p *confd.Process) { p.Restart.Final = restart.Endings{{Code: 78}} }

func TestFinalEndIsGivenUp(t *testing.T) {
	s := newSim(t, one(finals))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, badConfig)
	s.Run(59 * time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: exited with code 78
		1.001 PW0313 process=httpd pid=101 given up, without an attempt: exited with code 78`)
	if st := s.told().Processes[0]; st.State != GaveUp || st.AttemptsUsed != 0 || st.Well() || len(s.Ran) != 0 {
		t.Errorf("%+v, ran %v", st, s.Ran)
	}
	s.Step(Operate{Order: Order{Verb: VerbRecover, Names: []string{"httpd"}, By: "root"}})
	s.Run(time.Minute)
	s.tells(`
		3541.000 PW0901 an operator gave a command: root asks: recover httpd
		3541.001 PW0201 process=httpd down
		3541.001 PW0301 process=httpd restart, attempt 1 of 3
		3546.003 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

// The cause may come late; a final one in the middle of an attempt ends the attempts.
func TestFinalEndDuringSettle(t *testing.T) {
	s := newSim(t, one(finals))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() {
			again := s.Spawn("httpd")
			s.At(time.Second, func() { s.Die(again, watch.Cause{}) })
			s.At(1500*time.Millisecond, func() {
				s.Step(Died{Events: []watch.Event{{ID: again, At: s.Now, Cause: badConfig, Belated: true}}})
			})
		}}
	}
	s.start().Run(time.Second)
	s.Die(id, sigkill)
	s.Run(time.Hour)
	if p := s.Machine.Procs()["httpd"]; p.State() != FinalState || len(s.Ran) != 1 {
		t.Errorf("it is %s, ran %v:\n%s", p.State(), s.Ran, s.story())
	}
}

// It calls for no rung, and the climb of the others ends without it.
func TestFinalEndBesideAClimb(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) {
		g.Escalate = escalate.Ladder{{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(1), Window: scalar.Duration(time.Hour)}}}
	}))
	for name, p := range s.Config.Processes {
		if name == "httpd" {
			finals(&p)
		}
		p.Restart.Attempts = scalar.AtMost(1)
		s.Config.Processes[name] = p
	}
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	app, httpd := s.Spawn("app"), s.Spawn("httpd")
	s.start().Run(time.Second)
	s.Die(httpd, badConfig)
	s.Run(time.Second)
	s.Die(app, sigkill)
	s.Run(time.Minute)
	for _, id := range s.IDs("app") {
		s.Die(id, sigkill)
	}
	s.Run(10 * time.Minute)
	a, h := s.Machine.Procs()["app"], s.Machine.Procs()["httpd"]
	if a.State() != Up || h.State() != FinalState || s.Machine.LadderOf(a).Climb.Phase != escalate.Idle {
		t.Errorf("app is %s, httpd %s, the ladder %s:\n%s", a.State(), h.State(), s.Machine.LadderOf(a).Climb.Phase, s.story())
	}
}

// An old server that drains beside its successor is no failure.
func TestExcessThatDoesNotLastIsLeftAlone(t *testing.T) {
	s := newSim(t, excessive(func(p *confd.Process) { p.Excess.For = scalar.Duration(2 * time.Minute) }))
	s.Spawn("httpd")
	s.start().Run(time.Second)
	for range 5 { // reloads, each with a drain that is seen
		old := s.IDs("httpd")[0]
		s.Spawn("httpd")
		s.Run(65 * time.Second)
		if s.Machine.Procs()["httpd"].View().OverSince == 0 {
			t.Fatalf("it was not seen:\n%s", s.story())
		}
		s.Die(old, clean)
		s.Run(time.Minute)
	}
	if len(s.Ran) != 0 {
		t.Errorf("ran %v:\n%s", s.Ran, s.story())
	}
}

func TestExcessThatLasts(t *testing.T) {
	s := newSim(t, excessive(func(p *confd.Process) { p.Excess.For = scalar.Duration(2 * time.Minute) }))
	s.Spawn("httpd")
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(119 * time.Second)
	if len(s.Ran) != 0 {
		t.Errorf("too early: ran %v:\n%s", s.Ran, s.story())
	}
	s.Run(3 * time.Second)
	if len(s.Ran) != 1 {
		t.Errorf("not in time: ran %v:\n%s", s.Ran, s.story())
	}
}

// What is suspended and ends is no error, and well.
func TestSuspendedEnd(t *testing.T) {
	s := newSim(t, web(nil))
	app := s.Spawn("app")
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.Step(Operate{Order: Order{Verb: VerbSuspend, Names: []string{"app"}, By: "root"}})
	s.said = nil
	s.Die(app, sigkill)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0226 process=app group=web pid=101 down: killed by SIGKILL: suspended: by root`)
	st := s.told()
	for _, p := range st.Processes {
		if want := map[string]State{"app": SuspendedState, "httpd": Up}[p.Name]; p.State != want || !p.Well() {
			t.Errorf("%+v", p)
		}
	}
	if st.Groups[0].State != "suspended" {
		t.Errorf("%+v", st.Groups)
	}
}

func TestAbsentByChoiceIsWell(t *testing.T) {
	for choice, want := range map[confd.Absent]bool{confd.AbsentIgnore: true, confd.AbsentWait: false} {
		s := newSim(t, one(func(p *confd.Process) { p.Absent = choice }))
		s.start().Run(time.Minute)
		if st := s.told().Processes[0]; st.State != AbsentNow || st.Well() != want || st.WaitsFor == "" {
			t.Errorf("%s: %+v", choice, st)
		}
	}
}

// While an operator's stop or start is under way the state says so.
func TestStatesOfAStop(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 2*time.Second)
	s.start().Run(time.Second)
	state := func() State { return s.told().Processes[0].State }
	s.Step(Operate{Order: Order{Verb: VerbStop, Names: []string{"httpd"}, By: "root"}})
	if state() != StoppingState {
		t.Errorf("while it is stopped it is %s", state())
	}
	s.Run(time.Minute)
	if state() != StoppedBy {
		t.Errorf("stopped it is %s", state())
	}
	s.Step(Operate{Order: Order{Verb: VerbStart, Names: []string{"httpd"}, By: "root"}})
	s.Run(500 * time.Millisecond)
	if state() != StartingState {
		t.Errorf("while it is started it is %s", state())
	}
	s.Run(time.Minute)
	if state() != Up {
		t.Errorf("started it is %s", state())
	}
}

// It is said again every remind, and goes on to be over a restart of the daemon and a boot.
func TestFinalEndIsSaidAgain(t *testing.T) {
	for _, boot := range []bool{false, true} {
		s := newSim(t, one(finals))
		id := s.Spawn("httpd")
		s.start().Run(time.Second)
		s.Die(id, badConfig)
		s.Run(90 * time.Minute)
		if boot {
			s.Reboot()
		} else {
			s.Rebirth(time.Second, func(m Moment) Moment { return m })
		}
		s.Run(2 * time.Hour)
		if n := strings.Count(s.story(), "PW0505 process=httpd still given up: exited with code 78 is final"); n != 3 {
			t.Errorf("boot %t: said again %d times:\n%s", boot, n, s.story())
		}
		p := s.Machine.Procs()["httpd"]
		if p.State() != FinalState || len(s.Ran) != 0 || !strings.Contains(p.View().Waits, "procward recover") {
			t.Errorf("boot %t: it is %s, waits for %s, ran %v", boot, p.State(), p.View().Waits, s.Ran)
		}
		s.Step(Suspend{Why: "by root"})
		s.said = nil
		s.Run(2 * time.Hour)
		if strings.Contains(s.story(), "PW0505") {
			t.Errorf("said while suspended:\n%s", s.story())
		}
	}
}

func TestFinalEndIsNeverSaidAgain(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) { g.Remind.Never = true }))
	for name, p := range s.Config.Processes {
		finals(&p)
		s.Config.Processes[name] = p
	}
	s.Spawn("app")
	httpd := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.Die(httpd, badConfig)
	s.Run(5 * time.Hour)
	if strings.Contains(s.story(), "PW0505") || s.Machine.Procs()["httpd"].State() != FinalState {
		t.Error(s.story())
	}
}
