package probe

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
	"procward/watch"
)

// whole is a Prober that works on real time with real checks.
func whole(t *testing.T) (p *Prober, signs chan watch.SignChange, stop func()) {
	t.Helper()
	signs = make(chan watch.SignChange, 1000)
	p = New(Options{Scripts: scripts(t), Pressure: func() Pressure { return Pressure{} }, Tell: func(told []watch.SignChange) {
		for _, s := range told {
			signs <- s
		}
	}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(long):
			t.Error("Run does not end")
		}
	}
	t.Cleanup(stop)
	return p, signs, stop
}

// await is the next sign, which must have a verdict.
func next(t *testing.T, signs <-chan watch.SignChange, want watch.Verdict, words string) watch.SignChange {
	t.Helper()
	select {
	case s := <-signs:
		if s.Verdict != want || !strings.Contains(s.Text, words) {
			t.Fatalf("%+v; want %q, %s", s, want, words)
		}
		return s
	case <-time.After(long):
		t.Fatalf("no sign; want %q, %s", want, words)
	}
	return watch.SignChange{}
}

// quick makes checks follow each other.
func quick(c *Check) { c.Interval = scalar.Duration(minInterval) }

func TestWholeHTTP(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	status.Store(200)
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) })
	p, signs, _ := whole(t)
	before := p.boot()
	p.Attend("web", 3, []Check{web(func(h *HTTP) { h.URL = url }).with(quick)}, p.boot())
	s := next(t, signs, watch.OK, "status 200")
	if s.Target != "web" || s.Round != 3 || s.Name != "http" || s.Took <= 0 || s.At < before || s.At > p.boot() {
		t.Errorf("%+v", s)
	}
	status.Store(500)
	next(t, signs, watch.Failing, "status 500 instead of 2xx")
	next(t, signs, watch.Bad, "status 500 instead of 2xx")
	if last := p.Last("web"); len(last) != 1 || !strings.HasPrefix(last[0], "http: bad; last check failed, ") {
		t.Error(last)
	}
	status.Store(204)
	next(t, signs, watch.OK, "status 204")
}

// TestWholeExec holds that the output of a plug-in comes along, and that a plug-in that
// hangs delays nobody.
func TestWholeExec(t *testing.T) {
	t.Parallel()
	file := func(body string) script.Argv { return shell(t, body, func(*Exec) {}).spec.Run }
	p, signs, stop := whole(t)
	hang := program(func(e *Exec) { e.Run = file("sleep 600 & exec sleep 600") }).with(quick)
	hang.Timeout = scalar.Duration(time.Hour)
	p.Attend("hung", 1, []Check{hang}, p.boot())
	p.Attend("db", 1, []Check{program(func(e *Exec) { e.Run = file("echo 'DB CRITICAL - full | used=100%'; exit 2") }).with(quick)}, p.boot())
	s := next(t, signs, watch.Bad, "exit code 2: DB CRITICAL - full")
	if s.Output != "DB CRITICAL - full | used=100%" {
		t.Error(s.Output)
	}
	stop() // breaks off the one that hangs
}

// TestWholeNotify holds that the socket outlives a round, a rest and a reload, that a
// trigger is judged at once, and that nothing is left at the end.
func TestWholeNotify(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketDir(t), "notify")
	check := func(change func(*Check)) []Check {
		c := DefaultCheck()
		c.Notify = &Notify{path, "", scalar.Duration(time.Hour)}
		c.Interval, c.Failures = scalar.Duration(time.Hour), Failures{1, 1}
		change(&c)
		return []Check{c}
	}
	usual := func(*Check) {}
	p, signs, stop := whole(t)
	p.Attend("app", 1, check(usual), p.boot())
	exists := func() bool { _, err := os.Stat(path); return err == nil }
	eventually(t, "the socket is there", exists)
	eventually(t, "the first check is over", func() bool { return strings.Contains(strings.Join(p.Last("app"), ""), "no READY=1") })
	notify(t, path, "READY=1")
	next(t, signs, watch.OK, "alive") // long before the interval is over
	notify(t, path, "WATCHDOG=trigger\nSTATUS=stuck")
	next(t, signs, watch.Bad, "WATCHDOG=trigger")
	p.Rest("app")
	notify(t, path, "READY=1") // of the next program, which is not yet found
	since := p.boot()
	eventually(t, "it is heard", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		l := &p.targets["app"].ears[0].life
		l.mu.Lock()
		defer l.mu.Unlock()
		return !l.trigger
	})
	p.Attend("app", 2, check(usual), since-time.Minute)
	if s := next(t, signs, watch.OK, "alive"); s.Round != 2 {
		t.Errorf("%+v", s)
	}
	p.Attend("app", 2, check(func(c *Check) { c.Notify.MaxAge = scalar.Duration(time.Minute) }), since)
	notify(t, path, "WATCHDOG=trigger")
	next(t, signs, watch.Bad, "WATCHDOG=trigger")
	other := path + "2"
	p.Attend("app", 2, check(func(c *Check) { c.Notify.Socket = other }), since)
	eventually(t, "the other socket is there", func() bool { _, err := os.Stat(other); return err == nil && !exists() })
	p.Unattend("app")
	p.Attend("app", 3, check(usual), since)
	p.Attend("more", 1, check(func(c *Check) { c.Notify.Socket = other }), since)
	eventually(t, "both are there", func() bool { _, err := os.Stat(other); return err == nil && exists() })
	stop()
	left, _ := filepath.Glob(path + "*")
	if len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// TestWholeHeartbeat holds that a heartbeat that stops is bad.
func TestWholeHeartbeat(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "beat")
	write(t, file, "")
	c := check(func(c *Check) { c.Heartbeat = &Heartbeat{file, scalar.Duration(time.Second)} }).with(quick)
	c.Failures = Failures{2, 2}
	p, signs, _ := whole(t)
	p.Attend("app", 1, []Check{c}, p.boot())
	at := time.Now()
	var told []watch.Verdict
	eventually(t, "it beats", func() bool {
		at = at.Add(time.Second)
		touch(t, file, at)
		select {
		case s := <-signs:
			told = append(told, s.Verdict)
			return s.Verdict == watch.OK
		default:
			return false
		}
	})
	next(t, signs, watch.Failing, "has not moved for 1")
	next(t, signs, watch.Bad, "has not moved for")
	if slices.Contains(told, watch.Failing) {
		t.Error(told)
	}
}
