package systemd

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// slowStop is a service that ends on SIGTERM only when there is /run/go.
const slowStop = "ExecStart=/bin/sh -c 'trap \"while ! [ -e /run/go ]; do sleep 0.01; done; exit 0\" TERM; touch /run/ready-%n; while :; do sleep 0.01; done'\nKillMode=process"

// startSlow starts a slowStop, and begin restarts it by the link.
func (b *bed) startSlow(t *testing.T, unit string) (begin func(context.Context) <-chan error) {
	t.Helper()
	b.Must("rm", "-f", "/run/go", "/run/ready-"+unit)
	b.install(unit, slowStop)
	b.start(t, unit)
	b.ready(unit)
	return func(ctx context.Context) <-chan error {
		done := make(chan error, 1)
		go func() { done <- b.link.Restart(ctx, unit, Progress{}) }()
		b.until(t, unit, "being restarted", func(u Unit) bool { return u.ActiveState == "deactivating" && u.JobType == "restart" })
		return done
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	b := boot(t)
	ctx := context.Background()
	t.Run("done", func(t *testing.T) {
		b.install("quick.service", "ExecStart=/usr/bin/sleep infinity")
		before := b.start(t, "quick.service")
		for range 5 {
			if err := b.link.Restart(ctx, "quick.service", Progress{}); err != nil {
				t.Fatal(err)
			}
			u := b.unit(t, "quick.service")
			if !u.Up() || u.MainPID == before || u.Requested {
				t.Errorf("%+v; before it had the PID %d", u, before)
			}
			before = u.MainPID
		}
	})
	t.Run("of a unit that is down", func(t *testing.T) {
		b.install("fallen.service", "ExecStart=/usr/bin/sleep infinity")
		b.kill("KILL", b.start(t, "fallen.service"))
		b.until(t, "fallen.service", "down", Unit.down)
		if err := b.link.Restart(ctx, "fallen.service", Progress{}); err != nil {
			t.Fatal(err)
		}
		b.kill("TERM", b.unit(t, "fallen.service").MainPID)
		if u := b.until(t, "fallen.service", "down", Unit.down); u.Requested {
			t.Errorf("it died after our restart: %+v", u)
		}
	})
	t.Run("fails", func(t *testing.T) {
		b.install("bad.service", "Type=oneshot\nExecStart=/bin/false")
		err := b.link.Restart(ctx, "bad.service", Progress{})
		if err == nil || errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), `restart bad.service: the job ended with "failed"; the unit is failed (failed, exit-code)`) {
			t.Error(err)
		}
		if u := b.unit(t, "bad.service"); u.Requested {
			t.Errorf("%+v", u)
		}
	})
	t.Run("no such unit", func(t *testing.T) {
		err := b.link.Restart(ctx, "nothing.service", Progress{})
		if err == nil || errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "nothing.service not found") {
			t.Error(err)
		}
	})
	t.Run("masked", func(t *testing.T) {
		b.Must("systemctl", "mask", "masked.service")
		if err := b.link.Restart(ctx, "masked.service", Progress{}); err == nil || !strings.Contains(err.Error(), "masked") {
			t.Error(err)
		}
	})
	t.Run("in our hands, not in the operator's", func(t *testing.T) {
		done := b.startSlow(t, "ours.service")(ctx)
		if u := b.unit(t, "ours.service"); u.Requested || u.JobType != "restart" {
			t.Errorf("%+v", u)
		}
		b.Must("touch", "/run/go")
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Run("the operator was first", func(t *testing.T) {
		b.startSlow(t, "first.service")
		b.Must("systemctl", "--no-block", "stop", "first.service")
		if err := b.link.Restart(ctx, "first.service", Progress{}); !errors.Is(err, ErrConflict) {
			t.Error(err)
		}
		b.Must("touch", "/run/go")
		if u := b.until(t, "first.service", "down", func(u Unit) bool { return u.down() && u.JobType == "" }); !u.Requested {
			t.Errorf("%+v", u)
		}
	})
	t.Run("the operator comes in between", func(t *testing.T) {
		done := b.startSlow(t, "between.service")(ctx)
		b.Must("systemctl", "--no-block", "stop", "between.service")
		if err := <-done; !errors.Is(err, ErrConflict) {
			t.Error(err)
		}
		if u := b.unit(t, "between.service"); !u.Requested || u.JobType != "stop" {
			t.Errorf("%+v", u)
		}
		b.Must("touch", "/run/go")
	})
	t.Run("the context ends", func(t *testing.T) {
		short, cancel := context.WithCancel(ctx)
		done := b.startSlow(t, "endless.service")(short)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the job still runs") {
			t.Error(err)
		}
		if u := b.unit(t, "endless.service"); u.JobType != "restart" || u.Requested {
			t.Errorf("the job does not go on: %+v", u)
		}
		b.Must("touch", "/run/go")
	})
	t.Run("the bus is restarted", func(t *testing.T) {
		done := b.startSlow(t, "nobus.service")(ctx)
		b.Must("systemctl", "restart", "dbus.service")
		b.Must("touch", "/run/go")
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Run("the link is closed", func(t *testing.T) {
		l := connectTo(t, b.Container)
		b.startSlow(t, "closed.service")
		done := make(chan error, 1)
		go func() { done <- l.Restart(ctx, "closed.service", Progress{}) }()
		b.until(t, "closed.service", "being restarted", func(u Unit) bool { return u.ActiveState == "deactivating" })
		l.Close()
		if err := <-done; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if _, err := l.Unit(ctx, "closed.service"); err == nil {
			t.Error("a closed link answers")
		}
		b.Must("touch", "/run/go")
	})
}

// A unit with a Restart= of its own stays stopped until it is started again.
func TestStopAndStart(t *testing.T) {
	t.Parallel()
	b := boot(t)
	ctx := context.Background()
	b.install("stubborn.service", "ExecStart=/usr/bin/sleep infinity\nRestart=always\nRestartSec=0")
	pid := b.start(t, "stubborn.service")
	for range 3 {
		if err := b.link.Stop(ctx, "stubborn.service", false); err != nil {
			t.Fatal(err)
		}
		if u := b.unit(t, "stubborn.service"); !u.down() || u.Requested || u.JobType != "" {
			t.Errorf("after our stop: %+v", u)
		}
		if err := b.link.Stop(ctx, "stubborn.service", true); err != nil {
			t.Errorf("of what is down: %v", err)
		}
		if err := b.link.Start(ctx, "stubborn.service", Progress{}); err != nil {
			t.Fatal(err)
		}
		u := b.unit(t, "stubborn.service")
		if !u.Up() || u.MainPID == pid {
			t.Errorf("after our start: %+v, before the stop it was %d", u, pid)
		}
		if err := b.link.Start(ctx, "stubborn.service", Progress{}); err != nil || b.unit(t, "stubborn.service").MainPID != u.MainPID {
			t.Errorf("of what is up: %v", err)
		}
		pid = u.MainPID
	}
	if err := b.link.Stop(ctx, "nothing.service", false); err != nil {
		t.Errorf("of what there is not: %v", err)
	}
	begin := b.startSlow(t, "slow.service")
	restarted := begin(ctx)
	if err := b.link.Stop(ctx, "slow.service", false); !errors.Is(err, ErrConflict) {
		t.Errorf("without force, while another job is there: %v", err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- b.link.Stop(ctx, "slow.service", true) }()
	if err := <-restarted; !errors.Is(err, ErrConflict) {
		t.Errorf("the job that was replaced: %v", err)
	}
	b.Must("touch", "/run/go")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	b.until(t, "slow.service", "stopped by us", func(u Unit) bool { return u.down() && !u.Requested })
}

func TestLinkComesBack(t *testing.T) {
	t.Parallel()
	b := boot(t)
	b.install("daemon.service", "ExecStart=/usr/bin/sleep infinity")
	for what, disturb := range map[string][]string{
		"the bus is restarted": {"systemctl", "restart", "dbus.service"},
		"the bus is killed":    {"systemctl", "kill", "-s", "KILL", "dbus.service"},
		"systemd is reloaded":  {"systemctl", "daemon-reload"},
		"systemd is renewed":   {"systemctl", "daemon-reexec"},
	} {
		b.start(t, "daemon.service")
		b.Must(disturb...)
		u := b.until(t, "daemon.service", "up", Unit.Up)
		if u.Requested {
			t.Errorf("%s: %+v", what, u)
		}
		before, _ := b.link.lastJob("daemon.service", 0)
		b.Must("systemctl", "stop", "daemon.service")
		if u := b.until(t, "daemon.service", "down", Unit.down); !u.Requested {
			t.Errorf("%s: %+v", what, u)
		}
		if j, _ := b.link.lastJob("daemon.service", 0); j.id == before.id || !j.over || j.result != "done" {
			t.Errorf("%s: no signals any more: %+v", what, j)
		}
	}
	if err := b.link.Restart(context.Background(), "dbus.service", Progress{}); err != nil {
		t.Errorf("restart of the bus itself: %v", err)
	}
}
