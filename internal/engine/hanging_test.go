package engine_test

import (
	"testing"
	"time"

	confd "procward/conf.d"
	. "procward/internal/engine"
	"procward/internal/rehearse"
	"procward/internal/scalar"
)

// A script that stays in the foreground and does not end with its process.
func hanging(s *sim, lives time.Duration) func(map[string]string) rehearse.Script {
	return func(map[string]string) rehearse.Script {
		return rehearse.Script{Takes: 1000 * time.Hour, During: func() {
			id := s.Spawn("httpd")
			if lives > 0 {
				s.At(lives, func() { s.Die(id, exit3) })
			}
		}}
	}
}

func TestAScriptThatHangsEndsBeforeTheNext(t *testing.T) {
	s := newSim(t, one(func(p *confd.Process) { p.Restart.Attempts = scalar.Unlimited }))
	s.Scripts["/restart/httpd"] = hanging(s, 0)
	s.Spawn("httpd")
	s.start().Run(time.Second)
	for range 5 {
		s.DieAll("httpd", sigkill)
		s.Run(time.Minute)
	}
	if p := s.Machine.Procs()["httpd"]; p.State() != Up || len(s.Ran) != 5 || s.Running["httpd"] != 1 || s.Machine.Slots() != 0 {
		t.Errorf("%s, ran %d, %d run, %d slots:\n%s", p.State(), len(s.Ran), s.Running["httpd"], s.Machine.Slots(), s.story())
	}
}

func TestAScriptThatHangsWithoutItsProcessIsAFailedAttempt(t *testing.T) {
	s := newSim(t, one(nil))
	s.Scripts["/restart/httpd"] = hanging(s, time.Second)
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.DieAll("httpd", sigkill)
	s.Run(time.Hour)
	if p := s.Machine.Procs()["httpd"]; p.State() != GaveUp || len(s.Ran) != 3 || s.Running["httpd"] != 0 || s.Machine.Slots() != 0 {
		t.Errorf("%s, ran %d, %d run, %d slots:\n%s", p.State(), len(s.Ran), s.Running["httpd"], s.Machine.Slots(), s.story())
	}
}
