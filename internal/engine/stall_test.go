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
	"procward/watch/probe"
	"procward/watch/vital"
)

const status500 = "status 500 instead of 200"

func TestStallRestarted(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	probedHTTPD(s)
	var env map[string]string
	start := startsWell(s, "httpd")
	s.Scripts["/restart/httpd"] = func(e map[string]string) rehearse.Script { env = e; return start(e) }
	s.Sicken("httpd", "http", status500)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		21.011 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		21.012 PW0214 process=httpd pid=101 procward has ended a process: ended
		21.013 PW0301 process=httpd restart, attempt 1 of 3
		26.015 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
	if env["PROCWARD_EVENT"] != "stall" || env["PROCWARD_CAUSE"] != "stalled: http: "+status500 || env["PROCWARD_PID"] != "101" || env["PROCWARD_PIDS"] != "" {
		t.Errorf("the script was told %v", env)
	}
}

func TestStallHealsDuringTheDelay(t *testing.T) {
	s := newSim(t, one(probed(func(p *confd.Process) { p.Restart.Delay = scalar.Duration(30 * time.Second) })))
	probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.Run(40 * time.Second)
	s.Cure("httpd", "http")
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		21.001 PW0307 process=httpd next restart, attempt 1 of 3, in 30s
		21.011 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		41.000 PW0603 process=httpd probe is ok again: http
		41.001 PW0212 process=httpd pid=101 returned by itself
		46.001 PW0303 process=httpd pid=101 recovered: by itself`)
	if len(s.Ran)+len(s.Victims) > 0 {
		t.Errorf("ran %v, killed %v", s.Ran, s.Victims)
	}
}

func TestAProbeThatFailsOnceIsNoStall(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.Run(15 * time.Second)
	s.Cure("httpd", "http")
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		16.000 PW0603 process=httpd probe is ok again: http`)
}

func TestRecoveryWaitsForTheProbes(t *testing.T) {
	s := newSim(t, one(probed(func(p *confd.Process) { p.Stall[0].StartDelay = scalar.Duration(20 * time.Second) })))
	id := probedHTTPD(s)
	s.Scripts["/restart/httpd"] = startsWell(s, "httpd")
	s.Die(id, sigkill)
	s.Run(10 * time.Second)
	if p := s.status("httpd"); p.State != Settling || p.WaitsFor != "the probe http to succeed" {
		t.Errorf("after settle it is %s and waits for %q", p.State, p.WaitsFor)
	}
	s.Run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		21.004 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestAProbeThatTellsNothingHoldsNoRecoveryForEver(t *testing.T) {
	for _, verdict := range []watch.Verdict{watch.Pending, watch.Blind} {
		s := newSim(t, one(probed(nil)))
		id := probedHTTPD(s)
		s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.Mute["httpd/http"] = true
		s.Die(id, sigkill)
		s.Run(10 * time.Second)
		if verdict == watch.Blind {
			s.Tell("httpd", s.Attended["httpd"].Round, "http", watch.Blind, "the host is under pressure")
			s.tells(`
				1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
				1.001 PW0301 process=httpd restart, attempt 1 of 3
				11.000 PW0604 process=httpd probe cannot tell: http: the host is under pressure`)
		}
		s.said = nil
		s.Run(time.Hour)
		s.tells(`76.003 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered: not told by: http`)
		if got := s.status("httpd").Signs; len(got) != 1 || got[0].Name != "http" || got[0].Verdict != verdict {
			t.Errorf("its signs are %+v", got)
		}
	}
}

func TestAProbeThatKeepsFailingIsAFailedAttempt(t *testing.T) {
	s := newSim(t, one(probed(func(p *confd.Process) { p.Restart.Attempts = scalar.AtMost(2) })))
	id := probedHTTPD(s)
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.Ill["httpd/http"] = status500
	s.Die(id, sigkill)
	s.Run(10 * time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 2
		1.004 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.005 PW0601 process=httpd pid=102 stalled: http: status 500 instead of 200
		21.005 PW0302 process=httpd restart failed, attempt 1 of 2: stalled: http: status 500 instead of 200
		21.005 PW0307 process=httpd next restart, attempt 2 of 2, in 1s
		21.015 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		22.007 PW0214 process=httpd pid=102 procward has ended a process: ended
		22.008 PW0301 process=httpd restart, attempt 2 of 2
		22.011 PW0602 process=httpd probe fails: http: status 500 instead of 200
		42.012 PW0601 process=httpd pid=103 stalled: http: status 500 instead of 200
		42.012 PW0302 process=httpd restart failed, attempt 2 of 2: stalled: http: status 500 instead of 200
		42.012 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 2
		42.022 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		42.023 PW0504 process=httpd given up: httpd is stalled: http: status 500 instead of 200, 2 of 2 attempts in 24h are spent`)
	if got := s.Machine.Procs()["httpd"].State(); got != GaveUp {
		t.Errorf("it is %s", got)
	}
	s.Cure("httpd", "http")
	s.Run(time.Minute)
	s.tells(`
		601.000 PW0603 process=httpd probe is ok again: http
		601.001 PW0212 process=httpd pid=103 returned by itself
		606.001 PW0303 process=httpd pid=103 recovered: by itself`)
}

func TestAStallThatCannotBeKilled(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	probedHTTPD(s)
	s.Killed = func(procscan.ID) restart.Outcome { return restart.Unkillable }
	s.Sicken("httpd", "http", status500)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		21.011 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		21.012 PW0215 process=httpd pid=101 procward cannot end a process: unkillable
		21.012 PW0302 process=httpd restart failed, attempt 1 of 3: what was left of it cannot be killed; the remaining restarts are skipped
		21.012 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 3
		21.013 PW0504 process=httpd given up: httpd is stalled: http: status 500 instead of 200, 1 of 3 attempts in 24h are spent`)
	if len(s.Ran) > 0 {
		t.Errorf("ran %v beside the one that is stalled", s.Ran)
	}
}

// What could not be signalled, for instance for want of descriptors, may be the next time.
func TestAStallThatCannotBeKilledAtTheMoment(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	probedHTTPD(s)
	s.Scripts["/restart/httpd"] = startsWell(s, "httpd")
	s.Killed = func(procscan.ID) restart.Outcome {
		s.Killed = func(procscan.ID) restart.Outcome { return restart.BySignal }
		return restart.Refused
	}
	s.Sicken("httpd", "http", status500)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		21.011 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		21.012 PW0215 process=httpd pid=101 procward cannot end a process: refused
		21.012 PW0302 process=httpd restart failed, attempt 1 of 3: what was left of it could not be ended
		21.012 PW0307 process=httpd next restart, attempt 2 of 3, in 1s
		22.014 PW0214 process=httpd pid=101 procward has ended a process: ended
		22.015 PW0301 process=httpd restart, attempt 2 of 3
		27.017 PW0303 process=httpd pid=102 attempt=2 attempts=3 recovered`)
	if got := s.Machine.Procs()["httpd"].State(); got != Up || len(s.Ran) != 1 {
		t.Errorf("it is %s, ran %v", got, s.Ran)
	}
}

func TestAStalledOneExitsWhileTheEvidenceIsTaken(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	id := probedHTTPD(s)
	s.EvidenceTakes = 3 * time.Second
	s.Scripts["/restart/httpd"] = startsWell(s, "httpd")
	s.Sicken("httpd", "http", status500)
	s.Run(21 * time.Second)
	s.Die(id, exit3)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		22.001 PW0201 process=httpd pid=101 down: exited with code 3
		24.001 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		24.002 PW0301 process=httpd restart, attempt 1 of 3
		29.004 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
	if len(s.Machine.Procs()["httpd"].History.Spent) != 1 {
		t.Errorf("spent %v", s.Machine.Procs()["httpd"].History.Spent)
	}
}

func TestReloadDuringAStall(t *testing.T) {
	delayed := func(p *confd.Process) { p.Restart.Delay = scalar.Duration(time.Minute) }
	s := newSim(t, one(probed(delayed)))
	probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.Run(30 * time.Second)
	s.said = nil
	round := s.Attended["httpd"].Round
	s.Config = one(probed(delayed))
	s.start().Run(time.Second)
	if now := s.Attended["httpd"].Round; now != round || s.Machine.Procs()["httpd"].State() != Waiting {
		t.Errorf("a reload of the same begins round %d after %d", now, round)
	}
	s.Config = one(probed(func(p *confd.Process) { delayed(p); p.Stall[0].HTTP = &probe.HTTP{URL: "http://127.0.0.1/mended"} }))
	s.Ill = map[string]string{}
	s.start()
	s.Run(time.Minute)
	s.tells(`
		31.000 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		32.000 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		32.001 PW0212 process=httpd pid=101 returned by itself
		37.001 PW0303 process=httpd pid=101 recovered: by itself`)
	s.Tell("httpd", round, "http", watch.Bad, "of an old round")
	s.Step(Sensed{Signs: []watch.SignChange{{Target: "httpd", Round: round, Name: "http", Verdict: watch.Bad}, {Target: "nobody", Round: 1, Verdict: watch.Bad}}})
	s.Config = one(nil)
	s.start().Run(time.Minute)
	if _, on := s.Attended["httpd"]; on || s.Machine.Procs()["httpd"].State() != Up {
		t.Errorf("without signs it is attended: %v, and %s:\n%s", on, s.Machine.Procs()["httpd"].State(), s.story())
	}
}

func TestAllOfAStalledNameAreKilled(t *testing.T) {
	s := newSim(t, one(probed(func(p *confd.Process) {
		p.Match.Select, p.Match.Count = procscan.All, procscan.Count{Min: 2, Max: scalar.Unlimited}
		p.Restart.Delay = scalar.Duration(20 * time.Second)
	})))
	s.Spawn("httpd")
	s.Spawn("httpd")
	probedHTTPD(s)
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() { s.Ill = map[string]string{}; s.Spawn("httpd"); s.Spawn("httpd") }}
	}
	s.Sicken("httpd", "http", status500)
	s.Run(30 * time.Second)
	s.Die(s.IDs("httpd")[0], sigkill)
	late := s.Spawn("httpd") // a worker, while the rest hangs
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		21.001 PW0307 process=httpd next restart, attempt 1 of 3, in 20s
		21.011 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		41.003 PW0214 process=httpd pid=102 procward has ended a process: ended
		41.003 PW0214 process=httpd pid=103 procward has ended a process: ended
		41.003 PW0214 process=httpd pid=104 procward has ended a process: ended
		41.004 PW0301 process=httpd restart, attempt 1 of 3
		46.006 PW0303 process=httpd pid=105 attempt=1 attempts=3 recovered`)
	if len(s.IDs("httpd")) != 2 || !slices.Contains(s.Victims, late) {
		t.Errorf("%v are there, killed were %v", s.IDs("httpd"), s.Victims)
	}
}

func TestStrategyAllOnAStall(t *testing.T) {
	cfg := web(func(g *escalate.Group) { g.Strategy = escalate.All })
	cfg.Processes["httpd"] = entry("httpd", "web", probed(nil))
	s := newSim(t, cfg)
	s.Spawn("app")
	probedHTTPD(s)
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	s.Scripts["/restart/httpd"] = startsWell(s, "httpd")
	s.Sicken("httpd", "http", status500)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd group=web probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd group=web pid=102 stalled: http: status 500 instead of 200
		21.011 PW0607 process=httpd group=web evidence of the stall is written: /evidence/httpd
		21.011 PW0401 group=web the group is being stopped: members app, httpd
		21.012 PW0214 process=httpd group=web pid=102 procward has ended a process: ended
		21.013 PW0214 process=app group=web pid=101 procward has ended a process: ended
		21.013 PW0402 group=web the group is being started: members app, httpd
		21.017 PW0301 process=httpd group=web restart, attempt 1 of 3
		26.019 PW0303 process=app group=web pid=103 recovered
		26.019 PW0303 process=httpd group=web pid=104 attempt=1 attempts=3 recovered`)
}

func TestDependentsAreHeldDuringAStall(t *testing.T) {
	cfg := web(func(g *escalate.Group) { g.DependsOn = []string{"db"} })
	cfg.Groups["db"] = escalate.DefaultGroup()
	cfg.Processes["postgres"] = entry("postgres", "db", probed(func(p *confd.Process) { p.Restart.Delay = scalar.Duration(10 * time.Second) }))
	s := newSim(t, cfg)
	s.Spawn("app")
	s.Spawn("postgres")
	httpd := probedHTTPD(s)
	for _, name := range []string{"app", "httpd", "postgres"} {
		s.Scripts["/restart/"+name] = startsWell(s, name)
	}
	s.Sicken("postgres", "http", "no answer")
	s.Run(25 * time.Second)
	s.Die(httpd, exit3)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=postgres group=db probe fails: http: no answer
		21.001 PW0601 process=postgres group=db pid=102 stalled: http: no answer
		21.001 PW0307 process=postgres group=db next restart, attempt 1 of 3, in 10s
		21.011 PW0607 process=postgres group=db evidence of the stall is written: /evidence/postgres
		26.001 PW0201 process=httpd group=web pid=103 down: exited with code 3
		26.001 PW0213 process=httpd group=web the restart has to wait: group db is not up
		31.003 PW0214 process=postgres group=db pid=102 procward has ended a process: ended
		31.004 PW0301 process=postgres group=db restart, attempt 1 of 3
		36.006 PW0303 process=postgres group=db pid=104 attempt=1 attempts=3 recovered
		36.007 PW0301 process=httpd group=web restart, attempt 1 of 1
		41.009 PW0303 process=httpd group=web pid=105 attempt=1 attempts=1 recovered`)
}

func TestStallWhileSuspended(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	probedHTTPD(s)
	s.Step(Suspend{Why: "the host is being shut down"})
	s.Sicken("httpd", "http", status500)
	s.Run(10 * time.Minute)
	s.tells(`
		1.000 PW0105 suspended: the host is being shut down
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200; suspended: the host is being shut down`)
	s.Cure("httpd", "http")
	s.Run(time.Second)
	s.Sicken("httpd", "http", status500)
	s.Run(time.Minute)
	s.tells(`
		601.000 PW0603 process=httpd probe is ok again: http
		602.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		622.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200; suspended: the host is being shut down`)
	s.Scripts["/restart/httpd"] = startsWell(s, "httpd")
	s.Step(Resume{Why: "the shutdown was cancelled"})
	s.Run(time.Minute)
	s.tells(`
		662.000 PW0106 resumed: the shutdown was cancelled
		662.002 PW0602 process=httpd probe fails: http: status 500 instead of 200
		682.003 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		682.013 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		682.014 PW0214 process=httpd pid=101 procward has ended a process: ended
		682.015 PW0301 process=httpd restart, attempt 1 of 3
		687.017 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestStallIsHaltedByASuspension(t *testing.T) {
	s := newSim(t, one(probed(func(p *confd.Process) { p.Restart.Delay = scalar.Duration(30 * time.Second) })))
	probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.Run(25 * time.Second)
	s.Step(Suspend{Why: "the host is being shut down"})
	s.Run(time.Hour)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		21.001 PW0307 process=httpd next restart, attempt 1 of 3, in 30s
		21.011 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		26.000 PW0105 suspended: the host is being shut down`)
	if len(s.Ran)+len(s.Victims) > 0 {
		t.Errorf("ran %v, killed %v", s.Ran, s.Victims)
	}
}

func TestObserveTellsOfAStallOnce(t *testing.T) {
	cfg := one(probed(nil))
	cfg.Daemon.Observe = true
	s := newSim(t, cfg)
	probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.Run(time.Hour)
	s.Cure("httpd", "http")
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		21.001 PW0301 process=httpd restart, attempt 1 of 3 (observed, not done)
		3601.000 PW0603 process=httpd probe is ok again: http
		3601.001 PW0212 process=httpd pid=101 returned by itself
		3606.001 PW0303 process=httpd pid=101 recovered: by itself`)
	if len(s.Ran)+len(s.Victims)+len(s.Taken) > 0 {
		t.Errorf("ran %v, killed %v, evidence of %v", s.Ran, s.Victims, s.Taken)
	}
}

func TestAStalledUnitInTheOperatorsHands(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	id := probedHTTPD(s)
	s.Units["httpd"] = Unit{Name: "httpd.service", Hands: "systemd has a stop job for it"}
	s.Sicken("httpd", "http", status500)
	s.Run(time.Minute)
	if len(s.Victims)+len(s.Taken) > 0 || s.Machine.Procs()["httpd"].State() != StoppedBy {
		t.Errorf("it is %s, killed %v, evidence of %v", s.Machine.Procs()["httpd"].State(), s.Victims, s.Taken)
	}
	delete(s.Units, "httpd") // the job was cancelled, and it hangs still
	s.Scripts["/restart/httpd"] = startsWell(s, "httpd")
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0208 process=httpd stopped from outside procward: httpd.service: systemd has a stop job for it
		61.005 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		61.015 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		61.016 PW0214 process=httpd pid=101 procward has ended a process: ended
		61.017 PW0301 process=httpd restart, attempt 1 of 3
		66.019 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
	s.Die(id, clean)
}

func TestAStalledUnitIsStoppedBySystemd(t *testing.T) {
	s := newSim(t, one(probed(func(p *confd.Process) { p.Restart.Run, p.Restart.Unit = nil, "httpd.service" })))
	id := probedHTTPD(s)
	s.Scripts["unit:httpd.service"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{Takes: 20 * time.Second, After: func() {
			s.Ill = map[string]string{}
			s.Die(id, watch.Cause{Known: true, Signal: 15})
			s.Spawn("httpd")
		}}
	}
	s.Sicken("httpd", "http", status500)
	s.Run(2 * time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd pid=101 stalled: http: status 500 instead of 200
		21.011 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		21.011 PW0301 process=httpd restart, attempt 1 of 3
		46.014 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
	if got := s.status("httpd").LastCause; got != "stalled: http: "+status500 {
		t.Errorf("its last cause is %q", got)
	}
	if len(s.Victims) > 0 {
		t.Errorf("killed %v", s.Victims)
	}
}

func TestKillNeverLeavesAStallToTheScript(t *testing.T) {
	never := func(p *confd.Process) { p.Restart.Kill = restart.Kill{Never: true} }
	for name, heals := range map[string]func(s *sim, id procscan.ID){
		"another one":   func(s *sim, id procscan.ID) { s.Ill = map[string]string{}; s.Die(id, sigkill); s.Spawn("httpd") },
		"the same one":  func(s *sim, id procscan.ID) { s.Cure("httpd", "http") },
		"neither works": func(*sim, procscan.ID) {},
	} {
		s := newSim(t, one(probed(func(p *confd.Process) { never(p); p.Restart.Attempts = scalar.AtMost(1) })))
		id := probedHTTPD(s)
		s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
			return rehearse.Script{Takes: time.Second, After: func() { heals(s, id) }}
		}
		s.Sicken("httpd", "http", status500)
		s.Run(2 * time.Minute)
		want := Up
		if name == "neither works" {
			want = GaveUp
		}
		if got := s.Machine.Procs()["httpd"].State(); got != want || len(s.Victims) > 0 || len(s.Ran) != 1 {
			t.Errorf("%s: it is %s, killed %v, ran %v:\n%s", name, got, s.Victims, s.Ran, s.story())
		}
	}
}

func TestReportOnly(t *testing.T) {
	s := newSim(t, one(probed(func(p *confd.Process) { p.Stall[0].Action = watch.ActReport })))
	probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.Run(time.Minute)
	s.Cure("httpd", "http")
	s.Tell("httpd", s.Attended["httpd"].Round, "http", watch.Blind, "the host is under pressure")
	s.Step(Sensed{Signs: []watch.SignChange{{Target: "httpd", Round: s.Attended["httpd"].Round, Name: "http", Slow: true, Text: "it took 4.5s of 5s"}}})
	s.Tell("httpd", s.Attended["httpd"].Round, "http", watch.OK, "")
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd probe fails: http: status 500 instead of 200
		21.000 PW0606 process=httpd a sign is bad: http: status 500 instead of 200
		61.000 PW0603 process=httpd probe is ok again: http
		61.000 PW0604 process=httpd probe cannot tell: http: the host is under pressure
		61.000 PW0605 process=httpd probe is slow: http: it took 4.5s of 5s
		61.000 PW0603 process=httpd probe is ok again: http`)
}

func TestAStallClimbsTheLadder(t *testing.T) {
	cfg := web(func(g *escalate.Group) { g.Escalate = g.Escalate[:2] })
	cfg.Processes["httpd"] = entry("httpd", "web", probed(func(p *confd.Process) { p.Restart.Attempts = scalar.AtMost(0) }))
	s := newSim(t, cfg)
	s.Spawn("app")
	probedHTTPD(s)
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.Scripts["/hook"] = func(map[string]string) rehearse.Script { return rehearse.Script{Result: script.Result{Code: 75}} }
	s.Sicken("httpd", "http", status500)
	s.Run(5 * time.Minute)
	s.tells(`
		1.000 PW0602 process=httpd group=web probe fails: http: status 500 instead of 200
		21.001 PW0601 process=httpd group=web pid=102 stalled: http: status 500 instead of 200
		21.001 PW0304 process=httpd group=web exhausted: a restart is needed and no attempt is left of 0
		21.011 PW0607 process=httpd group=web evidence of the stall is written: /evidence/httpd
		21.012 PW0501 group=web attempt=1 escalation: restart-group: httpd is stalled: http: status 500 instead of 200, 0 of 0 attempts in 24h are spent
		21.012 PW0401 group=web the group is being stopped: members app, httpd
		21.013 PW0214 process=httpd group=web pid=102 procward has ended a process: ended
		21.014 PW0214 process=app group=web pid=101 procward has ended a process: ended
		21.014 PW0402 group=web the group is being started: members app, httpd
		21.021 PW0602 process=httpd group=web probe fails: http: status 500 instead of 200
		26.020 PW0303 process=app group=web pid=103 recovered
		41.022 PW0601 process=httpd group=web pid=104 stalled: http: status 500 instead of 200
		41.032 PW0607 process=httpd group=web evidence of the stall is written: /evidence/httpd
		81.020 PW0502 group=web escalation failed: restart-group: no recovery within its wait, which is 1m
		81.021 PW0501 group=web escalation: hook: httpd is stalled: http: status 500 instead of 200, 0 of 0 attempts in 24h are spent
		81.022 PW0510 group=web escalation goes on after hook: the hook asks for the next rung
		81.023 PW0504 group=web given up: httpd is stalled: http: status 500 instead of 200, 0 of 0 attempts in 24h are spent`)
	s.Cure("httpd", "http")
	s.Run(time.Minute)
	s.tells(`
		301.000 PW0603 process=httpd group=web probe is ok again: http
		301.001 PW0212 process=httpd group=web pid=104 returned by itself
		306.001 PW0303 process=httpd group=web pid=104 recovered: by itself`)
}

func TestReplacedIsJudgedAfresh(t *testing.T) {
	s := newSim(t, one(probed(nil)))
	id := probedHTTPD(s)
	s.Sicken("httpd", "http", status500)
	s.Run(5 * time.Second)
	round := s.Attended["httpd"].Round
	s.Ill = map[string]string{}
	s.Spawn("httpd")
	s.Die(id, clean)
	s.Run(time.Minute)
	if now := s.Attended["httpd"].Round; now <= round || s.Machine.Procs()["httpd"].State() != Up {
		t.Errorf("round %d after %d:\n%s", now, round, s.story())
	}
}

// status is a process as an operator sees it.
func (s *sim) status(name string) ProcessStatus {
	for _, p := range s.told().Processes {
		if p.Name == name {
			return p
		}
	}
	s.t.Fatalf("no process %s", name)
	return ProcessStatus{}
}

// passive brings a verdict on a sign that is no probe's.
func (s *sim) passive(target, name string, v watch.Verdict, text string, report bool) {
	a := s.Attended[target]
	pid := 0
	if len(a.IDs) > 0 {
		pid = a.IDs[len(a.IDs)-1].PID
	}
	s.Step(Sensed{Signs: []watch.SignChange{{Target: target, Round: a.Round, Name: name, Verdict: v, Text: text, PID: pid, Report: report, Took: 30 * time.Second, At: s.Now}}})
}

func TestPassiveSignsAndLimits(t *testing.T) {
	half := scalar.Duration(30 * time.Second)
	s := newSim(t, one(func(p *confd.Process) {
		p.Stall = []confd.StallItem{{Sign: vital.Sign{Stopped: &half}, Check: probe.Check{Action: watch.ActRestart}}}
		p.Limits.FDs = &vital.Limit{Max: vital.Amount{Share: 0.9}, For: half, Action: watch.ActReport}
	}))
	probedHTTPD(s)
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	if a := s.Attended["httpd"]; len(a.IDs) != 1 || len(a.Checks) != 0 || len(a.Vital.Signs) != 1 || a.Vital.Limits.FDs == nil {
		t.Errorf("it is attended as %+v", a)
	}
	for _, v := range []watch.Verdict{watch.OK, watch.Failing, watch.OK, watch.Failing, watch.Bad, watch.OK} {
		s.passive("httpd", "fds", v, "95 % of 1024", true)
	}
	s.passive("httpd", "stopped", watch.OK, "", false)
	s.passive("httpd", "stopped", watch.Failing, "stopped for 1s", false)
	s.passive("httpd", "stopped", watch.Bad, "stopped for 30s", false)
	s.Run(time.Minute)
	s.tells(`
		1.000 PW0606 process=httpd pid=101 a sign is bad: fds: 95 % of 1024
		1.000 PW0603 process=httpd pid=101 probe is ok again: fds: 95 % of 1024
		1.001 PW0601 process=httpd pid=101 stalled: stopped: stopped for 30s
		1.011 PW0607 process=httpd evidence of the stall is written: /evidence/httpd
		1.012 PW0214 process=httpd pid=101 procward has ended a process: ended
		1.013 PW0301 process=httpd restart, attempt 1 of 3
		6.015 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}
