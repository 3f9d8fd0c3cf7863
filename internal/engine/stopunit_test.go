package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/rehearse"
)

// units is the shop, where httpd and app are restarted by systemd.
func units(t *testing.T, change func(*confd.Config)) *sim {
	s := shop(t, change)
	s.byUnit("httpd", "httpd.service")
	s.byUnit("app", "app.service")
	s.Step(Configured{Config: s.Config})
	s.Run(time.Second)
	s.said, s.Ran, s.Victims = nil, nil, nil
	return s
}

func TestAnOperatorsStopAndStartOfUnits(t *testing.T) {
	s := units(t, nil)
	out := s.order(VerbStop, "web")
	s.Run(time.Minute)
	if got := s.outcome(out.ID); !got.Done || len(got.Failed) > 0 || !slices.Equal(s.Ran, []string{"stop:httpd.service", "stop:app.service"}) || len(s.Victims) > 0 {
		t.Fatalf("ran %v, killed %v, %+v:\n%s", s.Ran, s.Victims, got, s.story())
	}
	s.Rebirth(time.Second, func(m Moment) Moment { return m })
	s.Run(time.Minute)
	s.Ran = nil
	out = s.order(VerbStart, "web")
	s.Run(time.Minute)
	if got := s.outcome(out.ID); !got.Done || len(got.Failed) > 0 || !slices.Equal(s.Ran, []string{"unit:app.service", "unit:httpd.service"}) {
		t.Fatalf("ran %v, %+v:\n%s", s.Ran, got, s.story())
	}
	if s.Machine.Procs()["httpd"].State() != Up || s.Machine.Procs()["app"].State() != Up {
		t.Errorf("it is %v:\n%s", s.states(), s.story())
	}
}

// What a stop of the unit leaves is killed; one that fails is said.
func TestAUnitThatIsNotStopped(t *testing.T) {
	s := units(t, nil)
	s.Stops = func(StopUnit) error { return errors.New("stop httpd.service: the job ended with \"timeout\"") }
	ids := s.IDs("httpd")
	out := s.order(VerbStop, "httpd")
	s.Run(time.Minute)
	if got := s.outcome(out.ID); !got.Done || !slices.Equal(s.Victims, ids) || len(s.IDs("httpd")) > 0 {
		t.Errorf("killed %v, %+v:\n%s", s.Victims, got, s.story())
	}
	if !strings.Contains(s.story(), `the job ended with "timeout"`) {
		t.Errorf("it does not say so:\n%s", s.story())
	}
}

// Strategy all stops the unit of a healthy member, and starts it again: it costs nothing.
// Somebody else's job goes first.
func TestStrategyAllStopsAndStartsUnits(t *testing.T) {
	for name, conflict := range map[string]bool{"free": false, "somebody is at work on it": true} {
		t.Run(name, func(t *testing.T) {
			s := units(t, func(cfg *confd.Config) {
				g := cfg.Groups["web"]
				g.Strategy = escalate.All
				cfg.Groups["web"] = g
			})
			if conflict {
				s.Stops = func(e StopUnit) error {
					if e.Unit == "httpd.service" {
						return rehearse.ErrConflict
					}
					return nil
				}
			}
			before := s.IDs("httpd")
			s.DieAll("app", exit3)
			s.Run(time.Minute)
			if again := !slices.Equal(s.IDs("httpd"), before); again == conflict || len(s.Victims) > 0 {
				t.Errorf("httpd was started again: %v, killed %v:\n%s", again, s.Victims, s.story())
			}
			if s.Machine.Procs()["httpd"].State() != Up || s.Machine.Procs()["app"].State() != Up {
				t.Errorf("it is %v:\n%s", s.states(), s.story())
			}
		})
	}
}

// The daemon dies between the stop of a unit and its start: the next one cannot be told by
// systemd who has stopped it.
func TestAUnitStoppedByADeadDaemonIsStarted(t *testing.T) {
	s := units(t, func(cfg *confd.Config) {
		g := cfg.Groups["web"]
		g.Strategy = escalate.All
		cfg.Groups["web"] = g
	})
	once := true
	s.Dies = func(e Effect) bool {
		r, is := e.(RestartUnit)
		dies := once && is && r.Start
		once = once && !dies
		return dies
	}
	s.DieAll("app", exit3)
	s.Run(10 * time.Minute)
	if once || s.Machine.Procs()["httpd"].State() != Up || s.Machine.Procs()["app"].State() != Up {
		t.Fatalf("died %v, it is %v:\n%s", !once, s.states(), s.story())
	}
	s.Halted["httpd"] = -1 // an operator's
	s.DieAll("httpd", clean)
	s.Run(10 * time.Minute)
	if got := s.Machine.Procs()["httpd"].State(); got != StoppedBy {
		t.Errorf("after the operator's stop it is %s:\n%s", got, s.story())
	}
}
