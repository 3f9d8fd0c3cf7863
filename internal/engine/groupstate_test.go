package engine_test

import (
	"testing"

	. "procward/internal/engine"
)

// TestGroupState holds what the states of its members make of a group, in whatever order
// they stand.
func TestGroupState(t *testing.T) {
	for _, c := range []struct {
		app, httpd State
		want       string
	}{
		{Up, Up, "up"}, {Up, AbsentNow, "up"}, {EndedState, Up, "up"}, {StoppedBy, Up, "up"},
		{Up, Waiting, "down"}, {GaveUp, StoppedBy, "down"}, {StoppedBy, Settling, "down"}, {AbsentNow, Unknown, "down"},
		{StoppedBy, StoppedBy, "stopped"}, {StoppedBy, AbsentNow, "stopped"}, {AbsentNow, AbsentNow, "absent"}, {AbsentNow, EndedState, "absent"},
	} {
		for _, swapped := range []bool{false, true} {
			s := newSim(t, web(nil)).start()
			app, httpd := s.Machine.Procs()["app"], s.Machine.Procs()["httpd"]
			first, second := c.app, c.httpd
			if swapped {
				first, second = second, first
			}
			s.Machine.Put("app", first)
			s.Machine.Put("httpd", second)
			if got := s.Machine.GroupState("web"); got != c.want {
				t.Errorf("%s, %s: %s, want %s", app.State(), httpd.State(), got, c.want)
			}
		}
	}
}
