package systemd

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// follow collects what WatchUnits tells.
func (b *bed) follow(t *testing.T, l *Link) <-chan []string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	news := make(chan []string, 100)
	go l.WatchUnits(ctx, func(units []string) { news <- units })
	return news
}

func hears(t *testing.T, news <-chan []string, unit string) {
	t.Helper()
	select {
	case units := <-news:
		if !slices.Contains(units, unit) {
			t.Errorf("told of %v, not of %s", units, unit)
		}
	case <-time.After(20 * time.Second):
		t.Errorf("nothing told of %s", unit)
	}
}

// What others do with a unit is told, and systemd's own restart of it; what this link does is
// not, nor anything of units that nobody has asked for: the bus keeps that to itself.
func TestWatchUnits(t *testing.T) {
	t.Parallel()
	b := boot(t)
	ctx := context.Background()
	news := b.follow(t, b.link)
	b.install("told.service", "ExecStart=/usr/bin/sleep infinity")
	b.install("again.service", "ExecStart=/usr/bin/sleep infinity\nRestart=always\nRestartSec=100ms")
	b.install("unasked.service", "ExecStart=/usr/bin/sleep infinity")
	b.Must("systemctl", "start", "told.service", "again.service")
	b.unit(t, "told.service")
	again := b.unit(t, "again.service")
	for _, verb := range []string{"restart", "stop", "start"} {
		b.Must("systemctl", verb, "unasked.service")
		b.Must("systemctl", verb, "told.service")
		hears(t, news, "told.service")
	}
	b.kill("KILL", again.MainPID)
	hears(t, news, "again.service")
	if u := b.unit(t, "again.service"); !u.Up() || u.MainPID == again.MainPID {
		t.Errorf("told before it is up again: %+v", u)
	}
	if err := b.link.Restart(ctx, "told.service", Progress{}); err != nil {
		t.Error(err)
	}
	b.unit(t, "dbus-org.freedesktop.timedate1.service") // an alias
	b.Must("systemctl", "restart", "systemd-timedated.service")
	hears(t, news, "dbus-org.freedesktop.timedate1.service")
	select {
	case units := <-news:
		t.Errorf("told of %v as well", units)
	default:
	}
	rules, err := b.Exec("busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.Debug.Stats", "GetAllMatchRules")
	if err != nil || strings.Contains(rules, "unasked.service") || !strings.Contains(rules, `arg2=\'told.service\'`) || strings.Contains(rules, "JobNew") {
		t.Errorf("%v: %s", err, rules)
	}
}

// A bus takes 512 rules of one connection: with more units it is asked for the jobs of all.
func TestManyUnits(t *testing.T) {
	t.Parallel()
	b := boot(t)
	news := b.follow(t, b.link)
	b.install("last.service", "ExecStart=/usr/bin/sleep infinity")
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("missing-%d.service", i))
	}
	names = append(names, "last.service")
	began := time.Now()
	units, err := b.link.Units(context.Background(), names, 20*time.Second)
	if err != nil || len(units) != len(names) || units["last.service"].LoadState != "loaded" || units["missing-7.service"].LoadState != "not-found" {
		t.Fatalf("%d of %d told: %v", len(units), len(names), err)
	}
	t.Logf("%d units in %v", len(names), time.Since(began))
	b.Must("systemctl", "start", "last.service")
	hears(t, news, "last.service")
}

// A PID 1 that hangs holds up one question, and not each; what was told of a job is known
// all the same.
func TestSilentSystemd(t *testing.T) {
	t.Parallel()
	b := boot(t)
	begin := b.startSlow(t, "stopping.service")
	_ = begin
	b.Must("systemctl", "--no-block", "stop", "stopping.service")
	b.until(t, "stopping.service", "being stopped", func(u Unit) bool { return u.JobType == "stop" })
	if err := unix.Kill(b.Leader(), unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer unix.Kill(b.Leader(), unix.SIGCONT)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.Leader()))
		if strings.Contains(string(stat), ") T ") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it does not stop: %s", stat)
		}
	}
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("missing-%d.service", i))
	}
	began := time.Now()
	const silence = 300 * time.Millisecond
	units, err := b.link.Units(context.Background(), names, silence)
	if took := time.Since(began); err == nil || len(units) != 0 || took > 20*silence {
		t.Errorf("%d units after %v: %v", len(units), took, err)
	}
	if !b.link.Pending("stopping.service") || b.link.Pending("missing-1.service") {
		t.Error("it has forgotten which job is pending")
	}
}
