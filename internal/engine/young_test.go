package engine

import (
	"testing"
	"time"
)

// TestSomeoneYoungWhileTheRestIsEnded holds that a start by hand which comes while the workers are
// ended, serves nowhere and is soon over, only delays the restart.
func TestSomeoneYoungWhileTheRestIsEnded(t *testing.T) {
	for _, stays := range []bool{false, true} {
		s := newSim(t, one(nil))
		master := s.spawnAs("httpd", func(p *simProcess) { p.serves = at80(7) })
		s.spawnAs("httpd", func(p *simProcess) {
			p.PPID, p.Session, p.serves, p.layout = master.PID, master.PID, s.procs[master].serves, s.procs[master].layout
		})
		s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.start().run(time.Minute)
		s.die(master, sigkill)
		for range 10000 {
			if s.run(time.Millisecond); len(s.victims) > 0 {
				break
			}
		}
		if len(s.victims) == 0 || len(s.ran) > 0 {
			t.Fatalf("ended %v, ran %v", s.victims, s.ran)
		}
		hand := s.spawnAs("httpd", func(p *simProcess) { p.pale = true })
		if !stays {
			s.at(20*time.Millisecond, func() { s.die(hand, clean) })
		}
		s.run(10 * time.Minute)
		if got := s.m.procs["httpd"]; got.State() != Up {
			t.Errorf("stays %v: %s, waits for %s:\n%s", stays, got.State(), got.View().Waits, s.story())
		}
	}
}

// TestWorkersHoldThePortOfTheDeathBefore holds that workers are ended before a restart for the
// socket of the one that left them, also where another was taken for its successor meanwhile.
func TestWorkersHoldThePortOfTheDeathBefore(t *testing.T) {
	for _, reborn := range []bool{false, true} {
		s := newSim(t, one(nil))
		master := s.spawnAs("httpd", func(p *simProcess) { p.serves = at80(7) })
		worker := s.spawnAs("httpd", func(p *simProcess) {
			p.PPID, p.Session, p.serves, p.layout = master.PID, master.PID, s.procs[master].serves, s.procs[master].layout
		})
		s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
		s.start().run(time.Minute)
		hand := s.spawnAs("httpd", func(p *simProcess) { p.pale = true })
		s.run(time.Second)
		s.die(master, sigkill)
		s.run(time.Minute)
		if len(s.ran) != 0 || len(s.victims) != 0 {
			t.Fatalf("ran %v, ended %v:\n%s", s.ran, s.victims, s.story())
		}
		if reborn {
			s.rebirth(time.Second, func(m Moment) Moment { return m })
			s.run(time.Minute)
		}
		s.die(hand, sigkill)
		s.run(time.Minute)
		if len(s.ran) != 1 || len(s.victims) != 1 || s.victims[0] != worker {
			t.Errorf("reborn %v: ran %v, ended %v:\n%s", reborn, s.ran, s.victims, s.story())
		}
	}
}
