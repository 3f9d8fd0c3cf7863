package systemd

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"procward/internal/testbed/nspawn"
)

// How a unit came down, and whether that was asked for.
func TestRequested(t *testing.T) {
	t.Parallel()
	b := boot(t)
	const daemon = "ExecStart=/usr/bin/sleep infinity\n"
	for _, c := range []struct {
		name, service string
		act           func(t *testing.T, unit string, pid int)
		want          bool
		state         string
		result        string
	}{
		{"stop", daemon, func(t *testing.T, unit string, _ int) { b.Must("systemctl", "stop", unit) }, true, "inactive", "success"},
		{"kill-9", daemon, func(t *testing.T, _ string, pid int) { b.kill("KILL", pid) }, false, "failed", "signal"},
		{"kill-term", daemon, func(t *testing.T, _ string, pid int) { b.kill("TERM", pid) }, false, "inactive", "success"},
		{"systemctl-kill", daemon, func(t *testing.T, unit string, _ int) { b.Must("systemctl", "kill", unit) }, false, "inactive", "success"},
		{"exit-0", "ExecStart=/bin/sh -c 'trap \"exit 0\" USR1; touch /run/ready-%n; while :; do sleep 0.01; done'",
			func(t *testing.T, _ string, pid int) { b.kill("USR1", pid) }, false, "inactive", "success"},
		{"stop-exit-143", "ExecStart=/bin/sh -c 'trap \"exit 143\" TERM; touch /run/ready-%n; while :; do sleep 0.01; done'\nKillMode=process",
			func(t *testing.T, unit string, _ int) { b.Must("systemctl", "stop", unit) }, true, "failed", "exit-code"},
		{"stop-too-slow", "ExecStart=/bin/sh -c 'trap \"\" TERM; touch /run/ready-%n; while :; do sleep 0.01; done'\nTimeoutStopSec=200ms",
			func(t *testing.T, unit string, _ int) { b.Must("systemctl", "stop", unit) }, true, "failed", "timeout"},
		{"stop-script", daemon + "ExecStop=/bin/sh -c 'kill $MAINPID'\nExecStopPost=/bin/sleep 0.1",
			func(t *testing.T, unit string, _ int) { b.Must("systemctl", "stop", unit) }, true, "inactive", "success"},
		{"dies-with-stop-script", daemon + "ExecStop=/bin/sleep 0.1\nExecStopPost=/bin/sleep 0.1",
			func(t *testing.T, _ string, pid int) { b.kill("TERM", pid) }, false, "inactive", "success"},
		{"runtime-max", daemon + "RuntimeMaxSec=400ms", func(*testing.T, string, int) {}, false, "failed", "timeout"},
		{"watchdog", daemon + "WatchdogSec=400ms", func(*testing.T, string, int) {}, false, "failed", "watchdog"},
		{"start-again-then-dies", daemon, func(t *testing.T, unit string, pid int) {
			b.Must("systemctl", "start", unit) // a job that has nothing to do
			b.kill("TERM", pid)
		}, false, "inactive", "success"},
		{"reload-then-dies", daemon + "ExecReload=/bin/true", func(t *testing.T, unit string, pid int) {
			b.Must("systemctl", "reload", unit)
			b.kill("TERM", pid)
		}, false, "inactive", "success"},
		{"dies-then-stopped", daemon, func(t *testing.T, unit string, pid int) {
			b.kill("KILL", pid)
			b.until(t, unit, "failed", Unit.down)
			b.Must("systemctl", "stop", unit) // a job that has nothing to do, but says: leave it
		}, true, "failed", "signal"},
		{"stopped-then-started-then-dies", daemon, func(t *testing.T, unit string, _ int) {
			b.Must("systemctl", "stop", unit)
			b.kill("TERM", b.start(t, unit))
		}, false, "inactive", "success"},
		{"restarted-then-dies", daemon, func(t *testing.T, unit string, _ int) {
			b.Must("systemctl", "restart", unit)
			b.kill("TERM", b.start(t, unit))
		}, false, "inactive", "success"},
		{"restart-fails", "ExecStartPre=/bin/sh -c 'test ! -e /run/broken'\n" + daemon, func(t *testing.T, unit string, _ int) {
			b.Must("touch", "/run/broken")
			b.Exec("systemctl", "restart", unit)
		}, false, "failed", "exit-code"},
		{"stopped-during-auto-restart", daemon + "Restart=always\nRestartSec=1000", func(t *testing.T, unit string, pid int) {
			b.kill("KILL", pid)
			if u := b.until(t, unit, "waits for its restart", func(u Unit) bool { return u.SubState == "auto-restart" }); u.Requested {
				t.Errorf("before the stop: %+v", u)
			}
			b.Must("systemctl", "stop", unit)
		}, true, "inactive", "signal"},
		{"forking-stop", "Type=forking\nGuessMainPID=no\nExecStart=/bin/sh -c 'sleep infinity & echo $! > /run/forking-stop'",
			func(t *testing.T, unit string, _ int) { b.Must("systemctl", "stop", unit) }, true, "inactive", "success"},
		{"forking-dies", "Type=forking\nGuessMainPID=no\nExecStart=/bin/sh -c 'sleep infinity & echo $! > /run/forking-dies'",
			func(t *testing.T, unit string, _ int) { b.Must("sh", "-c", "kill $(cat /run/forking-dies)") }, false, "inactive", "success"},
	} {
		t.Run(c.name, func(t *testing.T) {
			unit := c.name + ".service"
			b.install(unit, c.service)
			b.Must("systemctl", "start", unit)
			u := b.until(t, unit, "up", func(u Unit) bool { return u.Up() && u.JobType == "" || u.down() && c.state == "failed" })
			if u.Requested {
				t.Errorf("while it is up: %+v", u)
			}
			if strings.Contains(c.service, "ready-%n") {
				b.ready(unit)
			}
			c.act(t, unit, u.MainPID)
			u = b.until(t, unit, "down", func(u Unit) bool { return u.down() && u.JobType == "" })
			if u.Requested != c.want || u.ActiveState != c.state || u.Result != c.result || u.LoadState != "loaded" {
				t.Errorf("%+v", u)
			}
			if later := b.unit(t, unit); later != u {
				t.Errorf("asked again: %+v", later)
			}
			// What a link says that was not there when it happened: it cannot know of a job
			// that had nothing to do, or on a service whose main process is not known.
			late := connectTo(t, b.Container)
			got, err := late.Unit(context.Background(), unit)
			if err != nil {
				t.Fatal(err)
			}
			switch c.name {
			case "dies-then-stopped", "stop-too-slow", "forking-stop":
				if got.Requested {
					t.Errorf("a late link: %+v", got)
				}
			default:
				if got != u {
					t.Errorf("a late link: %+v", got)
				}
			}
		})
	}
}

// A unit that systemd forgets as soon as it is down.
func TestRequestedOfForgottenUnits(t *testing.T) {
	t.Parallel()
	b := boot(t)
	for name, c := range map[string]struct {
		act  func(unit string, pid int)
		want bool
	}{
		"gone-stopped": {func(unit string, _ int) { b.Must("systemctl", "stop", unit) }, true},
		"gone-ended":   {func(_ string, pid int) { b.kill("TERM", pid) }, false},
		"gone-started-then-ended": {func(unit string, pid int) {
			before, _ := b.link.lastJob(unit, 0)
			b.Must("systemctl", "start", unit)
			b.until(t, unit, "told of another job", func(Unit) bool { j, _ := b.link.lastJob(unit, 0); return j.id != before.id })
			b.looked(t, unit)
			b.kill("TERM", pid)
		}, false},
	} {
		unit := name + ".service"
		b.Must("systemd-run", "--unit="+unit, "sleep", "infinity")
		pid := b.start(t, unit)
		b.looked(t, unit)
		c.act(unit, pid)
		u := b.until(t, unit, "forgotten", func(u Unit) bool { return u.LoadState == "not-found" })
		if u.Requested != c.want || u.ActiveState != "inactive" {
			t.Errorf("%s: %+v", name, u)
		}
	}
}

// The question is asked at the very moment of the death, in all the states that systemd
// goes through then.
func TestRequestedAtOnce(t *testing.T) {
	t.Parallel()
	b := boot(t)
	b.install("at-once.service", "ExecStart=/usr/bin/sleep infinity")
	seen := map[string]int{}
	for i := range 40 {
		pid := b.start(t, "at-once.service")
		pidfd := b.pidfd(t, pid)
		stop := i%2 == 0
		if stop {
			b.Must("systemctl", "--no-block", "stop", "at-once.service")
		} else {
			b.kill("TERM", pid)
		}
		untilDead(t, pidfd)
		u := b.unit(t, "at-once.service")
		seen[fmt.Sprintln(stop, u.ActiveState, u.SubState, u.JobType)]++
		if u.Requested != stop {
			t.Fatalf("stopped: %v, %+v", stop, u)
		}
		b.until(t, "at-once.service", "down", func(u Unit) bool {
			if u.Requested != stop {
				t.Fatalf("later: stopped: %v, %+v", stop, u)
			}
			return u.down()
		})
	}
	t.Log(seen)
}

func TestUnitInHands(t *testing.T) {
	t.Parallel()
	b := boot(t)
	b.install("slow.service", "ExecStart=/bin/sh -c 'trap \"while ! [ -e /run/go ]; do sleep 0.01; done; exit 0\" TERM; touch /run/ready-%n; while :; do sleep 0.01; done'\nKillMode=process\nRestart=on-failure")
	pid := b.start(t, "slow.service")
	b.ready("slow.service")
	for _, verb := range []string{"stop", "restart"} {
		b.Must("rm", "/run/ready-slow.service")
		b.Must("systemctl", "--no-block", verb, "slow.service")
		u := b.until(t, "slow.service", "deactivating", func(u Unit) bool { return u.ActiveState == "deactivating" })
		if want := (Unit{"slow.service", "loaded", "deactivating", "stop-sigterm", "", pid, 0, 0, "on-failure", verb, true}); u != want {
			t.Errorf("\n got %+v\nwant %+v", u, want)
		}
		b.Must("touch", "/run/go")
		b.until(t, "slow.service", "over", func(u Unit) bool { return u.JobType == "" })
		b.Must("rm", "/run/go")
		pid = b.start(t, "slow.service")
		b.ready("slow.service")
	}
}

func TestUnitThatIsNot(t *testing.T) {
	t.Parallel()
	b := boot(t)
	if got, want := b.unit(t, "nothing.service"), (Unit{Name: "nothing.service", LoadState: "not-found", ActiveState: "inactive", SubState: "dead", Result: "success", Restart: "no"}); got != want {
		t.Errorf("got %+v", got)
	}
	if u, err := b.link.Unit(context.Background(), "no unit"); err == nil {
		t.Errorf("%+v", u)
	}
	if got := b.unit(t, "basic.target"); !got.Up() || got.Name != "basic.target" || got.MainPID != 0 || got.Requested {
		t.Errorf("got %+v", got)
	}
	// An alias has the name of its unit.
	if got := b.unit(t, "dbus-org.freedesktop.login1.service"); got.Name != "systemd-logind.service" || !got.Up() {
		t.Errorf("got %+v", got)
	}
}

// BenchmarkUnit is what the question adds to the look at a death.
func BenchmarkUnit(b *testing.B) {
	l, err := connect(context.Background(), nspawn.Boot(b).Path("/"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		if _, err := l.Unit(context.Background(), "systemd-journald.service"); err != nil {
			b.Fatal(err)
		}
	}
}
