package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/watch/probe"
)

// resort is one process that has no attempts, and a ladder of rungs that end the machine.
func resort(limit escalate.RebootLimit, rungs ...escalate.Rung) *confd.Config {
	cfg := one(func(p *confd.Process) {
		l := escalate.Ladder(rungs)
		p.Restart.Attempts, p.Restart.StartTimeout, p.Escalate = scalar.AtMost(0), scalar.Duration(time.Second), &l
	})
	cfg.Daemon.RebootLimit = limit
	return cfg
}

func freely(count int) escalate.RebootLimit {
	return escalate.RebootLimit{Count: count, Window: scalar.Duration(24 * time.Hour)}
}

var reboot, panics = escalate.Rung{Reboot: &escalate.Reboot{}}, escalate.Rung{Panic: &escalate.Panic{}}

// dying is a world in which httpd has just died for good.
func dying(t *testing.T, cfg *confd.Config, rungs ...string) *sim {
	s := newSim(t, cfg).ready(rungs...)
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.said = nil
	s.DieAll("httpd", exit3)
	return s
}

func TestRebootsAsOftenAsItMayAndThenGivesUp(t *testing.T) {
	s := dying(t, resort(freely(2), reboot), "reboot")
	s.Run(10 * time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: exited with code 3
		1.001 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 0
		1.004 PW0501 process=httpd escalation: reboot: process httpd: httpd is down: exited with code 3, 0 of 0 attempts in 24h are spent
		21.004 PW0512 procward restarted or shut down this machine, by reboot: asked for at 2001-09-09T02:03:21Z: process httpd: httpd is down: exited with code 3, 0 of 0 attempts in 24h are spent
		21.004 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		22.006 PW0204 process=httpd absent: no process matches
		22.006 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 0
		22.009 PW0501 process=httpd escalation: reboot: process httpd: httpd is down: absent, 0 of 0 attempts in 24h are spent
		42.009 PW0512 procward restarted or shut down this machine, by reboot: asked for at 2001-09-09T02:03:42Z: process httpd: httpd is down: absent, 0 of 0 attempts in 24h are spent
		42.009 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		43.011 PW0204 process=httpd absent: no process matches
		43.011 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 0
		43.012 PW0503 process=httpd escalation refused: reboot: reboot-limit is spent: 2 of 2 in 24h (the last: reboot at 2001-09-09T02:03:21Z, reboot at 2001-09-09T02:03:42Z); the next is allowed after 23h59m38s more of running time, or after ` + "`procward recover --all`" + `
		43.013 PW0504 process=httpd given up: httpd is down: absent, 0 of 0 attempts in 24h are spent`)
	b := s.told().Breaker
	if b.Used != 2 || b.Limit != 2 || b.FreeIn == nil || b.Last.Outcome != "happened" {
		t.Errorf("%+v", b)
	}
	s.endings = nil
	s.Step(Operate{Order: Order{Verb: VerbRecover, By: "root"}})
	s.Run(time.Minute)
	if len(s.endings) == 0 {
		t.Errorf("recover does not give it back:\n%s", s.story())
	}
}

func TestEveryRungThatEndsTheMachine(t *testing.T) {
	for name, r := range map[string]escalate.Rung{
		"shutdown": {Shutdown: &escalate.Shutdown{}}, "reboot": {Reboot: &escalate.Reboot{}}, "panic": {Panic: &escalate.Panic{}},
		"watchdog-reset": {WatchdogReset: &escalate.WatchdogReset{}}, "watchdog-panic": {WatchdogPanic: &escalate.WatchdogPanic{}},
	} {
		s := dying(t, resort(freely(1), r), name)
		s.Run(10 * time.Second)
		if len(s.did) != 1 || s.did[0] != name {
			t.Errorf("%s: did %v:\n%s", name, s.did, s.story())
		}
	}
}

func TestWaitsForTheMinimumUptime(t *testing.T) {
	limit := freely(3)
	limit.MinUptime = scalar.Duration(1100 * time.Second) // the clock stands at 1000 s
	s := dying(t, resort(limit, reboot), "reboot")
	s.Run(50 * time.Second)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: exited with code 3
		1.001 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 0
		1.002 PW0511 process=httpd escalation waits before reboot: the machine is up for less than reboot-limit.min-uptime, 18m20s; again in 1m39s`)
	p := s.told().Processes[0]
	if p.NextIn == nil || scalar.Duration(*p.NextIn).Rounded() != "49s" || !strings.Contains(p.WaitsFor, "min-uptime") || p.Rung != "reboot" {
		t.Errorf("%+v", p)
	}
	s.Rebirth(time.Second, func(m Moment) Moment { return m }) // a daemon that dies meanwhile changes nothing
	s.Run(48 * time.Second)
	if len(s.did) != 0 {
		t.Fatalf("too early:\n%s", s.story())
	}
	s.Run(2 * time.Second)
	if len(s.did) != 1 {
		t.Errorf("did %v:\n%s", s.did, s.story())
	}
}

func TestWhatComesBackWhileItWaitsEndsTheClimb(t *testing.T) {
	limit := freely(3)
	limit.MinUptime = scalar.Duration(1100 * time.Second)
	s := dying(t, resort(limit, reboot), "reboot")
	s.Run(50 * time.Second)
	s.Spawn("httpd")
	s.Run(time.Hour)
	if len(s.did) != 0 || s.Machine.Procs()["httpd"].State() != Up {
		t.Errorf("did %v:\n%s", s.did, s.story())
	}
}

func TestTheLastLookEndsTheClimb(t *testing.T) {
	s := dying(t, resort(freely(3), reboot), "reboot")
	s.Recording = 5 * time.Second // of the disk
	s.Run(2 * time.Second)
	s.Spawn("httpd")
	s.Run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: exited with code 3
		1.001 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 0
		6.004 PW0212 process=httpd pid=102 returned by itself
		6.005 PW0507 process=httpd escalation ends before reboot: all required members are up
		11.004 PW0303 process=httpd pid=102 recovered: by itself`)
	if !s.Machine.Ledger().Empty() || len(s.did) != 0 {
		t.Errorf("did %v, and the ledger is %+v", s.did, s.Machine.Ledger())
	}
}

func TestWhatCannotBeRecordedIsRefused(t *testing.T) {
	s := dying(t, resort(freely(3), reboot, panics), "reboot", "panic")
	s.RecordErr = func() error { return errors.New("no space left on device") }
	s.Run(time.Minute)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: exited with code 3
		1.001 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 0
		1.003 PW0503 process=httpd escalation refused: reboot: it cannot be recorded, and so would not be known after the boot: no space left on device
		1.005 PW0503 process=httpd escalation refused: panic: it cannot be recorded, and so would not be known after the boot: no space left on device
		1.006 PW0504 process=httpd given up: httpd is down: exited with code 3, 0 of 0 attempts in 24h are spent`)
	if !s.Machine.Ledger().Empty() {
		t.Errorf("it counts: %+v", s.Machine.Ledger())
	}
}

func TestAnActThatReturnsHasFailed(t *testing.T) {
	s := dying(t, resort(freely(3), reboot, panics), "reboot", "panic")
	s.stays = func(e EndMachine) bool {
		if e.Rung == "reboot" { // systemd announces what we asked it for
			s.Later(100*time.Millisecond, Suspend{Why: "logind prepares for a shutdown"})
		}
		return e.Rung == "reboot"
	}
	s.Run(30 * time.Second)
	s.tells(`
		1.001 PW0201 process=httpd pid=101 down: exited with code 3
		1.001 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 0
		1.004 PW0501 process=httpd escalation: reboot: process httpd: httpd is down: exited with code 3, 0 of 0 attempts in 24h are spent
		1.104 PW0105 suspended: the host goes down by procward's own rung reboot
		2.004 PW0502 process=httpd escalation failed: reboot: all was tried
		2.007 PW0501 process=httpd escalation: panic: process httpd: httpd is down: exited with code 3, 0 of 0 attempts in 24h are spent
		22.007 PW0512 procward restarted or shut down this machine, by panic: asked for at 2001-09-09T02:03:22Z: process httpd: httpd is down: exited with code 3, 0 of 0 attempts in 24h are spent
		22.007 PW0801 configuration loaded: processes: 1, groups: 0, drop-ins: 0, rejected: 0
		23.009 PW0204 process=httpd absent: no process matches
		23.009 PW0304 process=httpd exhausted: a restart is needed and no attempt is left of 0
		23.012 PW0501 process=httpd escalation: reboot: process httpd: httpd is down: absent, 0 of 0 attempts in 24h are spent
		23.112 PW0105 suspended: the host goes down by procward's own rung reboot
		24.012 PW0502 process=httpd escalation failed: reboot: all was tried
		24.013 PW0503 process=httpd escalation refused: panic: reboot-limit is spent: 3 of 3 in 24h (the last: reboot at 2001-09-09T02:03:21Z, panic at 2001-09-09T02:03:22Z, reboot at 2001-09-09T02:03:43Z); the next is allowed after 23h59m47s more of running time, or after ` + "`procward recover --all`" + `
		24.014 PW0504 process=httpd given up: httpd is down: absent, 0 of 0 attempts in 24h are spent`)
}

func TestSomebodyElsesShutdownHaltsTheClimb(t *testing.T) {
	s := dying(t, resort(freely(3), reboot), "reboot")
	s.Recording = time.Second
	s.Run(500 * time.Millisecond)
	s.Step(Suspend{Why: "logind prepares for a shutdown"})
	s.Run(time.Minute)
	if len(s.did) != 0 || !s.Machine.Ledger().Empty() {
		t.Errorf("did %v:\n%s", s.did, s.story())
	}
	s.Step(Resume{Why: "the shutdown was cancelled"})
	s.Run(time.Minute)
	if len(s.did) == 0 {
		t.Errorf("after resume nothing follows:\n%s", s.story())
	}
}

// Killed after the record: the rung has not happened, counts, and the next one follows.
func TestDeathBetweenRecordAndAct(t *testing.T) {
	s := dying(t, resort(freely(3), reboot, panics), "reboot", "panic")
	s.Recording = time.Second
	s.Run(500 * time.Millisecond)
	s.Rebirth(time.Second, func(m Moment) Moment { return m })
	s.Run(22300 * time.Millisecond) // until it has booted
	if !slices.Contains(s.kinds, message.MachineStayed) || len(s.did) != 1 || s.did[0] != "panic" || len(s.Machine.Ledger().Entries) != 2 {
		t.Errorf("did %v, the ledger is %+v:\n%s", s.did, s.Machine.Ledger(), s.story())
	}
}

func TestALostLedgerIsASpentOne(t *testing.T) {
	s := newSim(t, resort(freely(3), reboot)).ready("reboot")
	s.Lost = "state.0 was torn"
	s.start().Run(time.Minute)
	if len(s.did) != 0 || !slices.Contains(s.kinds, message.RungRefused) {
		t.Fatalf("did %v:\n%s", s.did, s.story())
	}
	if b := s.told().Breaker; b.Lost != "state.0 was torn" || b.FreeIn == nil {
		t.Errorf("%+v", b)
	}
	s.Run(24 * time.Hour)
	s.Rebirth(time.Second, func(m Moment) Moment { return m })
	s.Machine.Configuration().Groups = nil
	s.Run(time.Minute)
	if l := s.Machine.Configuration().Daemon.RebootLimit; len(l.Standing(s.Machine.Ledger(), s.Machine.Present()).Used) != 0 || l.Standing(s.Machine.Ledger(), s.Machine.Present()).Lost != "" {
		t.Errorf("a window later: %+v", s.Machine.Ledger())
	}
}

func TestTheLedgersClockIsSavedEachHour(t *testing.T) {
	s := dying(t, resort(freely(1), reboot), "reboot")
	s.Run(26 * time.Hour)
	if ran := s.Machine.Ledger().Ran; ran < 25*time.Hour {
		t.Errorf("the clock of the ledger stands at %v", ran)
	}
}

// Two ladders: the second waits its turn, and finds the limit spent.
func TestOneAtATime(t *testing.T) {
	cfg := resort(freely(1), reboot)
	cfg.Processes["other"] = cfg.Processes["httpd"]
	s := newSim(t, cfg).ready("reboot")
	s.stays = func(EndMachine) bool { return true }
	s.start().Run(time.Minute)
	if len(s.did) != 1 || !slices.Contains(s.kinds, message.RungWaits) || !slices.Contains(s.kinds, message.RungRefused) {
		t.Errorf("did %v:\n%s", s.did, s.story())
	}
	for _, name := range []string{"httpd", "other"} {
		if got := s.Machine.Procs()[name].State(); got != GaveUp {
			t.Errorf("%s is %s", name, got)
		}
	}
}

func TestAMonitorEndsTheMachine(t *testing.T) {
	cfg := &confd.Config{Monitors: map[string]confd.Monitor{"disk": func() confd.Monitor {
		mon := confd.DefaultMonitor()
		mon.Check, mon.Escalate = httpCheck(func(c *probe.Check) { c.HTTP, c.TCP = nil, &probe.TCP{Address: "127.0.0.1:80"} }), escalate.Ladder{reboot}
		return mon
	}()}}
	cfg.Daemon.RebootLimit = freely(1)
	s := newSim(t, cfg).ready("reboot")
	s.Ill["disk/tcp"] = "read-only"
	s.start().Run(5 * time.Minute)
	if len(s.did) != 1 || !strings.Contains(s.story(), "escalation: reboot: monitor disk: ") {
		t.Errorf("did %v:\n%s", s.did, s.story())
	}
}

func TestAReloadCallsOffWhatHasNotBegun(t *testing.T) {
	s := dying(t, resort(freely(3), reboot), "reboot")
	s.Recording = time.Second
	s.Run(500 * time.Millisecond)
	s.Config = resort(freely(3))
	s.start().Run(time.Minute)
	if len(s.did) != 0 || s.Machine.Resort().Asked() != "" || s.Machine.Procs()["httpd"].State() != GaveUp {
		t.Errorf("did %v:\n%s", s.did, s.story())
	}
}

// FuzzLastResort is a machine that lives through random troubles; sim.endMachine holds
// what must be true of every act.
func FuzzLastResort(f *testing.F) {
	for seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		cfg := crashing(scalar.AtMost(1), func(p *confd.Process) { p.Group = "g"; p.Restart.Window = scalar.Duration(time.Hour) })
		g := escalate.DefaultGroup()
		g.Escalate = escalate.Ladder{reboot, panics, {WatchdogReset: &escalate.WatchdogReset{}}}
		g.RetryAfter = scalar.Interval{D: 10 * time.Minute}
		cfg.Groups = map[string]escalate.Group{"g": g}
		cfg.Daemon.RebootLimit = escalate.RebootLimit{Count: int(seed % 4), Window: scalar.Duration(time.Hour), MinUptime: scalar.Duration(seed % 3 * uint64(time.Minute))}
		h := newHistory(t, seed, cfg)
		h.ready("reboot", "panic", "watchdog-reset")
		if seed%5 == 0 {
			delete(h.Rungs, "panic")
		}
		h.Starts = func() {
			for name := range cfg.Processes {
				if h.luck.IntN(3) > 0 {
					h.Spawn(name)
				}
			}
		}
		h.RecordErr = func() error {
			h.Recording = h.upTo(2 * time.Second)
			if h.luck.IntN(5) == 0 {
				return errors.New("EIO")
			}
			return nil
		}
		h.stays = func(EndMachine) bool {
			if h.luck.IntN(2) == 0 {
				h.Later(h.upTo(time.Second), Suspend{Why: "logind prepares for a shutdown"})
			}
			return h.luck.IntN(3) == 0
		}
		h.start()
		for range 6 {
			h.trouble(5 * time.Minute)
			for h.Unborn {
				h.Run(time.Second)
			}
			switch h.luck.IntN(4) {
			case 0:
				h.Step(Suspend{Why: "a shutdown"})
				h.Run(h.upTo(time.Minute))
				h.Step(Resume{Why: "cancelled"})
			case 1:
				h.endings = nil // the operator takes the blame
				h.Step(Operate{Order: Order{Verb: VerbRecover, By: "luck"}})
			case 2:
				h.Step(Configured{Config: cfg})
			}
		}
		h.Run(30 * time.Minute)
		if !h.Machine.Resort().Idle() {
			t.Fatalf("seed %d: a rung does not come to an end: %+v\n%s", seed, h.Machine.Resort(), h.story())
		}
	})
}
