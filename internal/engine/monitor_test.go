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
	"procward/internal/script"
	"procward/watch"
	"procward/watch/probe"
)

// gateway is a monitor with a TCP check, as the configuration would give it.
func gateway(target string, change func(*confd.Monitor)) confd.Monitor {
	mon := confd.Monitor{Recover: target, Attempts: scalar.AtMost(2), Window: scalar.Duration(time.Hour), When: confd.WhenAlways}
	mon.Check = httpCheck(func(c *probe.Check) { c.HTTP, c.TCP = nil, &probe.TCP{Address: "127.0.0.1:80"} })
	if change != nil {
		change(&mon)
	}
	return mon
}

// monitored is a world of the group web with a monitor of it, up and well for a second.
func monitored(t *testing.T, cfg *confd.Config, monitors map[string]confd.Monitor) *sim {
	cfg.Monitors = monitors
	s := newSim(t, cfg)
	for _, name := range sortedNames(cfg.Processes) {
		s.Spawn(name)
		s.Scripts["/restart/"+name] = startsWell(s, name)
	}
	s.start().Run(10 * time.Second)
	s.said = nil
	return s
}

// ailing are the scripts of a world where nothing helps.
func (s *sim) ailing() *sim {
	for name := range s.Config.Processes {
		s.Scripts["/restart/"+name] = starts(s, name, 0)
	}
	return s
}

func (s *sim) monitorStatus(name string) MonitorStatus {
	for _, mon := range s.told().Monitors {
		if mon.Name == name {
			return mon
		}
	}
	s.t.Fatalf("no monitor %s", name)
	return MonitorStatus{}
}

func TestMonitorRestartsAProcess(t *testing.T) {
	s := monitored(t, one(nil), map[string]confd.Monitor{"port": gateway("httpd", nil)})
	s.Sicken("port", "tcp", "connection refused")
	s.Run(time.Minute)
	s.tells(`
		10.000 PW0602 monitor=port probe fails: tcp: connection refused
		30.000 PW0609 monitor=port monitor failed: tcp: connection refused
		30.001 PW0611 monitor=port recovery for a monitor, attempt 1 of 2: restart of httpd
		30.001 PW0401 process=httpd monitor=port the group is being stopped: members httpd
		30.002 PW0214 process=httpd pid=101 procward has ended a process: ended
		30.002 PW0402 process=httpd monitor=port the group is being started: members httpd
		30.006 PW0610 monitor=port monitor is ok again
		35.005 PW0303 process=httpd pid=102 recovered`)
	if mon := s.monitorStatus("port"); mon.State != "ok" || mon.AttemptsUsed != 1 || !mon.Well() {
		t.Errorf("its status is %+v", mon)
	}
	if n := len(s.Machine.Procs()["httpd"].History.Spent); n != 0 {
		t.Errorf("the process paid %d attempts", n)
	}
}

func TestMonitorRestartsOneMemberWithoutTheGroupsScripts(t *testing.T) {
	s := monitored(t, web(func(g *escalate.Group) { g.Stop, g.Start = script.Argv{"/web", "stop"}, script.Argv{"/web", "start"} }),
		map[string]confd.Monitor{"port": gateway("httpd", nil)})
	s.Sicken("port", "tcp", "connection refused")
	s.Run(time.Minute)
	if len(s.Ran) != 1 || s.Ran[0] != "/restart/httpd" || len(s.Victims) != 1 {
		t.Errorf("ran %v, killed %v:\n%s", s.Ran, s.Victims, s.story())
	}
}

func TestMonitorRestartsAGroupAndClimbs(t *testing.T) {
	s := monitored(t, web(nil), map[string]confd.Monitor{"port": gateway("web", func(mon *confd.Monitor) {
		mon.Attempts = scalar.AtMost(1)
		mon.Escalate = escalate.Ladder{
			{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(1), Window: scalar.Duration(time.Hour)}},
			{Hook: &escalate.Hook{Run: script.Argv{"/hook"}, Timeout: scalar.Duration(time.Minute)}},
		}
	})}).ailing()
	var env map[string]string
	s.Scripts["/hook"] = func(e map[string]string) rehearse.Script {
		env = e
		return rehearse.Script{Result: script.Result{Code: 75}}
	}
	s.Sicken("port", "tcp", "connection refused")
	s.Run(10 * time.Minute)
	s.tells(`
		10.000 PW0602 monitor=port probe fails: tcp: connection refused
		30.000 PW0609 monitor=port monitor failed: tcp: connection refused
		30.001 PW0611 monitor=port recovery for a monitor, attempt 1 of 1: restart of web
		30.001 PW0401 group=web monitor=port the group is being stopped: members app, httpd
		30.002 PW0214 process=httpd group=web pid=102 procward has ended a process: ended
		30.003 PW0214 process=app group=web pid=101 procward has ended a process: ended
		30.003 PW0402 group=web monitor=port the group is being started: members app, httpd
		35.009 PW0303 process=app group=web pid=103 recovered
		35.009 PW0303 process=httpd group=web pid=104 recovered
		50.010 PW0612 monitor=port recovery for a monitor did not help, attempt 1 of 1: connection refused
		50.010 PW0304 monitor=port exhausted: a restart is needed and no attempt is left of 1
		50.010 PW0501 monitor=port attempt=1 escalation: restart-group: connection refused
		50.010 PW0401 group=web monitor=port the group is being stopped: members app, httpd
		50.011 PW0214 process=httpd group=web pid=104 procward has ended a process: ended
		50.012 PW0214 process=app group=web pid=103 procward has ended a process: ended
		50.012 PW0402 group=web monitor=port the group is being started: members app, httpd
		55.018 PW0303 process=app group=web pid=105 recovered
		55.018 PW0303 process=httpd group=web pid=106 recovered
		110.018 PW0502 monitor=port escalation failed: restart-group: no recovery within its wait, which is 1m
		110.018 PW0501 monitor=port escalation: hook: connection refused
		110.019 PW0510 monitor=port escalation goes on after hook: the hook asks for the next rung
		110.019 PW0504 monitor=port given up: connection refused`)
	if env["PROCWARD_MONITOR"] != "port" || env["PROCWARD_EVENT"] != "escalate" || env["PROCWARD_CAUSE"] != "monitor port: connection refused" || env["PROCWARD_GROUP"] != "web" {
		t.Errorf("the hook was told %v", env)
	}
	if mon := s.monitorStatus("port"); mon.State != "given-up" || mon.Well() {
		t.Errorf("its status is %+v", mon)
	}
	s.Run(time.Hour)
	s.Cure("port", "tcp")
	s.Run(time.Minute)
	s.tells(`
		3710.019 PW0505 monitor=port still given up: connection refused
		4210.000 PW0610 monitor=port monitor is ok again`)
}

func TestMonitorWithoutATargetOnlyClimbs(t *testing.T) {
	code := 71
	s := monitored(t, one(nil), map[string]confd.Monitor{"gw": gateway("", func(mon *confd.Monitor) {
		mon.Escalate = escalate.Ladder{{StopDaemon: &escalate.StopDaemon{ExitCode: &code}}}
	})})
	s.Sicken("gw", "tcp", "no route to host")
	s.Run(time.Minute)
	s.tells(`
		10.000 PW0602 monitor=gw probe fails: tcp: no route to host
		30.000 PW0609 monitor=gw monitor failed: tcp: no route to host
		30.000 PW0304 monitor=gw exhausted: a restart is needed and no attempt is left
		30.000 PW0501 monitor=gw escalation: stop-daemon: no route to host`)
	if !s.Exited || s.Code != 71 {
		t.Errorf("exited: %v with %d", s.Exited, s.Code)
	}
}

func TestMonitorPutsOffWhatIsInOtherHands(t *testing.T) {
	s := monitored(t, one(func(p *confd.Process) { p.Restart.Delay = scalar.Duration(time.Minute) }), map[string]confd.Monitor{"port": gateway("httpd", nil)})
	s.DieAll("httpd", sigkill)
	s.Sicken("port", "tcp", "connection refused")
	s.Run(3 * time.Minute)
	s.tells(`
		10.000 PW0602 monitor=port probe fails: tcp: connection refused
		10.001 PW0201 process=httpd pid=101 down: killed by SIGKILL
		10.001 PW0307 process=httpd next restart, attempt 1 of 3, in 1m
		30.000 PW0609 monitor=port monitor failed: tcp: connection refused
		30.000 PW0613 monitor=port recovery for a monitor is put off: httpd, which is waiting
		70.002 PW0301 process=httpd restart, attempt 1 of 3
		75.004 PW0303 process=httpd pid=102 attempt=1 attempts=3 recovered
		80.001 PW0610 monitor=port monitor is ok again`)
	s.Units["httpd"] = Unit{Name: "httpd.service", Hands: "systemd has a stop job for it"}
	s.Sicken("port", "tcp", "connection refused")
	s.Run(2 * time.Minute)
	s.tells(`
		190.000 PW0602 monitor=port probe fails: tcp: connection refused
		210.000 PW0609 monitor=port monitor failed: tcp: connection refused
		210.001 PW0613 monitor=port recovery for a monitor is put off: httpd.service: systemd has a stop job for it`)
	if len(s.Victims) > 0 {
		t.Errorf("killed %v", s.Victims)
	}
	if mon := s.monitorStatus("port"); mon.AttemptsUsed != 0 {
		t.Errorf("its status is %+v", mon)
	}
}

func TestMonitorWhenUp(t *testing.T) {
	s := monitored(t, one(func(p *confd.Process) { p.Restart.Delay = scalar.Duration(time.Minute) }),
		map[string]confd.Monitor{"port": gateway("httpd", func(mon *confd.Monitor) { mon.When = confd.WhenUp })})
	s.DieAll("httpd", sigkill)
	s.Run(time.Second)
	if mon := s.monitorStatus("port"); mon.State != "not-judged" || mon.WaitsFor != "httpd, which is waiting" || s.Attended["port"].Round != 0 {
		t.Errorf("while the target is down its status is %+v", mon)
	}
	s.Run(2 * time.Minute)
	if mon := s.monitorStatus("port"); mon.State != "ok" {
		t.Errorf("its status is %+v", mon)
	}
	s.Sicken("port", "tcp", "connection refused")
	s.Run(21 * time.Second)
	if mon := s.monitorStatus("port"); mon.State != "not-judged" && mon.State != "recovering" {
		t.Errorf("its status is %+v", mon)
	}
	s.Run(time.Minute)
	if mon := s.monitorStatus("port"); mon.State != "ok" || mon.AttemptsUsed != 1 {
		t.Errorf("its status is %+v:\n%s", mon, s.story())
	}
}

func TestMonitorNeedsOthers(t *testing.T) {
	needs := func(name string) func(*confd.Monitor) {
		return func(mon *confd.Monitor) { mon.Needs = []string{name} }
	}
	s := monitored(t, one(nil), map[string]confd.Monitor{
		"link":    gateway("", func(mon *confd.Monitor) { mon.Action = watch.ActReport }),
		"gateway": gateway("", needs("link")), "port": gateway("httpd", needs("gateway")),
	})
	s.Sicken("link", "tcp", "no carrier")
	s.Sicken("port", "tcp", "connection refused")
	s.Run(25 * time.Second)
	for _, name := range []string{"gateway", "port"} {
		if mon := s.monitorStatus(name); mon.State != "not-judged" || mon.WaitsFor != "monitor link to be ok" {
			t.Errorf("%s is %+v", name, mon)
		}
	}
	s.Run(time.Minute)
	s.Cure("link", "tcp")
	s.Run(time.Minute)
	s.tells(`
		10.000 PW0602 monitor=link probe fails: tcp: no carrier
		10.000 PW0602 monitor=port probe fails: tcp: connection refused
		30.000 PW0606 monitor=link a sign is bad: tcp: no carrier
		95.000 PW0603 monitor=link probe is ok again: tcp
		95.001 PW0602 monitor=port probe fails: tcp: connection refused
		115.001 PW0609 monitor=port monitor failed: tcp: connection refused
		115.002 PW0611 monitor=port recovery for a monitor, attempt 1 of 2: restart of httpd
		115.002 PW0401 process=httpd monitor=port the group is being stopped: members httpd
		115.003 PW0214 process=httpd pid=101 procward has ended a process: ended
		115.003 PW0402 process=httpd monitor=port the group is being started: members httpd
		115.007 PW0610 monitor=port monitor is ok again
		120.006 PW0303 process=httpd pid=102 recovered`)
}

// What another one begins to fail for, a moment earlier or later, is no reason to restart.
func TestMonitorWaitsForWhatItNeeds(t *testing.T) {
	mons := map[string]confd.Monitor{
		"link": gateway("", func(mon *confd.Monitor) { mon.Action = watch.ActReport }),
		"port": gateway("httpd", func(mon *confd.Monitor) {
			mon.Needs = []string{"link"}
			mon.Check.Failures = probe.Failures{N: 2, Of: 2}
		}),
	}
	s := monitored(t, one(nil), mons)
	s.Sicken("port", "tcp", "connection refused")
	s.Run(5 * time.Second)
	s.Sicken("link", "tcp", "no carrier")
	s.Run(7 * time.Second)
	if mon := s.monitorStatus("port"); mon.State != "waiting" || mon.WaitsFor != "monitor link, which fails" || mon.AttemptsUsed != 0 {
		t.Errorf("it is %+v", mon)
	}
	s.Run(time.Minute)
	if mon := s.monitorStatus("port"); mon.State != "not-judged" || mon.AttemptsUsed != 0 {
		t.Errorf("it is %+v", mon)
	}
	delete(s.Ill, "port/tcp") // it was the link
	s.Cure("link", "tcp")
	s.Run(time.Minute)
	s.tells(`
		10.000 PW0602 monitor=port probe fails: tcp: connection refused
		15.000 PW0602 monitor=link probe fails: tcp: no carrier
		20.000 PW0609 monitor=port monitor failed: tcp: connection refused
		20.000 PW0613 monitor=port recovery for a monitor is put off: monitor link, which fails
		35.000 PW0606 monitor=link a sign is bad: tcp: no carrier
		82.000 PW0603 monitor=link probe is ok again: tcp
		82.001 PW0610 monitor=port monitor is ok again`)
}

// A needed one that never tells anything holds nothing for ever.
func TestMonitorNeedsOneThatIsMute(t *testing.T) {
	s := newSim(t, one(nil))
	s.Config.Monitors = map[string]confd.Monitor{
		"link": gateway("", func(mon *confd.Monitor) { mon.Action = watch.ActReport }),
		"port": gateway("httpd", func(mon *confd.Monitor) { mon.Needs = []string{"link"} }),
	}
	s.Mute["link/tcp"] = true
	s.Ill["port/tcp"] = "connection refused"
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = startsWell(s, "httpd")
	s.start().Run(40 * time.Second)
	if mon := s.monitorStatus("port"); mon.WaitsFor != "monitor link, which has not told anything yet" || mon.AttemptsUsed != 0 {
		t.Errorf("it is %+v", mon)
	}
	s.Run(2 * time.Minute)
	if mon := s.monitorStatus("port"); mon.State != "ok" || mon.AttemptsUsed != 1 {
		t.Errorf("it is %+v", mon)
	}
}

func TestMonitorWhileSuspended(t *testing.T) {
	s := monitored(t, one(nil), map[string]confd.Monitor{"port": gateway("httpd", nil)})
	s.Step(Suspend{Why: "the host is being shut down"})
	s.Sicken("port", "tcp", "connection refused")
	s.Run(10 * time.Minute)
	s.Step(Resume{Why: "the shutdown was cancelled"})
	s.Run(time.Minute)
	s.tells(`
		10.000 PW0105 suspended: the host is being shut down
		10.000 PW0602 monitor=port probe fails: tcp: connection refused
		30.000 PW0609 monitor=port monitor failed: tcp: connection refused; suspended: the host is being shut down
		610.000 PW0106 resumed: the shutdown was cancelled
		630.002 PW0611 monitor=port recovery for a monitor, attempt 1 of 2: restart of httpd
		630.002 PW0401 process=httpd monitor=port the group is being stopped: members httpd
		630.003 PW0214 process=httpd pid=101 procward has ended a process: ended
		630.003 PW0402 process=httpd monitor=port the group is being started: members httpd
		630.007 PW0610 monitor=port monitor is ok again
		635.006 PW0303 process=httpd pid=102 recovered`)
}

func TestMonitorInObserveMode(t *testing.T) {
	cfg := one(nil)
	cfg.Daemon.Observe = true
	s := monitored(t, cfg, map[string]confd.Monitor{"port": gateway("httpd", nil), "gw": gateway("", func(mon *confd.Monitor) {
		mon.Escalate = escalate.Ladder{{StopDaemon: &escalate.StopDaemon{}}}
	})})
	s.Sicken("port", "tcp", "connection refused")
	s.Sicken("gw", "tcp", "no route to host")
	s.Run(time.Hour)
	s.Cure("port", "tcp")
	s.Run(time.Minute)
	s.tells(`
		10.000 PW0602 monitor=port probe fails: tcp: connection refused
		10.000 PW0602 monitor=gw probe fails: tcp: no route to host
		30.000 PW0609 monitor=port monitor failed: tcp: connection refused
		30.000 PW0611 monitor=port recovery for a monitor, attempt 1 of 2: restart of httpd (observed, not done)
		30.000 PW0609 monitor=gw monitor failed: tcp: no route to host
		3610.000 PW0610 monitor=port monitor is ok again`)
}

// It is not judged while its target is down, and its own ladder has stopped that. The end of the
// ladder is reported all the same; a rung that would do something waits, and that is said once.
func TestMonitorJudgedWhileUpStopsItsTarget(t *testing.T) {
	for _, c := range []struct {
		further escalate.Ladder
		want    string
	}{
		{nil, "90.002 PW0504 monitor=disk given up: read-only"},
		{escalate.Ladder{{Hook: &escalate.Hook{Run: script.Argv{"/hook"}}}},
			"90.002 PW0511 monitor=disk escalation waits before hook: it is not known whether it is still needed, because the monitor waits for app, which is given-up"},
	} {
		s := monitored(t, web(nil), map[string]confd.Monitor{"disk": gateway("web", func(mon *confd.Monitor) {
			mon.Attempts, mon.When = scalar.AtMost(0), confd.WhenUp
			mon.Escalate = append(escalate.Ladder{{StopGroup: &escalate.StopGroup{}}}, c.further...)
		})}).ailing()
		s.Sicken("disk", "tcp", "read-only")
		s.Run(5 * time.Minute)
		if n := strings.Count(s.story(), c.want); n != 1 || len(s.Ran) > 0 {
			t.Errorf("%d times %q, ran %v:\n%s", n, c.want, s.Ran, s.story())
		}
	}
}

func TestMonitorStopsItsTarget(t *testing.T) {
	s := monitored(t, web(nil), map[string]confd.Monitor{"disk": gateway("web", func(mon *confd.Monitor) {
		mon.Attempts = scalar.AtMost(0)
		mon.Escalate = escalate.Ladder{{StopGroup: &escalate.StopGroup{}}}
	})}).ailing()
	s.Sicken("disk", "tcp", "read-only")
	s.Run(5 * time.Minute)
	s.tells(`
		10.000 PW0602 monitor=disk probe fails: tcp: read-only
		30.000 PW0609 monitor=disk monitor failed: tcp: read-only
		30.000 PW0304 monitor=disk exhausted: a restart is needed and no attempt is left of 0
		30.000 PW0501 monitor=disk escalation: stop-group: read-only
		30.000 PW0401 group=web monitor=disk the group is being stopped: members app, httpd
		30.001 PW0214 process=httpd group=web pid=102 procward has ended a process: ended
		30.002 PW0214 process=app group=web pid=101 procward has ended a process: ended
		90.002 PW0502 monitor=disk escalation failed: stop-group: no recovery within its wait, which is 1m
		90.002 PW0504 monitor=disk given up: read-only`)
	s.start().Run(5 * time.Minute)
	if len(s.Ran) > 0 || len(s.Procs) > 0 {
		t.Errorf("ran %v, %d processes are left", s.Ran, len(s.Procs))
	}
}

func TestMonitorGoesWithAReload(t *testing.T) {
	cfg := one(nil)
	s := monitored(t, cfg, map[string]confd.Monitor{"port": gateway("httpd", nil)}).ailing()
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 20*time.Second)
	s.Sicken("port", "tcp", "connection refused")
	s.Run(25 * time.Second)
	if mon := s.monitorStatus("port"); mon.State != "recovering" {
		t.Fatalf("its status is %+v:\n%s", mon, s.story())
	}
	s.Config = one(nil)
	s.start().Run(time.Minute)
	if _, on := s.Attended["port"]; on || s.Machine.Procs()["httpd"].State() != Up || len(s.Ran) != 1 || len(s.Machine.Ladders()) != 1 {
		t.Errorf("attended: %v, httpd is %s, ran %v, %d ladders:\n%s", on, s.Machine.Procs()["httpd"].State(), s.Ran, len(s.Machine.Ladders()), s.story())
	}
}
