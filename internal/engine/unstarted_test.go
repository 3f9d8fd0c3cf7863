package engine

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"procward/internal/engine/life"
	"procward/internal/message"
)

// As long as procward cannot start a program, no attempt is spent and no rung follows;
// then the process comes back by its first attempt.
func TestAnAttemptThatCannotBeStartedIsNotSpent(t *testing.T) {
	s := newSim(t, one(nil))
	works := false
	s.scripts["/restart/httpd"] = func(map[string]string) simScript {
		if !works {
			return simScript{unstarted: true}
		}
		return simScript{after: func() { s.spawn("httpd") }}
	}
	s.spawn("httpd")
	s.start().run(time.Second)
	s.dieAll("httpd", sigkill)
	s.run(10 * time.Minute)
	p := s.m.procs["httpd"]
	if tries := len(s.ran); p.State() != Waiting || len(p.History.Spent) != 0 || p.History.Tries != 0 || tries < 20 || tries > 40 {
		t.Fatalf("%s, ran %d, history %+v:\n%s", p.State(), tries, p.History, s.story())
	}
	works = true
	s.run(time.Minute)
	if p.State() != Up || len(p.History.Spent) != 1 || s.m.running != 0 {
		t.Errorf("%s, history %+v:\n%s", p.State(), p.History, s.story())
	}
	if slices.Contains(s.kinds, message.RungAsked) || slices.Contains(s.kinds, message.GivenUp) {
		t.Errorf("a rung followed:\n%s", s.story())
	}
}

// The attempt that was given back is so after a crash as well.
func TestAnAttemptThatIsGivenBackIsSavedSo(t *testing.T) {
	s := newSim(t, one(nil))
	s.scripts["/restart/httpd"] = func(map[string]string) simScript { return simScript{unstarted: true} }
	s.spawn("httpd")
	s.start().run(time.Second)
	s.dieAll("httpd", sigkill)
	s.run(10 * time.Second)
	saved := s.m.Save()
	var v life.Saved
	err := json.Unmarshal(saved[keyProcess+"httpd"], &v)
	if err != nil {
		t.Fatal(err)
	}
	if h := v.History; len(h.Spent) != 0 || h.Tries != 0 || h.Unstarted == 0 {
		t.Errorf("saved %+v", h)
	}
}
