package engine_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	. "procward/internal/engine"
	"procward/internal/engine/life"
	"procward/internal/message"
	"procward/internal/rehearse"
)

// As long as procward cannot start a program, no attempt is spent and no rung follows;
// then the process comes back by its first attempt.
func TestAnAttemptThatCannotBeStartedIsNotSpent(t *testing.T) {
	s := newSim(t, one(nil))
	works := false
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script {
		if !works {
			return rehearse.Script{Unstarted: true}
		}
		return rehearse.Script{After: func() { s.Spawn("httpd") }}
	}
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.DieAll("httpd", sigkill)
	s.Run(10 * time.Minute)
	p := s.Machine.Procs()["httpd"]
	if tries := len(s.Ran); p.State() != Waiting || len(p.History.Spent) != 0 || p.History.Tries != 0 || tries < 20 || tries > 40 {
		t.Fatalf("%s, ran %d, history %+v:\n%s", p.State(), tries, p.History, s.story())
	}
	works = true
	s.Run(time.Minute)
	if p.State() != Up || len(p.History.Spent) != 1 || s.Machine.Slots() != 0 {
		t.Errorf("%s, history %+v:\n%s", p.State(), p.History, s.story())
	}
	if slices.Contains(s.kinds, message.RungAsked) || slices.Contains(s.kinds, message.GivenUp) {
		t.Errorf("a rung followed:\n%s", s.story())
	}
}

// The attempt that was given back is so after a crash as well.
func TestAnAttemptThatIsGivenBackIsSavedSo(t *testing.T) {
	s := newSim(t, one(nil))
	s.Scripts["/restart/httpd"] = func(map[string]string) rehearse.Script { return rehearse.Script{Unstarted: true} }
	s.Spawn("httpd")
	s.start().Run(time.Second)
	s.DieAll("httpd", sigkill)
	s.Run(10 * time.Second)
	saved := s.Machine.Save()
	var v life.Saved
	err := json.Unmarshal(saved[KeyProcess+"httpd"], &v)
	if err != nil {
		t.Fatal(err)
	}
	if h := v.History; len(h.Spent) != 0 || h.Tries != 0 || h.Unstarted == 0 {
		t.Errorf("saved %+v", h)
	}
}
