package engine

import (
	"errors"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

func one(change func(*confd.Process)) *confd.Config {
	return &confd.Config{Daemon: confd.Daemon{ParallelRestarts: 8}, Processes: map[string]confd.Process{"httpd": entry("httpd", "", change)}}
}

// starts is a script that starts the process again.
func starts(s *sim, name string, takes time.Duration) func(map[string]string) simScript {
	return func(map[string]string) simScript {
		return simScript{takes: takes, after: func() { s.spawn(name) }}
	}
}

func TestKilledAndRestarted(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = starts(s, "httpd", 100*time.Millisecond)
	s.start().run(time.Second)
	s.die(id, sigkill)
	s.run(time.Minute)
	s.tells(`
		0.000 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		0.001 PW0202 process=httpd pid=101 found
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		6.103 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestASlowLookIsFresh(t *testing.T) {
	s := newSim(t, one(nil))
	s.lookTakes = time.Second
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().run(10 * time.Second)
	s.die(id, sigkill)
	s.run(time.Minute)
	if len(s.ran) != 1 || s.m.procs["httpd"].State() != Up {
		t.Errorf("with looks of a second these scripts ran: %v\n%s", s.ran, s.story())
	}
}

func TestReplacedBeforeWeAct(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	s.spawn("httpd")
	s.die(id, clean)
	s.run(time.Minute)
	s.tells(`
		1.001 PW0203 process=httpd pid=102 replaced: it took the place of pid 101: the dead one left by itself, with code 0; the former one: exited with code 0`)
	if len(s.ran) != 0 {
		t.Errorf("ran %v", s.ran)
	}
}

func TestOrphansAreNoSuccessors(t *testing.T) {
	s := newSim(t, one(nil))
	master := s.spawnAs("httpd", func(p *simProcess) { p.serves = at80(7) })
	worker := func() {
		s.spawnAs("httpd", func(p *simProcess) { p.PPID, p.Session = master.PID, master.PID })
	}
	worker()
	worker()
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().run(time.Minute)
	s.said = nil
	s.die(master, sigkill)
	s.run(time.Minute)
	s.tells(`
		60.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		60.001 PW0209 process=httpd orphans left behind: pid 102 (httpd): a worker of the dead pid 101: forked from it, with the same layout; serves at tcp 0.0.0.0:80; it is ended before a restart | pid 103 (httpd): a worker of the dead pid 101: forked from it, with the same layout; serves at tcp 0.0.0.0:80; it is ended before a restart
		60.002 PW0214 process=httpd pid=102 procward has ended a process: ended
		60.002 PW0214 process=httpd pid=103 procward has ended a process: ended
		60.003 PW0301 process=httpd restart, attempt 1 of 3
		65.005 PW0303 process=httpd pid=104 attempt=1 attempts=3 recovered`)
}

func TestCrashLoopExhaustsAndGivesUp(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.StartTimeout = scalar.Duration(2 * time.Second) }))
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = func(map[string]string) simScript {
		return simScript{result: script.Result{Code: 1, Output: "no licence"}}
	}
	s.start().run(time.Second)
	s.said = nil
	s.die(id, exit3)
	s.run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: exited with code 3
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		1.002 PW0305 process=httpd script failed: exited with code 1 output="no licence"
		3.002 PW0302 process=httpd restart failed, attempt 1 of 3: not found within start-timeout, which is 2s
		3.002 PW0307 process=httpd next restart, attempt 2 of 3, in 1s
		4.003 PW0301 process=httpd restart, attempt 2 of 3
		4.004 PW0305 process=httpd script failed: exited with code 1 output="no licence"
		6.004 PW0302 process=httpd restart failed, attempt 2 of 3: not found within start-timeout, which is 2s
		6.004 PW0307 process=httpd next restart, attempt 3 of 3, in 2s
		8.005 PW0301 process=httpd restart, attempt 3 of 3
		8.006 PW0305 process=httpd script failed: exited with code 1 output="no licence"
		10.006 PW0302 process=httpd restart failed, attempt 3 of 3: not found within start-timeout, which is 2s
		10.006 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 3
		10.007 PW0504 process=httpd given up: httpd is down: exited with code 3, 3 of 3 attempts in 24h are spent`)
	s.run(time.Hour)
	s.tells(`3610.007 PW0505 process=httpd still given up: httpd is down: exited with code 3, 3 of 3 attempts in 24h are spent`)
	s.spawn("httpd")
	s.run(time.Minute)
	if got := s.m.procs["httpd"].State(); got != Up {
		t.Errorf("after a return by itself it is %s:\n%s", got, s.story())
	}
}

func TestFailedScriptButTheTargetCameBack(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = func(map[string]string) simScript {
		return simScript{after: func() { s.spawn("httpd") }, result: script.Result{Code: 1}}
	}
	s.start().run(time.Second)
	s.said = nil
	s.die(id, sigkill)
	s.run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		1.002 PW0305 process=httpd script failed: exited with code 1
		6.003 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestScriptInTheForeground(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = func(map[string]string) simScript {
		return simScript{takes: time.Hour, during: func() { s.spawn("httpd") }}
	}
	s.start().run(time.Second)
	s.said = nil
	s.die(id, sigkill)
	s.run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		6.012 PW0306 process=httpd script stays in the foreground with the process in it
		6.012 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
	if s.m.running != 0 {
		t.Errorf("%d parallel slots are held", s.m.running)
	}
}

func TestCrashDuringSettle(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.Attempts = scalar.AtMost(2) }))
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = func(map[string]string) simScript {
		return simScript{after: func() {
			again := s.spawn("httpd")
			s.at(2*time.Second, func() { s.die(again, exit3) })
		}}
	}
	s.start().run(time.Second)
	s.said = nil
	s.die(id, sigkill)
	s.run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 2
		4.002 PW0302 process=httpd restart failed, attempt 1 of 2: exited with code 3 before it was up for settle, which is 5s
		4.002 PW0307 process=httpd next restart, attempt 2 of 2, in 1s
		5.003 PW0301 process=httpd restart, attempt 2 of 2
		8.004 PW0302 process=httpd restart failed, attempt 2 of 2: exited with code 3 before it was up for settle, which is 5s
		8.004 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 2
		8.005 PW0504 process=httpd given up: httpd is down: exited with code 3, 2 of 2 attempts in 24h are spent`)
}

func TestInDoubtNothingIsDone(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	s.doubt["httpd"] = []procscan.Unreadable{{Process: procscan.Process{ID: procscan.ID{PID: 7, Start: 1}, Comm: "httpd"}, What: "exe", Err: errors.New("permission denied")}}
	s.die(id, sigkill)
	s.run(10 * time.Second)
	s.tells(`1.001 PW0206 process=httpd a process cannot be read: exe of pid 7 (httpd): permission denied; nothing is done while in doubt`)
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.doubt["httpd"] = nil
	s.run(10 * time.Second)
	s.tells(`
		11.011 PW0201 process=httpd pid=101 down: killed by SIGKILL
		11.011 PW0301 process=httpd restart, attempt 1 of 3
		16.013 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestUnitInTheOperatorsHands(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	s.units["httpd"] = Unit{Name: "httpd.service", Hands: "stopped on request"}
	s.die(id, clean)
	s.run(time.Hour)
	s.tells(`
		1.001 PW0208 process=httpd pid=101 cause="exited with code 0" stopped from outside procward: httpd.service: stopped on request`)
	delete(s.units, "httpd")
	s.spawn("httpd")
	s.run(time.Minute)
	if len(s.ran) > 0 || s.m.procs["httpd"].State() != Up {
		t.Errorf("ran %v, state %s", s.ran, s.m.procs["httpd"].State())
	}
}

func TestSystemdHasJustStartedAnother(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	s.units["httpd"] = Unit{Name: "httpd.service", MainPID: 4711, MainStarted: s.now}
	s.die(id, sigkill)
	s.at(20*time.Millisecond, func() { s.spawn("httpd") }) // its program is executed
	s.run(time.Minute)
	s.tells(`1.033 PW0203 process=httpd pid=102 replaced: it took the place of pid 101: it was started after the death; the former one: killed by SIGKILL`)
}

func TestAForkThatWasHandedTheWorkIsTheSuccessor(t *testing.T) {
	s := newSim(t, one(nil))
	master := s.spawn("httpd")
	s.spawnAs("httpd", func(p *simProcess) { p.PPID, p.Session = master.PID, master.PID })
	s.start().run(time.Minute)
	s.said = nil
	s.die(master, clean)
	s.run(time.Minute)
	s.tells(`60.001 PW0203 process=httpd pid=102 replaced: it took the place of pid 101: the dead one left by itself, with code 0; the former one: exited with code 0`)
	if len(s.ran) > 0 || len(s.procs) != 1 {
		t.Errorf("ran %v, %d processes are left", s.ran, len(s.procs))
	}
}

func TestAbnormalEndDuringSettle(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.When = restart.Abnormal }))
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = func(map[string]string) simScript {
		return simScript{after: func() {
			again := s.spawn("httpd")
			s.at(time.Second, func() { s.die(again, clean) })
		}}
	}
	s.start().run(time.Second)
	s.said = nil
	s.die(id, sigkill)
	s.run(time.Hour)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		3.002 PW0210 process=httpd pid=102 ended cleanly: exited with code 0`)
}

func TestAbnormalWaitsForTheCause(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.When = restart.Abnormal }))
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	s.die(id, watch.Cause{})
	s.at(500*time.Millisecond, func() {
		s.step(Died{Events: []watch.Event{{ID: id, At: s.now, Cause: clean, Belated: true}}})
	})
	s.run(time.Hour)
	s.tells(`
		1.501 PW0210 process=httpd pid=101 ended cleanly: exited with code 0`)
	next := s.spawn("httpd")
	s.run(time.Minute)
	s.said = nil
	s.die(next, watch.Cause{})
	s.run(1100 * time.Millisecond)
	if len(s.ran) != 1 {
		t.Errorf("an unknown cause is abnormal; ran %v:\n%s", s.ran, s.story())
	}
}

func TestHostShutdownIsNeverRepaired(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	s.step(Suspend{Why: "the host is being shut down"})
	s.die(id, clean)
	s.run(time.Hour)
	s.tells(`
		1.000 PW0105 suspended: the host is being shut down
		1.000 PW0226 process=httpd pid=101 down: exited with code 0: suspended: the host is being shut down`)
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.step(Resume{Why: "the shutdown was cancelled"})
	s.run(time.Minute)
	s.tells(`
		3601.000 PW0106 resumed: the shutdown was cancelled
		3631.002 PW0204 process=httpd absent: no process matches
		3631.002 PW0301 process=httpd restart, attempt 1 of 3
		3636.004 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func web(change func(*escalate.Group)) *confd.Config {
	g := escalate.DefaultGroup()
	g.Escalate = escalate.Ladder{
		{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(1), Window: scalar.Duration(time.Hour)}},
		{Hook: &escalate.Hook{Run: script.Argv{"/hook"}, Timeout: scalar.Duration(time.Minute)}},
		{Reboot: &escalate.Reboot{}},
	}
	if change != nil {
		change(&g)
	}
	once := func(p *confd.Process) {
		p.Restart.Attempts = scalar.AtMost(1)
		p.Restart.StartTimeout = scalar.Duration(time.Second)
	}
	return &confd.Config{
		Daemon: confd.Daemon{ParallelRestarts: 8}, Groups: map[string]escalate.Group{"web": g},
		Processes: map[string]confd.Process{
			"app":   entry("app", "web", once),
			"httpd": entry("httpd", "web", func(p *confd.Process) { once(p); p.After = []string{"app"} }),
		},
	}
}

func TestTheWholeLadder(t *testing.T) {
	s := newSim(t, web(nil))
	s.spawn("app")
	id := s.spawn("httpd")
	s.scripts["/restart/app"] = starts(s, "app", 0)
	s.scripts["/hook"] = func(map[string]string) simScript { return simScript{result: script.Result{Code: 75}} }
	s.start().run(time.Second)
	s.said = nil
	s.die(id, sigkill)
	s.run(2 * time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd group=web pid=102 down: killed by SIGKILL
		1.001 PW0301 process=httpd group=web restart, attempt 1 of 1
		2.002 PW0302 process=httpd group=web restart failed, attempt 1 of 1: not found within start-timeout, which is 1s
		2.002 PW0304 process=httpd group=web exhausted: a restart is needed and no attempt is left of 1
		2.003 PW0501 group=web attempt=1 escalation: restart-group: httpd is down: killed by SIGKILL, 1 of 1 attempts in 24h are spent
		2.003 PW0401 group=web the group is being stopped: members app, httpd
		2.004 PW0214 process=app group=web pid=101 procward has ended a process: ended
		2.004 PW0402 group=web the group is being started: members app, httpd
		3.009 PW0403 group=web the start or stop of the group failed: httpd was not found within start-timeout, which is 1s
		3.010 PW0501 group=web escalation: hook: httpd is down: killed by SIGKILL, 1 of 1 attempts in 24h are spent
		3.011 PW0510 group=web escalation goes on after hook: the hook asks for the next rung
		3.012 PW0503 group=web escalation refused: reboot: this procward has not been given the means to end the machine
		3.013 PW0504 group=web given up: httpd is down: killed by SIGKILL, 1 of 1 attempts in 24h are spent
		8.009 PW0303 process=app group=web pid=103 recovered`)
}

func TestHookHandsOver(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) { g.Escalate = g.Escalate[1:] }))
	s.spawn("app")
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.die(id, sigkill)
	s.run(10 * time.Second)
	ran := len(s.ran)
	s.dieAll("app", sigkill)
	s.run(time.Hour)
	if len(s.ran) != ran {
		t.Errorf("after the hand-over these ran: %v", s.ran[ran:])
	}
	if got := s.m.procs["httpd"].State(); got != Handed {
		t.Errorf("httpd is %s:\n%s", got, s.story())
	}
}

func TestGroupRestartBringsBack(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) {
		g.Stop, g.Start = script.Argv{"/web", "stop"}, script.Argv{"/web", "start"}
	}))
	s.spawn("app")
	id := s.spawn("httpd")
	calls := 0
	s.scripts["/web"] = func(map[string]string) simScript {
		calls++
		if calls == 1 {
			return simScript{after: func() { s.dieAll("app", clean) }}
		}
		return simScript{after: func() { s.spawn("app"); s.spawn("httpd") }}
	}
	s.start().run(time.Second)
	s.said = nil
	s.die(id, sigkill)
	s.run(2 * time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd group=web pid=102 down: killed by SIGKILL
		1.001 PW0301 process=httpd group=web restart, attempt 1 of 1
		2.002 PW0302 process=httpd group=web restart failed, attempt 1 of 1: not found within start-timeout, which is 1s
		2.002 PW0304 process=httpd group=web exhausted: a restart is needed and no attempt is left of 1
		2.003 PW0501 group=web attempt=1 escalation: restart-group: httpd is down: killed by SIGKILL, 1 of 1 attempts in 24h are spent
		2.003 PW0401 group=web the group is being stopped: members app, httpd
		2.005 PW0402 group=web the group is being started: members app, httpd
		7.007 PW0303 process=app group=web pid=103 recovered
		7.007 PW0303 process=httpd group=web pid=104 recovered`)
	if l := s.m.ladders["group web"]; l.Climb.Phase != escalate.Idle {
		t.Errorf("the climb is not over: %+v", l.Climb)
	}
}

func TestStrategyAll(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) { g.Strategy = escalate.All }))
	s.spawn("app")
	id := s.spawn("httpd")
	s.scripts["/restart/app"] = starts(s, "app", 0)
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().run(time.Second)
	s.said = nil
	s.die(id, sigkill)
	s.run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd group=web pid=102 down: killed by SIGKILL
		1.001 PW0401 group=web the group is being stopped: members app, httpd
		1.002 PW0214 process=app group=web pid=101 procward has ended a process: ended
		1.002 PW0402 group=web the group is being started: members app, httpd
		1.006 PW0301 process=httpd group=web restart, attempt 1 of 1
		6.008 PW0303 process=app group=web pid=103 recovered
		6.008 PW0303 process=httpd group=web pid=104 attempt=1 attempts=1 recovered`)
	if used := len(s.m.procs["app"].History.Spent); used != 0 {
		t.Errorf("app paid %d attempts for the death of httpd", used)
	}
}

func TestDependencyHoldsDependents(t *testing.T) {
	cfg := web(nil)
	db := escalate.DefaultGroup()
	cfg.Groups["db"] = db
	cfg.Processes["postgres"] = entry("postgres", "db", nil)
	g := cfg.Groups["web"]
	g.DependsOn = []string{"db"}
	cfg.Groups["web"] = g
	s := newSim(t, cfg)
	s.spawn("app")
	httpd, postgres := s.spawn("httpd"), s.spawn("postgres")
	for _, name := range []string{"app", "httpd", "postgres"} {
		s.scripts["/restart/"+name] = starts(s, name, 0)
	}
	s.start().run(time.Second)
	s.said = nil
	s.die(postgres, sigkill)
	s.run(time.Second)
	s.die(httpd, exit3)
	s.run(time.Minute)
	s.tells(`
		1.001 PW0201 process=postgres group=db pid=103 down: killed by SIGKILL
		1.001 PW0301 process=postgres group=db restart, attempt 1 of 3
		2.001 PW0201 process=httpd group=web pid=102 down: exited with code 3
		2.001 PW0213 process=httpd group=web the restart has to wait: group db is not up
		6.003 PW0303 process=postgres group=db pid=104 attempt=1 attempts=3 recovered
		6.004 PW0301 process=httpd group=web restart, attempt 1 of 1
		11.006 PW0303 process=httpd group=web pid=105 attempt=1 attempts=1 recovered`)
}

func TestObserveDoesNothing(t *testing.T) {
	cfg := one(nil)
	cfg.Daemon.Observe = true
	s := newSim(t, cfg)
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	s.die(id, sigkill)
	s.run(time.Hour)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3 (observed, not done)`)
	if len(s.ran) > 0 {
		t.Errorf("ran %v", s.ran)
	}
	s.spawn("httpd")
	s.run(time.Minute)
	if got := s.m.procs["httpd"].State(); got != Up {
		t.Errorf("httpd is %s", got)
	}
}

func TestSeveralPIDs(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) {
		p.Match.Select = procscan.All
		p.Match.Count = procscan.Count{Min: 2, Max: scalar.Unlimited}
	}))
	a, b := s.spawn("httpd"), s.spawn("httpd")
	s.spawn("httpd")
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().run(time.Second)
	s.said = nil
	s.die(a, sigkill)
	s.run(time.Second)
	s.die(b, exit3)
	s.run(20 * time.Second)
	s.tells(`
		1.001 PW0211 process=httpd pid=101 one of several has ended: killed by SIGKILL: 2 are left, 2 are needed
		2.001 PW0201 process=httpd pid=102 down: exited with code 3: 1 of 2 are left
		2.001 PW0301 process=httpd restart, attempt 1 of 3
		7.003 PW0303 process=httpd pid=103 attempt=1 attempts=3 recovered`)
}

func TestReloadTouchesNothingUnchanged(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.StartTimeout = scalar.Duration(2 * time.Second) }))
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = starts(s, "httpd", 20*time.Second)
	s.start().run(time.Second)
	s.die(id, sigkill)
	s.run(time.Second)
	s.start()
	other := one(nil)
	other.Processes["new"] = entry("new", "", func(p *confd.Process) { p.Absent = confd.AbsentWait })
	s.step(Configured{Config: other})
	s.run(time.Minute)
	if got := s.m.procs["httpd"]; got.State() != Up || len(s.ran) != 1 || len(got.History.Spent) != 1 {
		t.Errorf("httpd is %s after %v:\n%s", got.State(), s.ran, s.story())
	}
}

func TestReloadMovesAClimberToAnotherLadder(t *testing.T) {
	s := newSim(t, web(nil))
	s.spawn("app")
	id := s.spawn("httpd")
	s.scripts["/restart/app"] = starts(s, "app", 0)
	s.start().run(time.Second)
	s.die(id, sigkill)
	s.run(10 * time.Second)
	if got := s.m.procs["httpd"].State(); got != Climbing && got != GaveUp && got != Handed {
		t.Fatalf("httpd is %s:\n%s", got, s.story())
	}
	cfg := web(nil)
	moved := cfg.Processes["httpd"]
	moved.Escalate = &escalate.Ladder{}
	cfg.Processes["httpd"] = moved
	cfg.Processes["zz"] = entry("zz", "web", func(p *confd.Process) { p.Absent = confd.AbsentIgnore })
	s.put(s.m.procs["httpd"], Climbing)
	s.step(Configured{Config: cfg})
	s.run(time.Minute)
	if got := s.m.procs["httpd"].State(); got != GaveUp {
		t.Errorf("on the ladder of its own, which is empty, httpd is %s:\n%s", got, s.story())
	}
}

func TestGroupRestartStartsWhoWasKilledWhateverIsToldFirst(t *testing.T) {
	for _, first := range []bool{false, true} {
		s := newSim(t, web(nil))
		s.killToldFirst = first
		s.spawn("app")
		id := s.spawn("httpd")
		s.scripts["/restart/app"] = starts(s, "app", 0)
		s.start().run(time.Second)
		s.die(id, sigkill)
		s.run(20 * time.Second)
		app := s.m.procs["app"]
		if app.State() != Up || len(app.History.Spent) != 0 || len(s.idsOf("app")) != 1 {
			t.Errorf("the kill told first: %v: app is %s, spent %v, runs %d times\n%s", first, app.State(), app.History.Spent, len(s.idsOf("app")), s.story())
		}
	}
}

func TestRemovedWhileItsScriptRuns(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.spawn("httpd")
	s.scripts["/restart/httpd"] = func(map[string]string) simScript {
		return simScript{takes: 10 * time.Second, result: script.Result{Code: 4}}
	}
	s.start().run(time.Second)
	s.die(id, sigkill)
	s.run(time.Second)
	s.said = nil
	s.step(Configured{Config: &confd.Config{}})
	s.run(time.Minute)
	s.tells(`
		2.000 PW0804 configuration is empty: nothing is watched
		11.002 PW0305 process=httpd script failed: exited with code 4`)
	if s.m.running != 0 {
		t.Errorf("%d parallel slots are held", s.m.running)
	}
}

func TestRetryAfter(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) {
		g.Escalate = nil
		g.RetryAfter = scalar.Interval{D: 10 * time.Minute}
	}))
	s.spawn("app")
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.die(id, sigkill)
	s.run(5 * time.Second)
	s.said = nil
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.run(11 * time.Minute)
	s.tells(`
		602.003 PW0508 group=web tried again from the bottom, 10m after giving up
		602.004 PW0201 process=httpd group=web pid=102 down: killed by SIGKILL
		602.004 PW0301 process=httpd group=web restart, attempt 1 of 1
		607.006 PW0303 process=httpd group=web pid=103 attempt=1 attempts=1 recovered`)
}
