package engine

import (
	"strings"
	"testing"
	"time"

	"procward/internal/message"
	"procward/internal/scalar"
	"procward/procscan"
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
		h.cfg.Daemon.Observe = true
		h.rebirth(h.upTo(5*time.Second), func(m Moment) Moment { return m })
		h.acts = func(e Effect) {
			if acts(e) {
				t.Fatalf("seed %d: %#v in observe mode:\n%s", seed, e, h.story())
			}
		}
		h.said, h.kinds = nil, nil
		h.run(10 * time.Minute)
		for _, name := range h.m.names {
			if p := h.m.procs[name]; p.State() != Up && p.State() != Waiting {
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

func TestNothingActsInObserveMode(t *testing.T) {
	m := NewMachine(true, 1)
	for _, e := range []Effect{Run{}, Await{}, EndScript{}, RestartUnit{}, StopUnit{}, Kill{}, Evidence{}, EndMachine{}, Exit{}} {
		m.effects = nil
		m.do(e)
		if s, is := m.effects[0].(Say); !is || s.Message.Kind != message.InternalFailure {
			t.Errorf("%T is done", e)
		}
	}
	for _, e := range []Effect{Look{}, Track{ID: procscan.ID{}}, Attend{}} {
		m.effects = nil
		if m.do(e); len(m.effects) != 1 || acts(m.effects[0]) {
			t.Errorf("%T is not done", e)
		}
	}
}

func TestAReloadThatSaysObserveHoldsEverything(t *testing.T) {
	s := newSim(t, one(nil))
	s.spawn("httpd")
	s.scripts["/restart/httpd"] = starts(s, "httpd", 0)
	s.start().run(time.Second)
	watching := *s.cfg
	watching.Daemon.Observe = true
	s.step(Configured{Config: &watching})
	s.dieAll("httpd", exit3)
	s.run(time.Hour)
	if len(s.ran) > 0 || !strings.Contains(s.story(), "PW0105 suspended: daemon.observe is true") {
		t.Fatalf("ran %v:\n%s", s.ran, s.story())
	}
	s.order(VerbResume) // of nothing: it is not the operator's suspension
	s.run(time.Minute)
	if len(s.ran) > 0 {
		t.Fatalf("ran %v:\n%s", s.ran, s.story())
	}
	s.step(Configured{Config: s.cfg})
	s.run(time.Minute)
	if got := s.m.procs["httpd"].State(); len(s.ran) != 1 || got != Up {
		t.Errorf("ran %v, it is %s:\n%s", s.ran, got, s.story())
	}
}
