package engine

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
)

// units is the shop, where httpd and app are restarted by systemd.
func units(t *testing.T, change func(*confd.Config)) *sim {
	s := shop(t, change)
	s.byUnit("httpd", "httpd.service")
	s.byUnit("app", "app.service")
	s.step(Configured{Config: s.cfg})
	s.run(time.Second)
	s.said, s.ran, s.victims = nil, nil, nil
	return s
}

func TestAnOperatorsStopAndStartOfUnits(t *testing.T) {
	s := units(t, nil)
	out := s.order(VerbStop, "web")
	s.run(time.Minute)
	if got := s.outcome(out.ID); !got.Done || len(got.Failed) > 0 || !slices.Equal(s.ran, []string{"stop:httpd.service", "stop:app.service"}) || len(s.victims) > 0 {
		t.Fatalf("ran %v, killed %v, %+v:\n%s", s.ran, s.victims, got, s.story())
	}
	s.rebirth(time.Second, func(m Moment) Moment { return m })
	s.run(time.Minute)
	s.ran = nil
	out = s.order(VerbStart, "web")
	s.run(time.Minute)
	if got := s.outcome(out.ID); !got.Done || len(got.Failed) > 0 || !slices.Equal(s.ran, []string{"unit:app.service", "unit:httpd.service"}) {
		t.Fatalf("ran %v, %+v:\n%s", s.ran, got, s.story())
	}
	if s.m.procs["httpd"].State() != Up || s.m.procs["app"].State() != Up {
		t.Errorf("it is %v:\n%s", s.states(), s.story())
	}
}

// What a stop of the unit leaves is killed; one that fails is said.
func TestAUnitThatIsNotStopped(t *testing.T) {
	s := units(t, nil)
	s.unitStops = func(StopUnit) error { return errors.New("stop httpd.service: the job ended with \"timeout\"") }
	ids := s.idsOf("httpd")
	out := s.order(VerbStop, "httpd")
	s.run(time.Minute)
	if got := s.outcome(out.ID); !got.Done || !slices.Equal(s.victims, ids) || len(s.idsOf("httpd")) > 0 {
		t.Errorf("killed %v, %+v:\n%s", s.victims, got, s.story())
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
				s.unitStops = func(e StopUnit) error {
					if e.Unit == "httpd.service" {
						return errConflict
					}
					return nil
				}
			}
			before := s.idsOf("httpd")
			s.dieAll("app", exit3)
			s.run(time.Minute)
			if again := !slices.Equal(s.idsOf("httpd"), before); again == conflict || len(s.victims) > 0 {
				t.Errorf("httpd was started again: %v, killed %v:\n%s", again, s.victims, s.story())
			}
			if s.m.procs["httpd"].State() != Up || s.m.procs["app"].State() != Up {
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
	s.memory.die = func(e Effect) bool {
		r, is := e.(RestartUnit)
		dies := once && is && r.Start
		once = once && !dies
		return dies
	}
	s.dieAll("app", exit3)
	s.run(10 * time.Minute)
	if once || s.m.procs["httpd"].State() != Up || s.m.procs["app"].State() != Up {
		t.Fatalf("died %v, it is %v:\n%s", !once, s.states(), s.story())
	}
	s.halted["httpd"] = -1 // an operator's
	s.dieAll("httpd", clean)
	s.run(10 * time.Minute)
	if got := s.m.procs["httpd"].State(); got != StoppedBy {
		t.Errorf("after the operator's stop it is %s:\n%s", got, s.story())
	}
}
