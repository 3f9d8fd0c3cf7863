package power

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The steps that have a thread of their own; sysrq is followed by the letter.
const (
	kernelLog = "kernel log"
	syncDisks = "sync"
	reboot2   = "reboot(2)"
	sysrq     = "sysrq "
	watchdog  = "watchdog"
)

// letters are the sysrq used: sync, remount read-only, reboot, crash, power off.
const letters = "subco"

// Act carries out a rung, for a reason in words, which is also written to the kernel's
// log. If it works it does not return. It returns when ctx ends, before the next step. If
// every step had its time, it returns an error that joins what each step did. Each step
// is taken once.
//
// shutdown, reboot: the Manager is asked. If the machine is still here a while after that
// (Limits.Leave), or at once if the Manager does not accept: sync(2), reboot(2), and
// sysrq s, u and b or o. A step that hangs is left behind.
//
// panic: sync(2), so that the log has the reason, and sysrq c.
//
// watchdog-reset, watchdog-panic: sync(2), and the watchdog is never fed again.
func (m *Means) Act(ctx context.Context, rung, reason string) error {
	if err := m.Ready(rung); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return &RungError{rung, err}
	}
	if !m.acting.TryLock() {
		return &RungError{rung, ErrActing}
	}
	defer m.acting.Unlock()
	defer m.teller.flush(m.opts.Limits.Pause)
	r := &run{m: m, rung: rung, way: ways[rung]}
	r.do(kernelLog, m.opts.Limits.Pause, m.kmsgLine(rung, reason))
	err := r.way.act(r, ctx)
	return &RungError{rung, r.with(err)}
}

// run is one Act. It collects its results without allocating memory.
type run struct {
	m     *Means
	rung  string
	way   way
	taken [16]said
	n     int
}

// orderly asks the Manager to end the machine; if that fails it does so without the
// Manager.
func (r *run) orderly(ctx context.Context) error {
	if err := r.ask(ctx); err != nil {
		return err
	}
	return r.force(ctx)
}

// crash makes the kernel panic.
func (r *run) crash(ctx context.Context) error {
	lim := r.m.opts.Limits
	return r.all(ctx, []step{{syncDisks, lim.Sync, 0, r.m.sync}, {r.way.last, lim.Kernel, lim.Kernel, r.m.sysrq[r.way.letter]}})
}

// starve stops feeding the watchdog.
func (r *run) starve(ctx context.Context) error {
	lim := r.m.opts.Limits
	r.do(syncDisks, lim.Sync, r.m.sync)
	r.do(watchdog, lim.Pause, r.m.dog.starve(r.way.pretimeout))
	if err := r.m.hands.wait(ctx, r.m.dog.timeout+lim.Kernel); err != nil {
		return fmt.Errorf("the watchdog is not fed any more, and the machine was still here when procward had to end: %w", err)
	}
	return errStillHere
}

// ask asks the Manager, and waits for the machine to end if it accepts. Its error is that
// of ctx.
func (r *run) ask(ctx context.Context) error {
	m := r.m
	if m.opts.Manager == nil {
		r.note("systemd", ErrLeftOut)
		return ctx.Err()
	}
	call := func(ctx context.Context) error { return r.way.ask(m.opts.Manager, ctx) }
	if err := m.call(ctx, call); err != nil {
		r.note("systemd", err)
		return ctx.Err()
	}
	r.note("systemd", nil)
	if err := r.m.hands.wait(ctx, m.opts.Limits.Leave); err != nil {
		return fmt.Errorf("systemd was asked, and the machine was still here when procward had to end: %w", err)
	}
	r.note("wait", fmt.Errorf("the machine is still here %v after systemd was asked", m.opts.Limits.Leave))
	return nil
}

// call limits the time of a call, also if the call ignores its context.
func (m *Means) call(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, m.opts.Limits.Call)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer: %w", ctx.Err())
	}
}

// step is one call to the kernel: how long it may take, and how long to wait after it.
type step struct {
	name  string
	limit time.Duration
	pause time.Duration
	do    func() error
}

// force ends the machine without systemd. It needs no memory, no descriptor and no
// thread.
func (r *run) force(ctx context.Context) error {
	m, lim := r.m, r.m.opts.Limits
	return r.all(ctx, []step{
		{syncDisks, lim.Sync, 0, m.sync},
		{reboot2, lim.Kernel, lim.Kernel, m.reboot[r.rung]},
		{sysrq + "s", lim.Pause, lim.Pause, m.sysrq['s']},
		{sysrq + "u", lim.Pause, lim.Pause, m.sysrq['u']},
		{r.way.last, lim.Kernel, lim.Kernel, m.sysrq[r.way.letter]},
	})
}

func (r *run) all(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !r.do(s.name, s.limit, s.do) || s.pause == 0 {
			continue
		}
		if err := r.m.hands.wait(ctx, s.pause); err != nil {
			return err
		}
	}
	return errStillHere
}

// errStillHere ends the list of what was tried.
var errStillHere = errors.New("the machine is still here")

// do takes a step and reports whether it was taken.
func (r *run) do(name string, limit time.Duration, f func() error) bool {
	err := r.m.hands.do(name, limit, f)
	r.note(name, err)
	return err == nil
}

// note reports a step, and keeps the result.
func (r *run) note(name string, err error) {
	r.m.teller.tell(name, err)
	if r.n < len(r.taken) {
		r.taken[r.n] = said{step: name, err: err}
		r.n++
	}
}

// with is the error of the whole Act: the steps that failed, and why it ended.
func (r *run) with(end error) error {
	var all tried
	for _, s := range r.taken[:r.n] {
		if s.err != nil {
			all = append(all, fmt.Errorf("%s: %w", s.step, s.err))
		}
	}
	return append(all, end)
}

// tried is errors in one line.
type tried []error

func (t tried) Error() string {
	var words []string
	for _, err := range t {
		words = append(words, err.Error())
	}
	return strings.Join(words, "; ")
}

func (t tried) Unwrap() []error { return t }
