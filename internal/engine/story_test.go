package engine_test

import (
	"errors"
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

func one(change func(*confd.Process)) *confd.Config {
	return &confd.Config{Daemon: confd.Daemon{ParallelRestarts: 8}, Processes: map[string]confd.Process{"httpd": entry("httpd", "", change)}}
}

// starts is a script that starts the process again.
func starts(s *sim, name string, takes time.Duration) func(map[string]string) rehearse.Script {
	return func(map[string]string) rehearse.Script {
		return rehearse.Script{Takes: takes, After: func() { s.Spawn(name) }}
	}
}

func TestKilledAndRestarted(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 100*time.Millisecond)
	s.start().Run(time.Second)
	s.Die(id, sigkill)
	s.Run(time.Minute)
	s.tells(`
		0.000 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		0.001 PW0202 process=httpd pid=101 found
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		6.103 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestASlowLookIsFresh(t *testing.T) {
	s := newSim(t, one(nil))
	s.LookTakes = time.Second
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(10 * time.Second)
	s.Die(id, sigkill)
	s.Run(time.Minute)
	if len(s.Ran) != 1 || s.Machine.Procs()["httpd"].State() != Up {
		t.Errorf("with looks of a second these scripts ran: %v\n%s", s.Ran, s.story())
	}
}

func TestReplacedBeforeWeAct(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.Spawn("httpd")
	s.Die(id, clean)
	s.Run(time.Minute)
	s.tells(`
		1.001 PW0203 process=httpd pid=102 replaced: it took the place of pid 101: the dead one left by itself, with code 0; the former one: exited with code 0`)
	if len(s.Ran) != 0 {
		t.Errorf("ran %v", s.Ran)
	}
}

func TestOrphansAreNoSuccessors(t *testing.T) {
	s := newSim(t, one(nil))
	master := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
	worker := func() {
		s.SpawnAs("httpd", func(p *rehearse.Process) { p.PPID, p.Session = master.PID, master.PID })
	}
	worker()
	worker()
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(time.Minute)
	s.said = nil
	s.Die(master, sigkill)
	s.Run(time.Minute)
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
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{Result: script.Result{Code: 1, Output: "no licence"}}
	}
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, exit3)
	s.Run(time.Minute)
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
	s.Run(time.Hour)
	s.tells(`3610.007 PW0505 process=httpd still given up: httpd is down: exited with code 3, 3 of 3 attempts in 24h are spent`)
	s.Spawn("httpd")
	s.Run(time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != Up {
		t.Errorf("after a return by itself it is %s:\n%s", got, s.story())
	}
}

func TestFailedScriptButTheTargetCameBack(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() { s.Spawn("httpd") }, Result: script.Result{Code: 1}}
	}
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		1.002 PW0305 process=httpd script failed: exited with code 1
		6.003 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestScriptInTheForeground(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{Takes: time.Hour, During: func() { s.Spawn("httpd") }}
	}
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		6.012 PW0306 process=httpd script stays in the foreground with the process in it
		6.012 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
	if s.Machine.Slots() != 0 {
		t.Errorf("%d parallel slots are held", s.Machine.Slots())
	}
}

func TestCrashDuringSettle(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.Attempts = scalar.AtMost(2) }))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() {
			again := s.Spawn("httpd")
			s.At(2*time.Second, func() { s.Die(again, exit3) })
		}}
	}
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(time.Minute)
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
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.Doubt["httpd"] = []procscan.Unreadable{{Process: procscan.Process{ID: procscan.ID{PID: 7, Start: 1}, Comm: "httpd"}, What: "exe", Err: errors.New("permission denied")}}
	s.Die(id, sigkill)
	s.Run(10 * time.Second)
	s.tells(`1.001 PW0206 process=httpd a process cannot be read: exe of pid 7 (httpd): permission denied; nothing is done while in doubt`)
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.Doubt["httpd"] = nil
	s.Run(10 * time.Second)
	s.tells(`
		11.011 PW0201 process=httpd pid=101 down: killed by SIGKILL
		11.011 PW0301 process=httpd restart, attempt 1 of 3
		16.013 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered`)
}

func TestUnitInTheOperatorsHands(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.Units["httpd"] = Unit{Name: "httpd.service", Hands: "stopped on request"}
	s.Die(id, clean)
	s.Run(time.Hour)
	s.tells(`
		1.001 PW0208 process=httpd pid=101 cause="exited with code 0" stopped from outside procward: httpd.service: stopped on request`)
	delete(s.Units, "httpd")
	s.Spawn("httpd")
	s.Run(time.Minute)
	if len(s.Ran) > 0 || s.Machine.Procs()["httpd"].State() != Up {
		t.Errorf("ran %v, state %s", s.Ran, s.Machine.Procs()["httpd"].State())
	}
}

func TestSystemdHasJustStartedAnother(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.Units["httpd"] = Unit{Name: "httpd.service", MainPID: 4711, MainStarted: s.Now}
	s.Die(id, sigkill)
	s.At(20*time.Millisecond, func() { s.Spawn("httpd") }) // its program is executed
	s.Run(time.Minute)
	s.tells(`1.033 PW0203 process=httpd pid=102 replaced: it took the place of pid 101: it was started after the death; the former one: killed by SIGKILL`)
}

// dnsmasq that ends by itself ends a moment later those that it has forked for connections.
func TestAForkThatEndsWithItIsNoSuccessor(t *testing.T) {
	s := newSim(t, one(nil))
	master := s.Spawn("httpd")
	child := s.SpawnAs("httpd", func(p *rehearse.Process) { p.PPID, p.Session = master.PID, master.PID })
	s.start().Run(time.Minute)
	s.said = nil
	s.Die(master, clean)
	s.At(20*time.Millisecond, func() { s.Die(child, clean) })
	s.Run(time.Second)
	s.tells(`
		60.033 PW0201 process=httpd pid=101 down: exited with code 0
		60.033 PW0301 process=httpd restart, attempt 1 of 3`)
}

func TestAForkThatWasHandedTheWorkIsTheSuccessor(t *testing.T) {
	s := newSim(t, one(nil))
	master := s.Spawn("httpd")
	s.SpawnAs("httpd", func(p *rehearse.Process) { p.PPID, p.Session = master.PID, master.PID })
	s.start().Run(time.Minute)
	s.said = nil
	s.Die(master, clean)
	s.Run(time.Minute)
	s.tells(`60.637 PW0203 process=httpd pid=102 replaced: it took the place of pid 101: the dead one left by itself, with code 0; the former one: exited with code 0`)
	if len(s.Ran) > 0 || len(s.Procs) != 1 {
		t.Errorf("ran %v, %d processes are left", s.Ran, len(s.Procs))
	}
}

func TestAbnormalEndDuringSettle(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.When = restart.Abnormal }))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() {
			again := s.Spawn("httpd")
			s.At(time.Second, func() { s.Die(again, clean) })
		}}
	}
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(time.Hour)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3
		3.002 PW0210 process=httpd pid=102 ended cleanly: exited with code 0`)
}

func TestAbnormalWaitsForTheCause(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.When = restart.Abnormal }))
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, watch.Cause{})
	s.At(500*time.Millisecond, func() {
		s.Step(Died{Events: []watch.Event{{ID: id, At: s.Now, Cause: clean, Belated: true}}})
	})
	s.Run(time.Hour)
	s.tells(`
		1.501 PW0210 process=httpd pid=101 ended cleanly: exited with code 0`)
	next := s.Spawn("httpd")
	s.Run(time.Minute)
	s.said = nil
	s.Die(next, watch.Cause{})
	s.Run(1100 * time.Millisecond)
	if len(s.Ran) != 1 {
		t.Errorf("an unknown cause is abnormal; ran %v:\n%s", s.Ran, s.story())
	}
}

func TestHostShutdownIsNeverRepaired(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.Step(Suspend{Why: "the host is being shut down"})
	s.Die(id, clean)
	s.Run(time.Hour)
	s.tells(`
		1.000 PW0105 suspended: the host is being shut down
		1.000 PW0226 process=httpd pid=101 down: exited with code 0: suspended: the host is being shut down`)
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.Step(Resume{Why: "the shutdown was cancelled"})
	s.Run(time.Minute)
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
	s.Spawn("app")
	id := s.Spawn("httpd")
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	s.Scripts["/hook"] = func(map[string]string) rehearse.Script { return rehearse.Script{Result: script.Result{Code: 75}} }
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(2 * time.Minute)
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
	s.Spawn("app")
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.Die(id, sigkill)
	s.Run(10 * time.Second)
	ran := len(s.Ran)
	s.DieAll("app", sigkill)
	s.Run(time.Hour)
	if len(s.Ran) != ran {
		t.Errorf("after the hand-over these ran: %v", s.Ran[ran:])
	}
	if got := s.Machine.Procs()["httpd"].State(); got != Handed {
		t.Errorf("httpd is %s:\n%s", got, s.story())
	}
}

func TestGroupRestartBringsBack(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) {
		g.Stop, g.Start = script.Argv{"/web", "stop"}, script.Argv{"/web", "start"}
	}))
	s.Spawn("app")
	id := s.Spawn("httpd")
	calls := 0
	s.Scripts["/web"] = func(map[string]string) rehearse.Script {
		calls++
		if calls == 1 {
			return rehearse.Script{After: func() { s.DieAll("app", clean) }}
		}
		return rehearse.Script{After: func() { s.Spawn("app"); s.Spawn("httpd") }}
	}
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(2 * time.Minute)
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
	if l := s.Machine.Ladders()["group web"]; l.Climb.Phase != escalate.Idle {
		t.Errorf("the climb is not over: %+v", l.Climb)
	}
}

func TestStrategyAll(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) { g.Strategy = escalate.All }))
	s.Spawn("app")
	id := s.Spawn("httpd")
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd group=web pid=102 down: killed by SIGKILL
		1.001 PW0401 group=web the group is being stopped: members app, httpd
		1.002 PW0214 process=app group=web pid=101 procward has ended a process: ended
		1.002 PW0402 group=web the group is being started: members app, httpd
		1.006 PW0301 process=httpd group=web restart, attempt 1 of 1
		6.008 PW0303 process=app group=web pid=103 recovered
		6.008 PW0303 process=httpd group=web pid=104 attempt=1 attempts=1 recovered`)
	if used := len(s.Machine.Procs()["app"].History.Spent); used != 0 {
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
	s.Spawn("app")
	httpd, postgres := s.Spawn("httpd"), s.Spawn("postgres")
	for _, name := range []string{"app", "httpd", "postgres"} {
		s.Scripts["/restart/"+name] = starts(s, name, 0)
	}
	s.start().Run(time.Second)
	s.said = nil
	s.Die(postgres, sigkill)
	s.Run(time.Second)
	s.Die(httpd, exit3)
	s.Run(time.Minute)
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
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.Die(id, sigkill)
	s.Run(time.Hour)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		1.001 PW0301 process=httpd restart, attempt 1 of 3 (observed, not done)`)
	if len(s.Ran) > 0 {
		t.Errorf("ran %v", s.Ran)
	}
	s.Spawn("httpd")
	s.Run(time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != Up {
		t.Errorf("httpd is %s", got)
	}
}

func TestSeveralPIDs(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) {
		p.Match.Select = procscan.All
		p.Match.Count = procscan.Count{Min: 2, Max: scalar.Unlimited}
	}))
	a, b := s.Spawn("httpd"), s.Spawn("httpd")
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(time.Second)
	s.said = nil
	s.Die(a, sigkill)
	s.Run(time.Second)
	s.Die(b, exit3)
	s.Run(20 * time.Second)
	s.tells(`
		1.001 PW0211 process=httpd pid=101 one of several has ended: killed by SIGKILL: 2 are left, 2 are needed
		2.001 PW0201 process=httpd pid=102 down: exited with code 3: 1 of 2 are left
		2.001 PW0301 process=httpd restart, attempt 1 of 3
		7.003 PW0303 process=httpd pid=103 attempt=1 attempts=3 recovered`)
}

func TestReloadTouchesNothingUnchanged(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.StartTimeout = scalar.Duration(2 * time.Second) }))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 20*time.Second)
	s.start().Run(time.Second)
	s.Die(id, sigkill)
	s.Run(time.Second)
	s.start()
	other := one(nil)
	other.Processes["new"] = entry("new", "", func(p *confd.Process) { p.Absent = confd.AbsentWait })
	s.Step(Configured{Config: other})
	s.Run(time.Minute)
	if got := s.Machine.Procs()["httpd"]; got.State() != Up || len(s.Ran) != 1 || len(got.History.Spent) != 1 {
		t.Errorf("httpd is %s after %v:\n%s", got.State(), s.Ran, s.story())
	}
}

func TestReloadMovesAClimberToAnotherLadder(t *testing.T) {
	s := newSim(t, web(nil))
	s.Spawn("app")
	id := s.Spawn("httpd")
	s.Scripts["/restart/app"] = starts(s, "app", 0)
	s.start().Run(time.Second)
	s.Die(id, sigkill)
	s.Run(10 * time.Second)
	if got := s.Machine.Procs()["httpd"].State(); got != Climbing && got != GaveUp && got != Handed {
		t.Fatalf("httpd is %s:\n%s", got, s.story())
	}
	cfg := web(nil)
	moved := cfg.Processes["httpd"]
	moved.Escalate = &escalate.Ladder{}
	cfg.Processes["httpd"] = moved
	cfg.Processes["zz"] = entry("zz", "web", func(p *confd.Process) { p.Absent = confd.AbsentIgnore })
	s.Machine.Put("httpd", Climbing)
	s.Step(Configured{Config: cfg})
	s.Run(time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != GaveUp {
		t.Errorf("on the ladder of its own, which is empty, httpd is %s:\n%s", got, s.story())
	}
}

func TestGroupRestartStartsWhoWasKilledWhateverIsToldFirst(t *testing.T) {
	for _, first := range []bool{false, true} {
		s := newSim(t, web(nil))
		s.KillToldFirst = first
		s.Spawn("app")
		id := s.Spawn("httpd")
		s.Scripts["/restart/app"] = starts(s, "app", 0)
		s.start().Run(time.Second)
		s.Die(id, sigkill)
		s.Run(20 * time.Second)
		app := s.Machine.Procs()["app"]
		if app.State() != Up || len(app.History.Spent) != 0 || len(s.IDs("app")) != 1 {
			t.Errorf("the kill told first: %v: app is %s, spent %v, runs %d times\n%s", first, app.State(), app.History.Spent, len(s.IDs("app")), s.story())
		}
	}
}

func TestRemovedWhileItsScriptRuns(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{Takes: 10 * time.Second, Result: script.Result{Code: 4}}
	}
	s.start().Run(time.Second)
	s.Die(id, sigkill)
	s.Run(time.Second)
	s.said = nil
	s.Step(Configured{Config: &confd.Config{}})
	s.Run(time.Minute)
	s.tells(`
		2.000 PW0804 configuration is empty: nothing is watched
		11.002 PW0305 process=httpd script failed: exited with code 4`)
	if s.Machine.Slots() != 0 {
		t.Errorf("%d parallel slots are held", s.Machine.Slots())
	}
}

func TestRetryAfter(t *testing.T) {
	s := newSim(t, web(func(g *escalate.Group) {
		g.Escalate = nil
		g.RetryAfter = scalar.Interval{D: 10 * time.Minute}
	}))
	s.Spawn("app")
	id := s.Spawn("httpd")
	s.start().Run(time.Second)
	s.Die(id, sigkill)
	s.Run(5 * time.Second)
	s.said = nil
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.Run(11 * time.Minute)
	s.tells(`
		602.003 PW0508 group=web tried again from the bottom, 10m after giving up
		602.004 PW0201 process=httpd group=web pid=102 down: killed by SIGKILL
		602.004 PW0301 process=httpd group=web restart, attempt 1 of 1
		607.006 PW0303 process=httpd group=web pid=103 attempt=1 attempts=1 recovered`)
}
