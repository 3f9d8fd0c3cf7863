package engine

import (
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/internal/scalar"
)

// A script that stays in the foreground and does not end with its process.
func hanging(s *sim, lives time.Duration) func(map[string]string) simScript {
	return func(map[string]string) simScript {
		return simScript{takes: 1000 * time.Hour, during: func() {
			id := s.spawn("httpd")
			if lives > 0 {
				s.at(lives, func() { s.die(id, exit3) })
			}
		}}
	}
}

func TestAScriptThatHangsEndsBeforeTheNext(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.Attempts = scalar.Unlimited }))
	s.scripts["/restart/httpd"] = hanging(s, 0)
	s.spawn("httpd")
	s.start().run(time.Second)
	for range 5 {
		s.dieAll("httpd", sigkill)
		s.run(time.Minute)
	}
	if p := s.m.procs["httpd"]; p.State() != Up || len(s.ran) != 5 || s.running["httpd"] != 1 || s.m.running != 0 {
		t.Errorf("%s, ran %d, %d run, %d slots:\n%s", p.State(), len(s.ran), s.running["httpd"], s.m.running, s.story())
	}
}

func TestAScriptThatHangsWithoutItsProcessIsAFailedAttempt(t *testing.T) {
	s := newSim(t, one(nil))
	s.scripts["/restart/httpd"] = hanging(s, time.Second)
	s.spawn("httpd")
	s.start().run(time.Second)
	s.dieAll("httpd", sigkill)
	s.run(time.Hour)
	if p := s.m.procs["httpd"]; p.State() != GaveUp || len(s.ran) != 3 || s.running["httpd"] != 0 || s.m.running != 0 {
		t.Errorf("%s, ran %d, %d run, %d slots:\n%s", p.State(), len(s.ran), s.running["httpd"], s.m.running, s.story())
	}
}
