package engine_test

import (
	"testing"
	"time"

	. "procward/internal/engine"
	"procward/internal/engine/life"
	"procward/internal/rehearse"
)

// stoppedSim is one process whose unit somebody has stopped, a minute ago.
func stoppedSim(t *testing.T) *sim {
	s := newSim(t, one(nil))
	id := s.SpawnAs("httpd", func(p *rehearse.Process) { p.Unit = "/system.slice/httpd.service" })
	s.start().Run(time.Second)
	s.Units["httpd"] = Unit{Name: "httpd.service", Hands: StoppedOnRequest}
	s.Die(id, clean)
	s.Run(59 * time.Second)
	if got := s.Machine.Procs()["httpd"].State(); got != StoppedBy {
		t.Fatalf("it is %s", got)
	}
	s.said = nil
	return s
}

// What systemd tells of a unit says when to look; the program may be executed a little later.
func TestNewsOfAUnitSayWhenToLook(t *testing.T) {
	s := stoppedSim(t)
	s.Units["httpd"] = Unit{Name: "httpd.service", Up: true, MainPID: 4711, MainStarted: s.Now}
	s.Step(UnitsMoved{Units: map[string]bool{"httpd.service": true}})
	s.At(700*time.Millisecond, func() { s.Spawn("httpd") })
	s.Run(5 * time.Second)
	s.tells(`61.278 PW0212 process=httpd pid=102 returned by itself`)
}

// News of other units are no reason to look, and a unit that is still down is no failure.
func TestNewsOfOtherUnits(t *testing.T) {
	s := stoppedSim(t)
	looks := s.Machine.Tokens()
	s.Step(UnitsMoved{Units: map[string]bool{"other.service": true}})
	if s.Machine.Tokens() != looks {
		t.Error("it looks")
	}
	s.Step(UnitsMoved{All: true})
	if s.Machine.Tokens() == looks {
		t.Error("it does not look")
	}
	s.Run(time.Hour)
	s.tells(``)
}

// A unit that was started and has failed since is down, with neither the PID nor the cause of
// the process that was stopped before; one whose last process was tracked is told as that.
func TestDeathOfWhatWasNotTracked(t *testing.T) {
	for name, c := range map[string]struct {
		last int
		want string
	}{
		"not tracked": {102, `60.001 PW0201 process=httpd down: ` + life.Unseen + `
			60.001 PW0301 process=httpd restart, attempt 1 of 3`},
		"tracked": {101, `60.001 PW0201 process=httpd pid=101 down: exited with code 0
			60.001 PW0301 process=httpd restart, attempt 1 of 3`},
	} {
		t.Run(name, func(t *testing.T) {
			s := stoppedSim(t)
			s.Units["httpd"] = Unit{Name: "httpd.service", LastPID: c.last}
			s.Step(UnitsMoved{All: true})
			s.Run(time.Second)
			s.tells(c.want)
		})
	}
}
