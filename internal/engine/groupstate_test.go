package engine

import "testing"

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
			app, httpd := s.m.procs["app"], s.m.procs["httpd"]
			if app.state, httpd.state = c.app, c.httpd; swapped {
				app.state, httpd.state = c.httpd, c.app
			}
			if got := s.m.groupStatus("web").State; got != c.want {
				t.Errorf("%s, %s: %s, want %s", app.state, httpd.state, got, c.want)
			}
		}
	}
}
