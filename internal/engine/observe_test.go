package engine_test

import (
	"strings"
	"testing"
	"time"

	. "procward/internal/engine"
	"procward/internal/message"
	"procward/internal/scalar"
)

// A daemon that was acting dies at any moment of a history and comes back in observe mode:
// from then on nothing is done, whatever was under way.
func TestStartedAgainInObserveModeNothingIsDone(t *testing.T) {
	for seed := range seeds {
		cfg := crashing(scalar.AtMost(2), nil)
		if seed%2 == 0 {
			cfg = grouped(seed / 2)
		}
		h := newHistory(t, seed, cfg)
		h.start()
		h.trouble(h.upTo(3 * time.Minute))
		h.Config.Daemon.Observe = true
		h.Rebirth(h.upTo(5*time.Second), func(m Moment) Moment { return m })
		h.Acts = func(e Effect) {
			if Acts(e) {
				t.Fatalf("seed %d: %#v in observe mode:\n%s", seed, e, h.story())
			}
		}
		h.said, h.kinds = nil, nil
		h.Run(10 * time.Minute)
		for _, name := range h.Machine.Names() {
			if p := h.Machine.Procs()[name]; p.State() != Up && p.State() != Waiting {
				t.Fatalf("seed %d: %s is %s:\n%s", seed, name, p.State(), h.story())
			}
		}
		for _, kind := range h.kinds {
			if kind == message.InternalFailure {
				t.Fatalf("seed %d: only the last guard held:\n%s", seed, h.story())
			}
		}
	}
}

func TestAReloadThatSaysObserveHoldsEverything(t *testing.T) {
	s := newSim(t, one(nil))
	s.Spawn("httpd")
	s.Scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().Run(time.Second)
	watching := *s.Config
	watching.Daemon.Observe = true
	s.Step(Configured{Config: &watching})
	s.DieAll("httpd", exit3)
	s.Run(time.Hour)
	if len(s.Ran) > 0 || !strings.Contains(s.story(), "PW0105 suspended: daemon.observe is true") {
		t.Fatalf("ran %v:\n%s", s.Ran, s.story())
	}
	s.order(VerbResume) // of nothing: it is not the operator's suspension
	s.Run(time.Minute)
	if len(s.Ran) > 0 {
		t.Fatalf("ran %v:\n%s", s.Ran, s.story())
	}
	s.Step(Configured{Config: s.Config})
	s.Run(time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); len(s.Ran) != 1 || got != Up {
		t.Errorf("ran %v, it is %s:\n%s", s.Ran, got, s.story())
	}
}
