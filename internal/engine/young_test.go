package engine_test

import (
	"testing"
	"time"

	. "procward/internal/engine"
	"procward/internal/rehearse"
)

// TestSomeoneYoungWhileTheRestIsEnded holds that a start by hand which comes while the workers are
// ended, serves nowhere and is soon over, only delays the restart.
func TestSomeoneYoungWhileTheRestIsEnded(t *testing.T) {
	for _, stays := range []bool{false, true} {
		s := newSim(t, one(nil))
		master := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
		s.SpawnAs("httpd", func(p *rehearse.Process) {
			p.PPID, p.Session, p.Serves, p.Layout = master.PID, master.PID, s.Procs[master].Serves, s.Procs[master].Layout
		})
		s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.start().Run(time.Minute)
		s.Die(master, sigkill)
		for range 10000 {
			if s.Run(time.Millisecond); len(s.Victims) > 0 {
				break
			}
		}
		if len(s.Victims) == 0 || len(s.Ran) > 0 {
			t.Fatalf("ended %v, ran %v", s.Victims, s.Ran)
		}
		hand := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Pale = true })
		if !stays {
			s.At(20*time.Millisecond, func() { s.Die(hand, clean) })
		}
		s.Run(10 * time.Minute)
		if got := s.Machine.Procs()["httpd"]; got.State() != Up {
			t.Errorf("stays %v: %s, waits for %s:\n%s", stays, got.State(), got.View().Waits, s.story())
		}
	}
}

// TestWorkersHoldThePortOfTheDeathBefore holds that workers are ended before a restart for the
// socket of the one that left them, also where another was taken for its successor meanwhile.
func TestWorkersHoldThePortOfTheDeathBefore(t *testing.T) {
	for _, reborn := range []bool{false, true} {
		s := newSim(t, one(nil))
		master := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Serves = at80(7) })
		worker := s.SpawnAs("httpd", func(p *rehearse.Process) {
			p.PPID, p.Session, p.Serves, p.Layout = master.PID, master.PID, s.Procs[master].Serves, s.Procs[master].Layout
		})
		s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.start().Run(time.Minute)
		hand := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Pale = true })
		s.Run(time.Second)
		s.Die(master, sigkill)
		s.Run(time.Minute)
		if len(s.Ran) != 0 || len(s.Victims) != 0 {
			t.Fatalf("ran %v, ended %v:\n%s", s.Ran, s.Victims, s.story())
		}
		if reborn {
			s.Rebirth(time.Second, func(m Moment) Moment { return m })
			s.Run(time.Minute)
		}
		s.Die(hand, sigkill)
		s.Run(time.Minute)
		if len(s.Ran) != 1 || len(s.Victims) != 1 || s.Victims[0] != worker {
			t.Errorf("reborn %v: ran %v, ended %v:\n%s", reborn, s.Ran, s.Victims, s.story())
		}
	}
}
