package engine_test

import (
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
)

// What heals right when its restart is due, after the look before it, is looked at again.
func TestAStallHealsBetweenTheLookAndTheScript(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.EvidenceTakes = 50 * time.Millisecond
	s.Run(20*time.Second + 40*time.Millisecond)
	if p := s.Machine.Procs()["httpd"]; p.Trial().Evidence == 0 || p.State() != Waiting {
		t.Fatalf("it is %s, evidence %d", p.State(), p.Trial().Evidence)
	}
	s.Machine.Step(s.Moment(), Sensed{Signs: []watch.SignChange{{Target: "httpd", Round: s.Attended["httpd"].Round, Name: "http", Verdict: watch.OK, At: s.Now}}})
	for _, e := range s.Machine.Step(s.Moment(), EvidenceTaken{Token: s.Machine.Procs()["httpd"].Trial().Evidence}) {
		switch e.(type) {
		case Kill, Run:
			t.Errorf("%T by a look that is older than its healing", e)
		}
	}
}

func TestAGroupThatCannotBeRidOfAStall(t *testing.T) {
	cfg := web(func(g *escalate.Group) { g.Strategy, g.Escalate = escalate.All, nil })
	cfg.Processes["httpd"] = entry("httpd", "web", probed(func(p *confd.Process) {
		p.Stall = append(p.Stall, confd.StallItem{Check: httpCheck(func(c *probe.Check) { c.Name, c.StartDelay = "late", scalar.Duration(time.Minute) })})
	}))
	s := newSim(t, cfg)
	s.Spawn("app")
	s.Spawn("httpd")
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	s.start().Run(2 * time.Minute)
	s.said = nil
	s.Killed = func(id procscan.ID) restart.Outcome {
		if s.Procs[id].Name == "httpd" {
			return restart.Unkillable
		}
		return restart.BySignal
	}
	s.Sicken("httpd", "late", status500)
	s.Run(30 * time.Second)
	s.tells(`
		120.000 PW0602 process=httpd group=web probe fails: late: status 500 instead of 200
		140.001 PW0601 process=httpd group=web pid=102 stalled: late: status 500 instead of 200
		140.011 PW0607 process=httpd group=web evidence of the stall is written: /evidence/httpd
		140.011 PW0401 group=web the group is being stopped: members app, httpd
		140.012 PW0215 process=httpd group=web pid=102 procward cannot end a process: unkillable
		140.013 PW0214 process=app group=web pid=101 procward has ended a process: ended
		140.013 PW0402 group=web the group is being started: members app, httpd
		140.016 PW0403 group=web the start or stop of the group failed: httpd cannot be killed
		140.016 PW0302 process=httpd group=web restart failed, attempt 1 of 3: what was left of it cannot be killed; the remaining restarts are skipped
		140.016 PW0304 process=httpd group=web exhausted: a restart is needed and no attempt is left of 3
		140.017 PW0504 group=web given up: httpd is stalled: late: status 500 instead of 200, 1 of 3 attempts in 24h are spent
		145.016 PW0303 process=app group=web pid=103 recovered`)
	if s.Machine.Procs()["httpd"].State() != GaveUp {
		t.Errorf("httpd is %s", s.Machine.Procs()["httpd"].State())
	}
	// The signs are watched afresh since: it is not healed before all of them have told.
	s.Run(10 * time.Second)
	if got := s.status("httpd"); got.State != GaveUp || got.Stalled == "" {
		t.Errorf("after the first of its probes httpd is %s, %q", got.State, got.Stalled)
	}
	delete(s.Ill, "httpd/late")
	s.Run(2 * time.Minute)
	s.tells(`
		200.018 PW0212 process=httpd group=web pid=102 returned by itself
		205.018 PW0303 process=httpd group=web pid=102 recovered: by itself`)
}

func TestAHookTakesAStalledOne(t *testing.T) {
	cfg := web(func(g *escalate.Group) { g.Escalate = g.Escalate[1:2] })
	cfg.Processes["httpd"] = entry("httpd", "web", probed(func(p *confd.Process) { p.Restart.Attempts = scalar.AtMost(0) }))
	s := newSim(t, cfg)
	s.Spawn("app")
	probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.Run(time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != Handed {
		t.Errorf("httpd is %s:\n%s", got, s.story())
	}
	s.Cure("httpd", "http")
	s.Run(time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != Up {
		t.Errorf("cured, httpd is %s:\n%s", got, s.story())
	}
}

// A dump may end the process: that is no exit of its own.
func TestADumpEndsTheStalledOne(t *testing.T) {
	s := newSim(t, one(probed(func(p *confd.Process) {
		p.Restart.Dump = &restart.Dump{Signal: "ABRT", Wait: scalar.Duration(time.Second)}
	})))
	id := probedHTTPD(s)
	s.EvidenceTakes = 2 * time.Second
	start := startsWell(s, "httpd")
	event := ""
	s.Scripts["/restart/httpd"] = func(env map[string]string) rehearse.Script { event = env["PROCWARD_EVENT"]; return start(env) }
	s.Sicken("httpd", "http", status500)
	s.At(21*time.Second, func() { s.Die(id, watch.Cause{Known: true, Signal: 6, Core: true}) })
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		23.001 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		23.002 PW0301 process=httpd restart, attempt 1 of 3
		28.004 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
	if event != "stall" {
		t.Errorf("the script was told %s", event)
	}
}

// The sockets that a program speaks to are there before it is started.
func TestNotifySocketsAreThereBeforeTheProgram(t *testing.T) {
	cfg := one(func(p *confd.Process) {
		p.Stall = []confd.StallItem{{Check: httpCheck(func(c *probe.Check) { c.HTTP, c.Notify = nil, &probe.Notify{Socket: "/run/httpd.sock"} })}}
	})
	s := newSim(t, cfg)
	var seen []Effect
	s.Acts = func(e Effect) {
		switch e.(type) {
		case Attend, Unattend, Run:
			seen = append(seen, e)
		}
	}
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(2 * time.Minute)
	s.DieAll("httpd", sigkill)
	s.Run(2 * time.Minute)
	s.Step(Configured{Config: &confd.Config{}})
	var words []string
	for _, e := range seen {
		switch e := e.(type) {
		case Attend:
			words = append(words, "attend")
		case Unattend:
			words = append(words, map[bool]string{true: "rest", false: "unattend"}[e.Stays])
		case Run:
			words = append(words, "run")
		}
	}
	want := []string{"attend", "rest", "run", "attend", "rest", "run", "attend", "unattend"}
	if len(words) != len(want) {
		t.Fatalf("%v, want %v", words, want)
	}
	for i := range want {
		if words[i] != want[i] {
			t.Fatalf("%v, want %v", words, want)
		}
	}
}

// A stall that an earlier daemon saw is acted on only when it is seen again: the process may
// have begun to work since.
func TestAStallOfAnEarlierDaemon(t *testing.T) {
	for name, c := range map[string]struct {
		heals  bool
		ladder bool // it was given up
		ran    int
		state  State
	}{
		"healed":                 {true, false, 0, Up},
		"goes on":                {false, false, 1, Up},
		"healed after a ladder":  {true, true, 0, Up},
		"goes on after a ladder": {false, true, 0, GaveUp},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, one(probed(func(p *confd.Process) {
				p.Restart.Delay = scalar.Duration(time.Minute)
				if c.ladder {
					p.Restart.Attempts = scalar.AtMost(0)
				}
			})))
			probedHTTPD(s)
			s.Scripts["/restart/httpd"] = startsWell(s, "httpd")
			s.Sicken("httpd", "http", status500)
			s.Run(25 * time.Second)
			s.Rebirth(2*time.Minute, func(m Moment) Moment { return m })
			s.Run(time.Minute)
			if c.heals {
				delete(s.Ill, "httpd/http")
			}
			s.Run(time.Minute + 5*time.Second)
			if len(s.Ran) > 0 || len(s.Victims) > 0 {
				t.Errorf("before it was judged: ran %v, killed %v\n%s", s.Ran, s.Victims, s.story())
			}
			s.Run(5 * time.Minute)
			if got := s.Machine.Procs()["httpd"].State(); len(s.Ran) != c.ran || len(s.Victims) != c.ran || got != c.state {
				t.Errorf("it is %s, ran %v, killed %v\n%s", got, s.Ran, s.Victims, s.story())
			}
		})
	}
}
