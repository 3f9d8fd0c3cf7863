package power

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// fakeDog is a watchdog that writes down what it would do to the machine.
type fakeDog struct {
	mu         sync.Mutex
	flags      uint32
	timeout    time.Duration
	pretimeout time.Duration
	barks      time.Duration // the pretimeout that was taken up
	fed        time.Time
	feeds      int
	armed      bool
	feedErr    error
	calls      []string
}

func (f *fakeDog) options() uint32 { return f.flags }

func (f *fakeDog) feed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.feedErr == nil {
		f.fed, f.feeds, f.barks = time.Now(), f.feeds+1, f.pretimeout
	}
	return f.feedErr
}

func (f *fakeDog) setTimeout(d time.Duration) (time.Duration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timeout == 0 {
		f.timeout = d
	}
	f.calls = append(f.calls, fmt.Sprint("timeout ", f.timeout))
	return f.timeout, nil
}

func (f *fakeDog) setPretimeout(d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flags&unix.WDIOF_PRETIMEOUT == 0 {
		return unix.EOPNOTSUPP
	}
	f.pretimeout = d
	f.calls = append(f.calls, fmt.Sprint("pretimeout ", d))
	return nil
}

func (f *fakeDog) disarm() error {
	f.set(func() { f.armed, f.calls = false, append(f.calls, "V") })
	return nil
}

func (f *fakeDog) close() error {
	f.set(func() { f.calls = append(f.calls, "close") })
	return nil
}

func (f *fakeDog) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// bites is what the device does to the machine by now, as the kernel would.
func (f *fakeDog) bites() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	hungry := time.Since(f.fed)
	switch {
	case !f.armed:
		return ""
	case f.barks > 0 && hungry >= f.timeout-f.barks:
		return "panic"
	case hungry >= f.timeout:
		return "reset"
	}
	return ""
}

const able = unix.WDIOF_SETTIMEOUT | unix.WDIOF_MAGICCLOSE | unix.WDIOF_PRETIMEOUT | unix.WDIOF_KEEPALIVEPING

// withDog puts a watchdog and its sysfs into the bed.
func (b *bed) withDog(f *fakeDog) *bed {
	b.opts.Paths.Watchdog, b.opts.Paths.WatchdogSys = b.file("dev/watchdog", ""), b.dir+"/sys"
	b.file("sys/watchdog0/nowayout", "0\n")
	b.file("sys/watchdog0/pretimeout_available_governors", "panic\nnoop\n")
	b.file("sys/watchdog0/pretimeout_governor", "noop\n")
	b.opts.openWatchdog = func(string) (device, error) {
		f.set(func() { f.armed, f.fed, f.barks = true, time.Now(), f.pretimeout })
		return f, nil
	}
	return b
}

func TestWatchdogRungs(t *testing.T) {
	for name, c := range map[string]struct {
		rungs   []string
		act     string
		flags   uint32
		calls   string
		frozen  string // what a machine that freezes gets
		bites   string // what the rung gets
		after   time.Duration
		refused string
	}{
		"reset":                     {[]string{WatchdogReset}, WatchdogReset, able, "timeout 1m0s", "reset", "reset", 60 * time.Second, ""},
		"panic":                     {[]string{WatchdogPanic}, WatchdogPanic, able, "timeout 1m0s, pretimeout 30s, pretimeout 30s", "panic", "panic", 30 * time.Second, ""},
		"reset of both":             {[]string{WatchdogReset, WatchdogPanic}, WatchdogReset, able, "timeout 1m0s, pretimeout 30s, pretimeout 0s, pretimeout 0s", "reset", "reset", 60 * time.Second, ""},
		"panic of both":             {[]string{WatchdogReset, WatchdogPanic}, WatchdogPanic, able, "timeout 1m0s, pretimeout 30s, pretimeout 0s, pretimeout 30s", "reset", "panic", 30 * time.Second, ""},
		"reset where panic cannot":  {[]string{WatchdogReset, WatchdogPanic}, WatchdogReset, unix.WDIOF_MAGICCLOSE, "timeout 1m0s", "reset", "reset", 60 * time.Second, "rung watchdog-panic: operation not supported: use the rung panic instead"},
		"panic that cannot, alone":  {[]string{WatchdogPanic}, WatchdogPanic, unix.WDIOF_MAGICCLOSE, "timeout 1m0s, V, close", "", "", 0, "rung watchdog-panic: operation not supported: use the rung panic instead"},
		"panic that cannot, beside": {[]string{WatchdogReset, WatchdogPanic}, WatchdogPanic, unix.WDIOF_MAGICCLOSE, "timeout 1m0s, V, close", "reset", "", 0, "rung watchdog-panic: operation not supported: use the rung panic instead"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeDog{flags: c.flags}
				b := newBed(t, c.rungs...).withDog(f)
				m, err := Open(b.opts)
				if c.refused == "" && err != nil || c.refused != "" && (err == nil || err.Error() != c.refused) {
					t.Fatalf("%v, want %q", err, c.refused)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go m.FeedWatchdog(ctx, func() error { return nil })
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if got := f.bites(); got != "" || f.feeds < 40 && c.calls != "timeout 1m0s, V, close" {
					t.Fatalf("a healthy machine gets %q, after %d feeds", got, f.feeds)
				}
				var fed time.Time
				f.set(func() { fed, f.fed = f.fed, f.fed.Add(-time.Hour) })
				if got := f.bites(); got != c.frozen {
					t.Errorf("a frozen machine gets %q, want %q", got, c.frozen)
				}
				f.set(func() { f.fed = fed })
				start := time.Now()
				acted := make(chan error, 1)
				go func() { acted <- m.Act(ctx, c.act, "httpd is down") }()
				synctest.Wait()
				for f.bites() == "" && time.Since(start) < 5*time.Minute && len(acted) == 0 {
					time.Sleep(time.Second)
					synctest.Wait()
				}
				f.set(func() { fed = f.fed })
				if got := f.bites(); got != c.bites || c.bites != "" && time.Since(fed) != c.after {
					t.Errorf("the rung gets %q after %v, want %q after %v", got, time.Since(fed), c.bites, c.after)
				}
				if err := <-acted; err == nil {
					t.Error("done, says a machine that is still here")
				}
				_ = m.Close()
				if got := strings.Join(f.calls, ", "); got != c.calls {
					t.Errorf("calls %s, want %s", got, c.calls)
				}
				if armed := c.bites != ""; f.armed != armed {
					t.Errorf("after Close the watchdog runs: %v", f.armed)
				}
			})
		})
	}
}

func TestFeeding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDog{flags: able, timeout: 10 * time.Second} // a driver that has its own mind
		b := newBed(t, WatchdogReset).withDog(f)
		m := b.open()
		var ill error // with f's lock
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			m.FeedWatchdog(ctx, func() (err error) { f.set(func() { err = ill }); return err })
		}()
		after := func(d time.Duration, bites, told string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := f.bites(); got != bites {
				t.Errorf("bites %q, want %q", got, bites)
			}
			if got := b.steps(); got != told {
				t.Errorf("told %q, want %q", got, told)
			}
		}
		after(time.Hour, "", "")
		f.set(func() { ill = errors.New("no progress") })
		said := "watchdog feeding: no progress"
		after(5*time.Second, "", said)
		f.set(func() { ill = nil })
		said += "; watchdog feeding: <nil>"
		after(3*time.Second, "", said)
		f.set(func() { f.feedErr = unix.EIO })
		said += "; watchdog feeding: input/output error"
		after(3*time.Second, "", said)
		f.set(func() { f.feedErr = nil })
		said += "; watchdog feeding: <nil>"
		after(3*time.Second, "", said)
		f.set(func() { ill = errors.New("no progress") })
		said += "; watchdog feeding: no progress"
		after(15*time.Second, "reset", said)
		want := "<2>procward: the watchdog is not fed: no progress\n<2>procward: the watchdog is not fed: input/output error\n<2>procward: the watchdog is not fed: no progress\n"
		if got := b.read("kmsg"); got != want {
			t.Errorf("kernel log %q, want %q", got, want)
		}
		cancel()
		<-ended
	})
}

// A restart of procward finds the watchdog running and takes it over.
func TestStopAndDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDog{flags: able}
		b := newBed(t, WatchdogReset).withDog(f)
		after := func(d time.Duration, what string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if f.bites() != "" {
				t.Error(what)
			}
		}
		if err := b.open().Close(); err != nil {
			t.Error(err)
		}
		after(time.Hour, "a stop of procward resets the machine")
		dead := b.open() // killed: nobody closes it in order
		after(59*time.Second, "a death of procward resets the machine at once")
		next := b.open()
		go next.FeedWatchdog(t.Context(), func() error { return nil })
		after(time.Hour, "the next procward does not take it over")
		_ = dead
	})
}

func TestWatchdogWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		flags    uint32
		nowayout string
		want     string
	}{
		"all is well": {able, "0\n", ""},
		"nowayout":    {able, "1\n", "watchdog: cannot be stopped (nowayout): a stop of procward for longer than 1m resets the machine"},
		"no magic":    {unix.WDIOF_SETTIMEOUT, "0\n", "watchdog: has no magic close: it stops when procward dies, and does not reset the machine then"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed(t, WatchdogReset).withDog(&fakeDog{flags: c.flags})
			b.file("sys/watchdog0/nowayout", c.nowayout)
			b.open()
			synctest.Wait()
			if got := b.steps(); got != c.want {
				t.Errorf("%s: told %q, want %q", name, got, c.want)
			}
		})
	}
}

// What is no watchdog is not taken for one, and not written to.
func TestAPlainFileIsNoWatchdog(t *testing.T) {
	b := newBed(t, WatchdogReset).withDog(nil)
	b.opts.openWatchdog = nil
	b.file("dev/watchdog", "untouched")
	m, err := Open(b.opts)
	t.Cleanup(func() { m.Close() })
	if !errors.Is(err, unix.ENOTTY) || !strings.Contains(err.Error(), "is no watchdog") || m.HasWatchdog() {
		t.Error(err)
	}
	if err := m.Act(t.Context(), WatchdogReset, ""); !errors.Is(err, unix.ENOTTY) {
		t.Error(err)
	}
	if b.read("dev/watchdog") != "untouched" {
		t.Error("written to")
	}
}

func TestSomebodyElseHasIt(t *testing.T) {
	b := newBed(t, Reboot, WatchdogReset).withDog(nil)
	b.opts.openWatchdog = func(string) (device, error) { return nil, unix.EBUSY }
	m, err := Open(b.opts)
	t.Cleanup(func() { m.Close() })
	var of *RungError
	if !errors.As(err, &of) || of.Rung != WatchdogReset || !errors.Is(err, unix.EBUSY) {
		t.Error(err)
	}
}

func TestCheckRung(t *testing.T) {
	for name, c := range map[string]struct {
		rung   string
		change func(*bed)
		want   string
	}{
		"shutdown":                   {Shutdown, func(b *bed) { b.opts.Paths = Paths{} }, ""},
		"reboot":                     {Reboot, func(b *bed) { b.opts.Paths = Paths{} }, ""},
		"panic":                      {Panic, func(b *bed) {}, ""},
		"panic without sysrq":        {Panic, func(b *bed) { b.opts.Paths.Sysrq = b.dir + "/no" }, "the kernel has no sysrq (CONFIG_MAGIC_SYSRQ): DIR/no: no such file or directory"},
		"watchdog-reset":             {WatchdogReset, func(b *bed) {}, ""},
		"watchdog-reset, none there": {WatchdogReset, func(b *bed) { b.opts.Paths.Watchdog = b.dir + "/no" }, "there is no watchdog: load the driver of this machine's, or softdog: DIR/no: no such file or directory"},
		"watchdog-panic":             {WatchdogPanic, func(b *bed) {}, ""},
		"watchdog-panic, none there": {WatchdogPanic, func(b *bed) { b.opts.Paths.Watchdog = b.dir + "/no" }, "there is no watchdog: load the driver of this machine's, or softdog: DIR/no: no such file or directory"},
		"no pretimeout":              {WatchdogPanic, func(b *bed) { b.opts.Paths.WatchdogSys = b.dir }, "this kernel's watchdog cannot panic before it resets (open DIR/watchdog0/pretimeout_available_governors: no such file or directory): use the rung panic instead"},
		"no such governor": {WatchdogPanic, func(b *bed) { b.file("sys/watchdog0/pretimeout_available_governors", "noop\n") },
			`the watchdog has no pretimeout governor panic, only "noop" (load pretimeout_panic): use the rung panic instead`},
		"a second watchdog": {WatchdogPanic, func(b *bed) {
			b.opts.Paths.Watchdog = b.file("dev/watchdog1", "")
			b.file("sys/watchdog1/pretimeout_available_governors", "noop panic\n")
		}, ""},
		"hook": {"hook", func(b *bed) {}, `"hook" does not end the machine`},
	} {
		b := newBed(t).withDog(nil)
		c.change(b)
		err := CheckRung(c.rung, b.opts.Paths)
		if c.want == "" && err != nil || c.want != "" && (err == nil || strings.ReplaceAll(err.Error(), b.dir, "DIR") != c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if b.read("sys/watchdog0/pretimeout_governor") != "noop\n" {
			t.Errorf("%s: a check has changed the governor", name)
		}
	}
}

func TestTheGovernorIsChosen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, WatchdogPanic).withDog(&fakeDog{flags: able})
		b.open()
		if got := b.read("sys/watchdog0/pretimeout_governor"); got != "panic" {
			t.Errorf("governor %q", got)
		}
	})
}
