package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/internal/testbed"
)

// Whoever adds a key under daemon: says here what a reload does with it.
func TestEachDaemonKeyIsObeyed(t *testing.T) {
	var want, have []string
	for f := range reflect.TypeFor[confd.Daemon]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		want = append(want, name)
	}
	for _, k := range daemonKeys {
		have = append(have, k.key)
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		t.Errorf("the keys are %v, those that are obeyed %v", want, have)
	}
}

// reloading is a daemon that is not run, on a directory of drop-ins.
func reloading(t *testing.T, conf string) (d *Daemon, log *heard, reload func(conf string) []string) {
	t.Helper()
	dir := t.TempDir()
	write := func(conf string) {
		if err := os.WriteFile(filepath.Join(dir, "d.yaml"), []byte(conf), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(conf)
	loader := confd.NewLoader(dir, confd.Options{})
	cfg, err := loader.Load()
	if err != nil {
		t.Fatal(err)
	}
	log = &heard{}
	d, err = New(loader, cfg.Daemon.Observe, log, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	d.start(t.Context(), cfg)
	return d, log, func(conf string) []string {
		write(conf)
		r, err := d.Reload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r.Settings
	}
}

func TestAReloadTellsOfEachDaemonKey(t *testing.T) {
	d, log, reload := reloading(t, "daemon: {follow: true}\n")
	follows := 0
	d.settings.follow = func() func() { follows++; return func() { follows-- } }
	d.settings.following(t.Context(), d.config.Daemon)
	for _, c := range []struct{ conf, told, id string }{
		{"{follow: false}", "daemon.follow is false, it was true", "PW0806"},
		{"{parallel-restarts: 20, follow: false}", "daemon.parallel-restarts is 20, it was 8", "PW0806"},
		{"{observe: true, parallel-restarts: 20, follow: false}", "daemon.observe is true, it was false", "PW0806"},
		{"{observe: true, parallel-restarts: 20, follow: false, pressure: {io: never}}", "daemon.pressure.io is never, it was 60%", "PW0806"},
		{"{observe: true, parallel-restarts: 20, follow: false, pressure: {io: never}, reboot-limit: {count: 1}}", "daemon.reboot-limit.count is 1, it was 3", "PW0806"},
		{"{observe: true, parallel-restarts: 20, follow: false, pressure: {io: never}, reboot-limit: {count: 1}, log: {to: [stderr]}}",
			"daemon.log.to is [stderr], it was [auto]: this procward does not write its messages itself", "PW0807"},
		{"{observe: true, parallel-restarts: 20, follow: true, pressure: {io: never}, reboot-limit: {count: 1}, log: {to: [stderr]}}",
			"daemon.follow is true, it was false", "PW0806"},
	} {
		if got := reload("daemon: " + c.conf + "\n"); !slices.Equal(got, []string{c.told}) || !strings.Contains(log.text(), c.id+" ") || !strings.Contains(log.text(), c.told) {
			t.Errorf("told %q, not %q; said:\n%s", got, c.told, log.text())
		}
		if follows != map[bool]int{true: 1}[d.config.Daemon.Follow] {
			t.Errorf("after %s the drop-ins are followed %d times", c.conf, follows)
		}
		log.lines = nil
	}
	if d.settings.threads != 20 {
		t.Errorf("there are threads for %d scripts", d.settings.threads)
	}
	if got := reload("daemon: {userspace: {interval: 10s}}\n"); !slices.Contains(got, "daemon.userspace.interval is 10s, it was not set") {
		t.Errorf("told %q", got)
	}
}

func TestAReloadCannotEndObserving(t *testing.T) {
	_, log, reload := reloading(t, "daemon: {observe: true}\n")
	if got := reload("daemon: {observe: false}\n"); len(got) != 1 || !strings.Contains(log.text(), "PW0807") {
		t.Errorf("told %q, said:\n%s", got, log.text())
	}
}

// A log that cannot be opened leaves the former one; one that can takes its place.
func TestAReloadOpensTheLogAnew(t *testing.T) {
	d, _, reload := reloading(t, "daemon: {}\n")
	first, second := &page{}, &page{}
	log := message.NewLog(message.NewQueue(first, "first", 100))
	d.log = log
	d.settings.logTo = func(confd.Log) (*message.Log, error) { return nil, errors.New("no such log") }
	if got := reload("daemon: {log: {facility: local0}}\n"); len(got) != 1 || !strings.Contains(got[0], "the log stays where it is: no such log") {
		t.Errorf("told %q", got)
	}
	d.settings.logTo = func(l confd.Log) (*message.Log, error) {
		if l.Facility != "local1" {
			t.Errorf("opened for %+v", l)
		}
		return message.NewLog(message.NewQueue(second, "second", 100)), nil
	}
	reload("daemon: {log: {facility: local1}}\n")
	testbed.Until(t, "the second is in use", func() bool { return slices.Equal(log.Names(), []string{"second"}) })
	d.say(message.Operator, "the last")
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := first.text() + second.text(); strings.Count(all, "is local0") != 1 || strings.Count(all, "is local1") != 1 || !strings.HasSuffix(second.text(), "the last") {
		t.Errorf("the first has\n%s\nthe second\n%s", first.text(), second.text())
	}
}

// page is a sink that remembers.
type page struct{ heard }

func (p *page) Write(m message.Message) error { p.Send(m); return nil }
