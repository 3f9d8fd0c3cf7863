package escalate

import (
	"strings"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
)

func TestRungs(t *testing.T) {
	short := scalar.Duration(time.Second)
	for _, c := range []struct {
		rung Rung
		name string
		os   bool
		wait time.Duration
	}{
		{groupRung(1, time.Hour), "restart-group", false, DefaultWait},
		{Rung{RestartGroup: &RestartGroup{Wait: &short}}, "restart-group", false, time.Second},
		{hookRung, "hook", false, DefaultWait},
		{Rung{Hook: &Hook{Wait: &short}}, "hook", false, time.Second},
		{Rung{StopGroup: &StopGroup{Plain: Plain{Wait: &short}}}, "stop-group", false, time.Second},
		{Rung{StopDaemon: &StopDaemon{Wait: &short}}, "stop-daemon", false, time.Second},
		{Rung{Shutdown: &Shutdown{}}, "shutdown", true, DefaultWait},
		{Rung{Reboot: &Reboot{Plain: Plain{Wait: &short}}}, "reboot", true, time.Second},
		{Rung{Panic: &Panic{}}, "panic", true, DefaultWait},
		{Rung{WatchdogReset: &WatchdogReset{}}, "watchdog-reset", true, DefaultWait},
		{Rung{WatchdogPanic: &WatchdogPanic{}}, "watchdog-panic", true, DefaultWait},
		{noRung, "none", false, DefaultWait},
		{Rung{}, "", false, DefaultWait},
		{Rung{Reboot: &Reboot{}, None: &None{}}, "", false, DefaultWait},
	} {
		if c.rung.Name() != c.name || c.rung.OS() != c.os || c.rung.Wait().D() != c.wait {
			t.Errorf("%q, ends the system %v, wait %v; want %q, %v, %v", c.rung.Name(), c.rung.OS(), c.rung.Wait(), c.name, c.os, c.wait)
		}
	}
}

func TestValidate(t *testing.T) {
	code := func(n int) Ladder { return Ladder{{StopDaemon: &StopDaemon{ExitCode: &n}}} }
	unlimited := groupRung(1, time.Hour)
	unlimited.RestartGroup.Attempts = scalar.Unlimited
	for _, c := range []struct {
		l    Ladder
		want string
	}{
		{nil, ""},
		{Ladder{groupRung(1, time.Hour), hookRung, stopRung, bootRung, noRung, {StopDaemon: &StopDaemon{}}}, ""},
		{code(70), ""}, {code(79), ""},
		{code(69), "[0].stop-daemon.exit-code: 69 is not from 70 to 79"},
		{code(0), "[0].stop-daemon.exit-code: 0 is not from 70 to 79"},
		{Ladder{hookRung, {}}, "[1]: names not exactly one of"},
		{Ladder{{Reboot: &Reboot{}, Panic: &Panic{}}}, "[0]: names not exactly one of"},
		{Ladder{groupRung(0, time.Hour)}, "[0].restart-group.attempts: is 0"},
		{Ladder{unlimited}, "[0].restart-group.attempts: unlimited would never reach the next rung"},
		{Ladder{groupRung(1, 0)}, "[0].restart-group.window: must be above 0s"},
		{Ladder{{Hook: &Hook{Timeout: scalar.Duration(time.Second)}}}, "[0].hook.run: names no program"},
		{Ladder{{Hook: &Hook{Run: script.Argv{"hook"}, Timeout: 1}}}, `[0].hook.run[0]: "hook" is not an absolute path`},
		{Ladder{{Hook: &Hook{Run: script.Argv{"/hook"}}}}, "[0].hook.timeout: must be above 0s"},
	} {
		err := c.l.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.l, err, c.want)
		}
	}
}

func TestGroupValidate(t *testing.T) {
	for _, c := range []struct {
		change func(*Group)
		want   string
	}{
		{func(*Group) {}, ""},
		{func(g *Group) { g.Strategy = All }, ""},
		{func(g *Group) { g.Start, g.Stop = script.Argv{"/g", "start"}, script.Argv{"/g", "stop"} }, ""},
		{func(g *Group) { g.Strategy = "both" }, `strategy: "both" is neither one nor all`},
		{func(g *Group) { g.Timeout = 0 }, "timeout: must be above 0s"},
		{func(g *Group) { g.Stop = script.Argv{"/g"} }, ": has one of start and stop"},
		{func(g *Group) { g.Start, g.Stop = script.Argv{"g"}, script.Argv{"/g"} }, `start[0]: "g" is not an absolute path`},
		{func(g *Group) { g.Escalate = Ladder{{}} }, "escalate[0]: names not exactly one of"},
	} {
		g := DefaultGroup()
		c.change(&g)
		err := g.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", g, err, c.want)
		}
	}
}
