package systemd

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"procward/internal/testbed/nspawn"
)

// observe collects what Watch tells.
func observe(t *testing.T, l *Link) <-chan HostEvent {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	events, done := make(chan HostEvent, 100), make(chan struct{})
	go func() {
		defer close(done)
		if err := l.Watch(ctx, func(e HostEvent) { events <- e }); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return events
}

func expect(t *testing.T, events <-chan HostEvent, kind HostKind, why string) {
	t.Helper()
	select {
	case e := <-events:
		if e.Kind != kind || !strings.Contains(e.Why, why) {
			t.Fatalf("told %+v, not %d %q", e, kind, why)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("not told: %d %q", kind, why)
	}
}

func expectState(t *testing.T, l *Link, want HostState) {
	t.Helper()
	if got, err := l.Host(context.Background()); got != want || err != nil {
		t.Errorf("the host is %q (%v), not %q", got, err, want)
	}
}

func TestHostShutdown(t *testing.T) {
	t.Parallel()
	b := boot(t)
	events := observe(t, b.link)
	expect(t, events, BootFinished, "")
	expectState(t, b.link, "running")
	// logind announces it first, and waits for those who asked for a delay.
	b.Must("systemd-run", "--unit=delay", "systemd-inhibit", "--mode=delay", "--what=shutdown", "sleep", "infinity")
	b.Must("sh", "-c", "until systemd-inhibit --list | grep -q sleep; do sleep 0.02; done")
	b.Must("systemctl", "poweroff")
	expect(t, events, ShutdownBegins, "logind")
	late := []HostKind{0, 0} // what a link is told that comes only now, in any order
	for i, events := 0, observe(t, connectTo(t, b.Container)); i < 2; i++ {
		late[i] = (<-events).Kind
	}
	if slices.Sort(late); !slices.Equal(late, []HostKind{BootFinished, ShutdownBegins}) {
		t.Errorf("told late: %v", late)
	}
	_, _ = b.Exec("systemctl", "stop", "delay") // may be cut short by the shutdown
	if code := b.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for len(events) > 0 {
		t.Errorf("told once more: %+v", <-events)
	}
}

func TestHostShutdownIsCancelled(t *testing.T) {
	t.Parallel()
	b := boot(t)
	events := observe(t, b.link)
	expect(t, events, BootFinished, "")
	b.install("slow.service", slowStop+"\n[Unit]\nAfter=dbus.service dbus.socket") // so that the bus is stopped after it
	b.start(t, "slow.service")
	b.ready("slow.service")
	b.Must("systemctl", "--no-block", "start", "reboot.target")
	expect(t, events, ShutdownBegins, "job for ")
	expectState(t, b.link, "stopping")
	late := observe(t, connectTo(t, b.Container))
	expect(t, late, ShutdownBegins, "systemd is stopping")
	b.Must("systemctl", "cancel")
	expect(t, events, ShutdownCancelled, "")
	expect(t, late, ShutdownCancelled, "")
	expect(t, late, BootFinished, "")
	if state, err := b.link.Host(context.Background()); err != nil || state.Stopping() || state.Booting() {
		t.Errorf("the host is %q (%v)", state, err)
	}
	b.Must("touch", "/run/go")
}

// Without a bus root speaks straight to systemd. It does so only with processes of its
// own PID namespace, so this test runs itself in the container.
func TestWithoutABus(t *testing.T) {
	if os.Getenv("PROCWARD_INSIDE") != "" {
		insideWithoutABus(t)
		return
	}
	t.Parallel()
	m := nspawn.Boot(t)
	m.CopySelf("/run/self.test")
	(&bed{m, nil}).install("daemon.service", "ExecStart=/usr/bin/sleep infinity")
	out, err := m.Exec("env", "PROCWARD_INSIDE=yes", "/run/self.test", "-test.run=^TestWithoutABus$", "-test.v")
	if !strings.Contains(out, "--- PASS: TestWithoutABus") { // an error may also be the reboot, which it causes
		t.Fatalf("%v\n%s", err, out)
	}
}

func insideWithoutABus(t *testing.T) {
	systemctl := func(args ...string) {
		if out, err := exec.Command("systemctl", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	ctx := context.Background()
	systemctl("stop", "dbus.socket", "dbus.service")
	l, err := Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	events := observe(t, l)
	expect(t, events, BootFinished, "")
	if s, err := l.connected(ctx); err != nil || s.bus {
		t.Fatalf("connected over the bus, or not at all: %v", err)
	}
	for _, verb := range []string{"start", "stop"} {
		systemctl(verb, "daemon.service")
		u, err := l.Unit(ctx, "daemon.service")
		if stop := verb == "stop"; err != nil || u.Requested != stop || u.Up() == stop {
			t.Errorf("after %s: %+v, %v", verb, u, err)
		}
	}
	if err := l.Restart(ctx, "daemon.service", Progress{}); err != nil {
		t.Error(err)
	}
	systemctl("--no-block", "start", "reboot.target")
	expect(t, events, ShutdownBegins, "job for ")
}

// Anybody may send us signals over the bus; only those of systemd and logind count.
func TestForgedSignals(t *testing.T) {
	t.Parallel()
	b := boot(t)
	events := observe(t, b.link)
	expect(t, events, BootFinished, "")
	b.install("daemon.service", "ExecStart=/usr/bin/sleep infinity")
	b.start(t, "daemon.service")

	s, err := b.link.connected(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	us := s.conn.Names()[0]
	forger, err := dbus.Connect("unix:path="+b.Path(busSocket), dbus.WithAuth(dbus.AuthExternal("0")))
	if err != nil {
		t.Fatal(err)
	}
	defer forger.Close()
	forge := func(path dbus.ObjectPath, iface, member string, body ...any) {
		err := forger.Send(&dbus.Message{
			Type: dbus.TypeSignal, Body: body,
			Headers: map[dbus.HeaderField]dbus.Variant{
				dbus.FieldDestination: dbus.MakeVariant(us), dbus.FieldPath: dbus.MakeVariant(path),
				dbus.FieldInterface: dbus.MakeVariant(iface), dbus.FieldMember: dbus.MakeVariant(member),
				dbus.FieldSignature: dbus.MakeVariant(dbus.SignatureOf(body...)),
			},
		}, nil).Err
		if err != nil {
			t.Fatal(err)
		}
	}
	const job = dbus.ObjectPath(managerPath + "/job/4711")
	before, _ := b.link.lastJob("daemon.service", 0)
	forge(logindPath, logindIface, "PrepareForShutdown", true)
	forge(managerPath, managerIface, "JobNew", uint32(4711), job, "reboot.target")
	forge(managerPath, managerIface, "JobNew", uint32(4711), job, "daemon.service")
	forge(managerPath, managerIface, "JobRemoved", uint32(4711), job, "daemon.service", "done")
	forge("/org/freedesktop/DBus", busName, "NameOwnerChanged", systemdName, "", us)
	// What systemd itself sends comes after it, since both go through the bus.
	if err := forger.BusObject().Call(busName+".GetId", 0).Err; err != nil {
		t.Fatal(err)
	}
	expectState(t, b.link, "running")
	if after, _ := b.link.lastJob("daemon.service", 0); after != before {
		t.Errorf("believed: %+v", after)
	}
	for len(events) > 0 {
		t.Errorf("believed: %+v", <-events)
	}
	if now, err := b.link.connected(context.Background()); now != s || err != nil {
		t.Error("believed that systemd has left the bus")
	}
}

func TestHostTellsChangesOnce(t *testing.T) {
	t.Parallel()
	w := &watcher{news: make(chan struct{}, 1)}
	h := host{watchers: map[*watcher]bool{}}
	h.add(w)
	steps := []struct {
		do   func()
		want []HostKind
	}{
		{func() { h.setJob("") }, nil},
		{h.setBooted, []HostKind{BootFinished}},
		{h.setBooted, nil},
		{func() { h.setLogind(true) }, []HostKind{ShutdownBegins}},
		{func() { h.setJob("job") }, nil},
		{func() { h.setLogind(false) }, nil},
		{func() { h.setJob("") }, []HostKind{ShutdownCancelled}},
		{func() { h.setJob("job") }, []HostKind{ShutdownBegins}},
		{func() { h.setJob("another") }, nil},
		{func() { h.setJob("") }, []HostKind{ShutdownCancelled}},
		{func() { h.setLogind(false) }, nil},
	}
	for i, step := range steps {
		step.do()
		var got []HostKind
		for _, e := range w.queue {
			got = append(got, e.Kind)
		}
		w.queue = nil
		if !slices.Equal(got, step.want) {
			t.Errorf("step %d: told %v, not %v", i, got, step.want)
		}
	}
}
