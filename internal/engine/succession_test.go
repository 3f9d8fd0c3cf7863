package engine_test

import (
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	. "procward/internal/engine"
	"procward/internal/message"
	"procward/internal/rehearse"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/watch"
)

// TestLastDeathIsNotTheLaunchers holds that a launcher of the script which matches for a
// moment is not the last death, also where its cause is told late.
func TestLastDeathIsNotTheLaunchers(t *testing.T) {
	for _, late := range []bool{false, true} {
		s := newSim(t, one(nil))
		id := s.Spawn("httpd")
		s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
			return rehearse.Script{After: func() {
				launcher := s.Spawn("httpd")
				s.At(500*time.Millisecond, func() {
					s.Spawn("httpd")
					if late {
						s.Die(launcher, watch.Cause{})
						s.Later(2*time.Second, Died{Events: []watch.Event{{ID: launcher, At: s.Uptime(), Cause: clean, Belated: true}}})
						return
					}
					s.Die(launcher, clean)
				})
			}}
		}
		s.start().Run(time.Second)
		s.Die(id, watch.Cause{Known: true, Signal: 11})
		s.Run(time.Minute)
		if got := s.told().Processes[0]; got.State != Up || got.LastCause != "killed by SIGSEGV" || !strings.Contains(s.story(), "recovered") {
			t.Errorf("late %v: %s, last death %q:\n%s", late, got.State, got.LastCause, s.story())
		}
	}
}

// TestTheLastDeathOfACrashLoop holds that one that ends by itself before it was up for settle,
// and is followed by nobody, is the last death.
func TestTheLastDeathOfACrashLoop(t *testing.T) {
	s := newSim(t, one(nil))
	id := s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() {
			again := s.Spawn("httpd")
			s.At(time.Second, func() { s.Die(again, clean) })
		}}
	}
	s.start().Run(time.Second)
	s.Die(id, watch.Cause{Known: true, Signal: 11})
	s.Run(time.Minute)
	if got := s.Machine.Procs()["httpd"]; got.State() != GaveUp || got.View().LastCause != "exited with code 0" {
		t.Errorf("%s, last death %q:\n%s", got.State(), got.View().LastCause, s.story())
	}
}

// TestDoubled holds that a second root after a restart is told with both PIDs and parents.
func TestDoubled(t *testing.T) {
	for _, twice := range []bool{false, true} {
		s := newSim(t, one(nil))
		id := s.Spawn("httpd")
		s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
			return rehearse.Script{After: func() {
				s.Spawn("httpd")
				if twice {
					s.At(2*time.Second, func() { s.Spawn("httpd") }) // by another supervisor, a little later
				}
			}}
		}
		s.start().Run(time.Second)
		s.Die(id, sigkill)
		s.Run(time.Minute)
		told := strings.Contains(s.story(), "PW0219 process=httpd pid=103 there are more than before: 2, and 1 before the restart: pid 103 (httpd), child of pid 1; pid 102 (httpd), child of pid 1")
		if told != twice {
			t.Errorf("started twice %v:\n%s", twice, s.story())
		}
	}
}

// TestALetBeSessionIsNeverTakenUp holds that what was let be after a death is not adopted by
// a later look either, nor after a restart of the daemon.
func TestALetBeSessionIsNeverTakenUp(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Match.Select = procscan.All }))
	listener := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		return rehearse.Script{After: func() { s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(8) }) }}
	}
	s.start().Run(time.Second)
	s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = nil })
	s.Run(31 * time.Second) // it is older than start-timeout, and was not looked at yet
	s.Die(listener, sigkill)
	s.Run(10 * time.Minute)
	s.Rebirth(time.Second, func(m Moment) Moment { return m })
	s.Run(10 * time.Minute)
	p := s.Machine.Procs()["httpd"]
	if len(s.Ran) != 1 || len(p.Tracks()) != 1 || p.Tracks()[0].PID != 103 || !strings.Contains(s.story(), "PW0217") {
		t.Errorf("ran %v, tracked %v:\n%s", s.Ran, p.Tracks(), s.story())
	}
}

// TestOneThatIsYoungIsGivenTimeToServe holds that no script runs while one that was started
// after a death may yet come to serve, and that one does when it does not.
func TestOneThatIsYoungIsGivenTimeToServe(t *testing.T) {
	for _, comes := range []bool{true, false} {
		s := newSim(t, one(nil))
		id := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
		s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.start().Run(time.Minute)
		s.Die(id, sigkill)
		slow := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = nil })
		if comes {
			s.At(10*time.Second, func() { s.Procs[slow].Serves = at80(9) })
		}
		s.Run(20 * time.Second)
		if len(s.Ran) != 0 {
			t.Errorf("ran %v while one may yet serve:\n%s", s.Ran, s.story())
		}
		s.Run(time.Minute)
		if p := s.Machine.Procs()["httpd"]; p.State() != Up || len(s.Ran) != map[bool]int{true: 0, false: 1}[comes] {
			t.Errorf("comes %v: %s, ran %v:\n%s", comes, p.State(), s.Ran, s.story())
		}
	}
}

// TestTwoNamesForOneProcess holds that the daemon warns once.
func TestTwoNamesForOneProcess(t *testing.T) {
	m := NewMachine(false, 1)
	cfg := &confd.Config{Processes: map[string]confd.Process{"a": entry("x", "", nil), "b": entry("x", "", nil)}}
	told := 0
	take := func(effects []Effect) (look Look) {
		for _, e := range effects {
			switch e := e.(type) {
			case Look:
				look = e
			case Say:
				if e.Message.Kind == message.Shared {
					told++
				}
			}
		}
		return look
	}
	look := take(m.Step(Moment{Uptime: time.Hour}, Configured{Config: cfg}))
	x := procscan.Process{ID: procscan.ID{PID: 7, Start: 7}, Comm: "x"}
	found := Finding{Selection: procscan.Selection{Selected: []procscan.Process{x}, Matching: []procscan.Process{x}}}
	take(m.Step(Moment{Uptime: time.Hour}, Looked{Token: look.Token, Found: map[string]Finding{"a": found, "b": found}}))
	if told != 1 {
		t.Errorf("it was told %d times", told)
	}
}

// TestWhatIsKnownOutlivesTheDaemon holds that a worker is told by what an earlier daemon knew.
func TestWhatIsKnownOutlivesTheDaemon(t *testing.T) {
	s := newSim(t, one(nil))
	master := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
	s.SpawnAs("httpd", func(p *rehearse.Process) { p.PPID, p.Session = master.PID, master.PID })
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(time.Minute)
	s.Procs[master].Pale = true // the next daemon cannot read it
	s.Rebirth(time.Second, func(m Moment) Moment { return m })
	s.Run(time.Minute)
	s.Die(master, sigkill)
	s.Run(time.Minute)
	if len(s.Ran) != 1 || len(s.IDs("httpd")) != 1 || !strings.Contains(s.story(), "PW0214 process=httpd pid=102") {
		t.Errorf("ran %v, there are %v:\n%s", s.Ran, s.IDs("httpd"), s.story())
	}
}

// TestNothingUnprovenIsEnded holds that a worker whose traits, or those of the dead one,
// cannot be read is not ended but taken for the successor, with a warning.
func TestNothingUnprovenIsEnded(t *testing.T) {
	for _, who := range []int{0, 1} {
		s := newSim(t, one(nil))
		master := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves, p.Pale = at80(7), who == 0 })
		s.SpawnAs("httpd", func(p *rehearse.Process) { p.PPID, p.Session, p.Pale = master.PID, master.PID, who == 1 })
		s.start().Run(time.Minute)
		s.Die(master, sigkill)
		s.Run(time.Minute)
		if len(s.Ran) != 0 || len(s.Victims) != 0 || !strings.Contains(s.story(), "PW0221") {
			t.Errorf("pale is %d: ran %v, ended %v:\n%s", who, s.Ran, s.Victims, s.story())
		}
	}
}

// TestWhoLivesOnBesideTheListener holds that one that was tracked from the start, and does not do
// the work of the listener, is not enough when that dies; one that may, is.
func TestWhoLivesOnBesideTheListener(t *testing.T) {
	for _, row := range []struct {
		name    string
		kind    func(listener *rehearse.Process, p *rehearse.Process)
		ran     int
		changed func(*confd.Config)
	}{
		{"a session", func(_, _ *rehearse.Process) {}, 1, nil},
		{"a sibling", func(_, p *rehearse.Process) { p.Serves = at80(8) }, 0, nil},
		{"an instance at another port", func(_, p *rehearse.Process) {
			p.Serves = []succession.Socket{{Kind: "tcp", Addr: "0.0.0.0:81", Inode: 9}}
		}, 0, nil},
		{"one that cannot be read", func(_, p *rehearse.Process) { p.Pale = true }, 0, nil},
		{"workers of one that serves nowhere", func(listener, _ *rehearse.Process) { listener.Serves = nil }, 0, nil},
		{"one that was counted", func(_, _ *rehearse.Process) {}, 1, func(c *confd.Config) {
			p := c.Processes["httpd"]
			p.Match.Count.Min = 2
			c.Processes["httpd"] = p
		}},
		{"a worker that is selected too", func(listener, p *rehearse.Process) {
			p.PPID, p.Serves, p.Layout = listener.PID, listener.Serves, listener.Layout
		}, 1, func(c *confd.Config) {
			p := c.Processes["httpd"]
			p.Match.Select = procscan.All
			c.Processes["httpd"] = p
		}},
	} {
		cfg := one(nil)
		if row.changed != nil {
			row.changed(cfg)
		}
		s := newSim(t, cfg)
		listener := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
		other := s.SpawnAs("httpd", func(p *rehearse.Process) { row.kind(s.Procs[listener], p) })
		s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.start().Run(time.Minute)
		if tracked := len(s.Machine.Procs()["httpd"].Tracks()); tracked != 2 {
			t.Fatalf("%s: %d are tracked at the start:\n%s", row.name, tracked, s.story())
		}
		s.Die(listener, sigkill)
		s.Run(time.Minute)
		worker := row.changed != nil && cfg.Processes["httpd"].Match.Select == procscan.All
		if len(s.Ran) != row.ran || s.Machine.Procs()["httpd"].State() != Up || (len(s.Victims) > 0) != worker {
			t.Errorf("%s: ran %v, ended %v, %s (pid %d):\n%s", row.name, s.Ran, s.Victims, s.Machine.Procs()["httpd"].State(), other.PID, s.story())
		}
	}
}

// TestAVerdictStands holds that what was let be or left over is never taken up because it
// was forgotten: by a look while it is not known how another one has ended, one in which it
// cannot be read or does not match, after the outage, and by a next daemon.
func TestAVerdictStands(t *testing.T) {
	for name, how := range map[string]func(s *sim, child procscan.ID){
		"nothing else": func(*sim, procscan.ID) {},
		"a launcher whose cause comes late": func(s *sim, _ procscan.ID) {
			launcher := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(8) })
			s.At(time.Second, func() {
				s.Later(3*time.Second, Died{Events: []watch.Event{{ID: launcher, At: s.Uptime(), Cause: clean, Belated: true}}})
				s.Die(launcher, watch.Cause{})
			})
		},
		"it cannot be read": func(s *sim, child procscan.ID) { s.Procs[child].Pale = true },
		"it is hidden": func(s *sim, child procscan.ID) {
			s.Procs[child].Name = "no longer"
			s.At(20*time.Second, func() { s.Procs[child].Name = "httpd" })
		},
	} {
		for _, forked := range []bool{true, false} {
			s := newSim(t, one(nil))
			listener := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
			child := s.SpawnAs("httpd", func(p *rehearse.Process) {
				p.PPID, p.Session = listener.PID, listener.PID
			})
			if s.Procs[child].Serves = nil; !forked { // it has executed a program, in a session of its own
				s.Procs[child].Layout, s.Procs[child].Session = 99, child.PID
			}
			s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
				return rehearse.Script{After: func() {
					s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(8) })
					how(s, child)
				}}
			}
			s.start().Run(40 * time.Second)
			s.Procs[child].PPID = 1
			s.Die(listener, sigkill)
			s.Run(time.Minute)
			s.Rebirth(time.Second, func(m Moment) Moment { return m })
			s.Run(time.Minute)
			if p := s.Machine.Procs()["httpd"]; len(s.Ran) != 1 || s.Tracked[child] || len(s.Victims) != 0 || s.Procs[child] == nil {
				t.Errorf("%s, forked %v: ran %v, tracked %v, the child is %v, ended %v:\n%s", name, forked, s.Ran, p.Tracks(), child, s.Victims, s.story())
			}
		}
	}
}

// TestWorkersThatDoNotMatch holds that workers which the match does not fit, and which have the
// socket of the dead one, are ended before a restart; and that any other that has it is only told.
func TestWorkersThatDoNotMatch(t *testing.T) {
	for _, proven := range []bool{true, false} {
		s := newSim(t, one(nil))
		master := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
		s.Procs[master].Session = master.PID
		worker := s.SpawnAs("worker", func(p *rehearse.Process) {
			p.Serves, p.Session = at80(7), master.PID
			if proven {
				p.Layout = s.Procs[master].Layout
			}
		})
		s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.start().Run(time.Minute)
		s.Die(master, sigkill)
		s.Run(time.Minute)
		told := map[bool]string{true: "PW0209", false: "PW0217"}[proven]
		if len(s.Ran) != 1 || (s.Procs[worker] == nil) != proven || s.Tracked[worker] || !strings.Contains(s.story(), told) {
			t.Errorf("proven %v: ran %v, ended %v:\n%s", proven, s.Ran, s.Victims, s.story())
		}
	}
}
