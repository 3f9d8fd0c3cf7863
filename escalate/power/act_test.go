package power

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// bed is a machine made of plain files, whose end is only written down.
type bed struct {
	t    *testing.T
	dir  string
	opts Options

	mu   sync.Mutex
	told []string // of Say
	done []string // of the system calls and the manager
}

func newBed(t *testing.T, rungs ...string) *bed { return newBedIn(t, t.TempDir(), rungs...) }

func newBedIn(t *testing.T, dir string, rungs ...string) *bed {
	b := &bed{t: t, dir: dir}
	b.opts = Options{
		Rungs: rungs, Paths: Paths{Sysrq: b.file("sysrq", ""), Kmsg: b.file("kmsg", "")},
		Kernel: Kernel{
			Sync: func() { b.did("sync") },
			Reboot: func(cmd int) error {
				b.did(map[int]string{unix.LINUX_REBOOT_CMD_RESTART: "restart", unix.LINUX_REBOOT_CMD_POWER_OFF: "power off"}[cmd])
				return unix.EPERM
			},
		},
		Say: func(step string, err error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.told = append(b.told, fmt.Sprintf("%s: %v", step, err))
		},
	}
	return b
}

func (b *bed) file(name, content string) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		b.t.Fatal(err)
	}
	return path
}

func (b *bed) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

func (b *bed) did(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = append(b.done, what)
}

func (b *bed) steps() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.told, "; ")
}

func (b *bed) calls() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.done, ", ")
}

// open opens it and closes it when the test ends.
func (b *bed) open() *Means {
	b.t.Helper()
	m, err := Open(b.opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { m.Close() })
	return m
}

// asked is a Manager.
type asked struct {
	b   *bed
	err error
}

func (a asked) PowerOff(context.Context) error { a.b.did("PowerOff"); return a.err }
func (a asked) Reboot(context.Context) error   { a.b.did("Reboot"); return a.err }

// In all of these nothing ends the machine, so every step is seen.
func TestEveryStepInOrder(t *testing.T) {
	refusal := errors.New("refused")
	for name, c := range map[string]struct {
		rung   string
		change func(*bed)
		calls  string
		sysrq  string
		told   string
		took   time.Duration
	}{
		"reboot, accepted": {
			rung: Reboot, change: func(b *bed) { b.opts.Manager = asked{b, nil} },
			calls: "Reboot, sync, restart", sysrq: "sub",
			told: "kernel log: <nil>; systemd: <nil>; wait: the machine is still here 5m0s after systemd was asked; sync: <nil>; reboot(2): operation not permitted; sysrq s: <nil>; sysrq u: <nil>; sysrq b: <nil>",
			took: 5*time.Minute + 2*time.Second + 2*time.Second + 30*time.Second,
		},
		"shutdown, refused": {
			rung: Shutdown, change: func(b *bed) { b.opts.Manager = asked{b, refusal} },
			calls: "PowerOff, sync, power off", sysrq: "suo",
			told: "kernel log: <nil>; systemd: refused; sync: <nil>; reboot(2): operation not permitted; sysrq s: <nil>; sysrq u: <nil>; sysrq o: <nil>",
			took: 34 * time.Second,
		},
		"reboot without systemd, by a call that returns": {
			rung: Reboot, change: func(b *bed) {
				b.opts.Kernel.Reboot = func(int) error { b.did("restart"); return nil }
			},
			calls: "sync, restart", sysrq: "sub",
			told: "kernel log: <nil>; systemd: not available here; sync: <nil>; reboot(2): <nil>; sysrq s: <nil>; sysrq u: <nil>; sysrq b: <nil>",
			took: 64 * time.Second,
		},
		"reboot, everything left out": {
			rung: Reboot, change: func(b *bed) { b.opts.Paths, b.opts.Kernel = Paths{}, Kernel{} },
			told: "kernel log: not available here; sysrq: not available here; kernel log: not available here; systemd: not available here; sync: not available here; reboot(2): not available here; " +
				"sysrq s: not available here; sysrq u: not available here; sysrq b: not available here",
		},
		"reboot, sysrq and kernel log missing": {
			rung: Reboot, change: func(b *bed) { b.opts.Paths = Paths{Sysrq: b.dir + "/no", Kmsg: b.dir + "/none"} },
			calls: "sync, restart",
			told: "kernel log: open DIR/none: no such file or directory; sysrq: open DIR/no: no such file or directory; kernel log: not available here; systemd: not available here; sync: <nil>; " +
				"reboot(2): operation not permitted; sysrq s: not available here; sysrq u: not available here; sysrq b: not available here",
		},
		"panic": {
			rung: Panic, change: func(b *bed) { b.opts.Manager = asked{b, nil} },
			calls: "sync", sysrq: "c",
			told: "kernel log: <nil>; sync: <nil>; sysrq c: <nil>",
			took: 30 * time.Second,
		},
		"sync and reboot(2) hang": {
			rung: Reboot, change: func(b *bed) {
				over := make(chan struct{})
				b.t.Cleanup(func() { close(over) })
				b.opts.Kernel = Kernel{Sync: func() { b.did("sync"); <-over }, Reboot: func(int) error { b.did("restart"); <-over; return nil }}
			},
			calls: "sync, restart", sysrq: "sub",
			told: "kernel log: <nil>; systemd: not available here; sync: hangs; not waited for any longer; reboot(2): hangs; not waited for any longer; sysrq s: <nil>; sysrq u: <nil>; sysrq b: <nil>",
			took: (30 + 30 + 34) * time.Second,
		},
		"systemd does not answer, whatever its context": {
			rung: Reboot, change: func(b *bed) {
				over := make(chan struct{})
				b.t.Cleanup(func() { close(over) })
				b.opts.Manager = deaf{over}
			},
			calls: "sync, restart", sysrq: "sub",
			told: "kernel log: <nil>; systemd: no answer: context deadline exceeded; sync: <nil>; reboot(2): operation not permitted; sysrq s: <nil>; sysrq u: <nil>; sysrq b: <nil>",
			took: 64 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, c.rung)
				c.change(b)
				m := b.open()
				start := time.Now()
				err := m.Act(t.Context(), c.rung, "httpd is down")
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				var of *RungError
				if !errors.As(err, &of) || of.Rung != c.rung || !errors.Is(err, errStillHere) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v", err)
				}
				if got := strings.ReplaceAll(b.steps(), b.dir, "DIR"); got != c.told {
					t.Errorf("told  %s\nwant  %s", got, c.told)
				}
				if got := b.calls(); got != c.calls {
					t.Errorf("done %s, want %s", got, c.calls)
				}
				if got := b.read("sysrq"); got != c.sysrq {
					t.Errorf("sysrq %q, want %q", got, c.sysrq)
				}
			})
		})
	}
}

// deaf is a Manager that does not keep to its context.
type deaf struct{ over chan struct{} }

func (d deaf) PowerOff(context.Context) error { <-d.over; return nil }
func (d deaf) Reboot(context.Context) error   { <-d.over; return nil }

func TestContextEndsBetweenSteps(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		calls string
		want  string
	}{
		"before":             {0, "", "rung reboot: context canceled"},
		"while systemd ends": {time.Minute, "Reboot", "rung reboot: systemd was asked, and the machine was still here when procward had to end: context canceled"},
		"after reboot(2)":    {5*time.Minute + time.Second, "Reboot, sync, restart", "rung reboot: wait: the machine is still here 5m0s after systemd was asked; reboot(2): operation not permitted; context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, Reboot)
				b.opts.Manager = asked{b, nil}
				m := b.open()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.after == 0 {
					cancel()
				}
				time.AfterFunc(c.after, cancel)
				if err := m.Act(ctx, Reboot, ""); err == nil || err.Error() != c.want {
					t.Errorf("%v, want %v", err, c.want)
				}
				if got := b.calls(); got != c.calls {
					t.Errorf("done %s, want %s", got, c.calls)
				}
			})
		})
	}
}

func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, Reboot, Panic)
		b.opts.Manager = asked{b, nil}
		m := b.open()
		go m.Act(t.Context(), Reboot, "first")
		time.Sleep(time.Minute)
		if err := m.Act(t.Context(), Panic, "second"); !errors.Is(err, ErrActing) {
			t.Error(err)
		}
		if b.read("sysrq") != "" {
			t.Error("both act")
		}
		time.Sleep(time.Hour)
		if err := m.Act(t.Context(), Panic, "third"); errors.Is(err, ErrActing) || b.read("sysrq") != "subc" {
			t.Errorf("%v, sysrq %s", err, b.read("sysrq"))
		}
	})
}

// A step that hung keeps its own thread, and no other step's.
func TestAHungStepIsNotTakenTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		b := newBed(t, Panic)
		b.opts.Kernel.Sync = func() { b.did("sync"); <-over }
		m := b.open()
		for range 5 {
			if err := m.Act(t.Context(), Panic, ""); !errors.Is(err, ErrStuck) {
				t.Error(err)
			}
		}
		close(over)
		synctest.Wait()
		_ = m.Act(t.Context(), Panic, "")
		if b.calls() != "sync, sync" || b.read("sysrq") != "cccccc" {
			t.Errorf("done %s, sysrq %s", b.calls(), b.read("sysrq"))
		}
	})
}

func TestNobodyHearsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		b := newBed(t, Reboot)
		b.opts.Say = func(string, error) { <-over }
		m := b.open()
		for range 20 {
			_ = m.Act(t.Context(), Reboot, "")
		}
		if got := b.read("sysrq"); got != strings.Repeat("sub", 20) {
			t.Errorf("sysrq %s", got)
		}
		close(over)
	})
}

func TestKernelLog(t *testing.T) {
	for reason, want := range map[string]string{
		"":                           "<2>procward: PW0501 escalation: panic\n",
		"httpd is down":              "<2>procward: PW0501 escalation: panic: httpd is down\n",
		"two\nlines\x1b\x00\x7f\xff": "<2>procward: PW0501 escalation: panic: two lines   ?\n",
		strings.Repeat("あ", 1000):    "<2>procward: PW0501 escalation: panic: " + strings.Repeat("あ", 253) + "\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed(t, Panic)
			_ = b.open().Act(t.Context(), Panic, reason)
			if got := b.read("kmsg"); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	none, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := none.Act(t.Context(), Reboot, ""); err == nil || err.Error() != "rung reboot: was not made ready at the start" {
		t.Error(err)
	}
	none.FeedWatchdog(t.Context(), nil)
	if err := none.Close(); err != nil {
		t.Error(err)
	}
	m, err := Open(Options{Rungs: []string{Reboot, Panic, WatchdogReset, WatchdogPanic, "hook"}})
	t.Cleanup(func() { m.Close() })
	if err := m.Ready(Reboot); err != nil {
		t.Error(err)
	}
	want := []string{
		"rung panic: not available here",
		"rung watchdog-reset: there is no watchdog: load the driver of this machine's, or softdog: not available here",
		"rung watchdog-panic: there is no watchdog: load the driver of this machine's, or softdog: not available here",
		"rung hook: does not end the machine",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("%v", err)
	}
	for _, rung := range []string{Panic, WatchdogReset, WatchdogPanic, "hook"} {
		if err := m.Act(t.Context(), rung, ""); err == nil || !strings.Contains(strings.Join(want, "\n"), err.Error()) {
			t.Errorf("%s: %v", rung, err)
		}
	}
}

// The steps after systemd need no memory.
func TestNoMemoryIsNeeded(t *testing.T) {
	b := newBed(t, Reboot)
	b.opts.Say = nil
	b.opts.Kernel = Kernel{Sync: func() {}, Reboot: func(int) error { return unix.EPERM }}
	b.opts.Limits = Limits{Pause: 20 * time.Millisecond, Kernel: 20 * time.Millisecond}
	m := b.open()
	r, ctx := &run{m: m, rung: Reboot, way: ways[Reboot]}, context.Background()
	if n := testing.AllocsPerRun(5, func() {
		r.n = 0
		if err := r.force(ctx); err != errStillHere {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
