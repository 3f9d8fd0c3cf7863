package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/engine"
	"procward/internal/message"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
	"procward/watch/evidence"
	"procward/watch/probe"
	"procward/watch/vital"
)

// senses are the watchers for signs of stalls.
type senses struct {
	probes   *probe.Prober
	vital    *vital.Watcher // nil if not available
	pressure atomic.Pointer[probe.Pressure]
}

// SetPressure sets from when on the host is too busy for timeouts to show anything;
// before the first call the default is used. It may be called at any time.
func (h *Host) SetPressure(p probe.Pressure) { h.pressure.Store(&p) }

func (h *Host) tooBusy() probe.Pressure {
	if p := h.pressure.Load(); p != nil {
		return *p
	}
	return probe.DefaultPressure()
}

// sense begins to watch for signs of stalls. It ends with ctx.
func (h *Host) sense(ctx context.Context) {
	tell := func(signs []watch.SignChange) { h.Loop.Send(ctx, engine.Sensed{Signs: slices.Clone(signs)}) }
	h.probes = probe.New(probe.Options{Scripts: h.Scripts, Pressure: h.tooBusy, Tell: tell})
	go h.contained("watching the probes", func() error { return h.probes.Run(ctx) })
	var err error
	if h.vital, err = vital.New("/proc", vital.Options{Tell: tell, Keep: keptFiles(), Hangs: h.hangs}); err != nil {
		h.say(message.Fallback, "signs of a stall are not read from /proc: "+err.Error())
		return
	}
	go h.contained("watching the signs in /proc", func() error {
		defer h.vital.Close()
		return h.vital.Run(ctx)
	})
}

// hangs reports that passive signs are not seen for now, or are seen again.
func (h *Host) hangs(yes bool) {
	detail := "signs of a stall in /proc are read again"
	if yes {
		detail = "signs of a stall in /proc are not seen: reading them hangs"
	}
	h.say(message.Fallback, detail)
}

// keptFiles is how many descriptors are kept open to read faster: a quarter of those that
// are allowed, because the exit tracker needs one for each process too.
func keptFiles() int {
	const most = 16384
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(limit.Cur/4, most))
}

// contained runs a part whose failure must not be the failure of the daemon, and reports
// the failure.
func (h *Host) contained(what string, run func() error) {
	err := protected(run)
	if err != nil && h.ctx.Err() == nil {
		h.say(message.InternalFailure, what+": "+err.Error())
	}
}

// protected is the error of a function, or its panic.
func protected(run func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return run()
}

func (h *Host) attend(e engine.Attend) {
	since := procscan.Boottime()
	for i, id := range e.IDs { // if there are several, the one that was started last
		if i == 0 || id.Started() > since {
			since = id.Started()
		}
	}
	if len(e.Checks) > 0 {
		h.probes.Attend(e.Target, e.Round, e.Checks, since)
	} else {
		h.probes.Unattend(e.Target)
	}
	if h.vital != nil {
		h.vital.Attend(e.Target, e.Round, e.IDs, e.Vital)
	}
}

func (h *Host) unattend(e engine.Unattend) {
	if h.vital != nil {
		h.vital.Unattend(e.Target)
	}
	if e.Stays {
		h.probes.Rest(e.Target)
	} else {
		h.probes.Unattend(e.Target)
	}
}

// takeEvidence writes down what can be seen, and lets the process write its dump. It
// takes at most evidence.Longest, and the wait of the dump.
func (h *Host) takeEvidence(e engine.Evidence) {
	out := engine.EvidenceTaken{Token: e.Token}
	err := protected(func() error {
		out.Path, out.Err = h.collect(e)
		return nil
	})
	out.Err = errors.Join(out.Err, err, protected(func() (err error) {
		out.Ended, err = h.dump(e)
		return err
	}))
	h.Loop.Send(h.ctx, out)
}

func (h *Host) collect(e engine.Evidence) (path string, err error) {
	if h.Evidence == nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(h.ctx, evidence.Longest)
	defer cancel()
	c := evidence.Case{Process: e.Target, Sign: e.Sign, Why: e.Why, At: time.Now(), IDs: e.IDs, Probes: h.last(ctx, e.Target)}
	if d := e.Spec.Dump; d != nil {
		c.Dump = fmt.Sprintf("%s, and %s to write", d.Signal, d.Wait)
	}
	return h.Evidence.Collect(ctx, c)
}

// lastWithin is how long to wait for what the watchers saw last: one of them may hang in
// the kernel, and a stalled process must be ended all the same.
const lastWithin = time.Second

// last is what the watchers saw last of a target.
func (h *Host) last(ctx context.Context, target string) []string {
	lines := h.probes.Last(target)
	if h.vital == nil {
		return lines
	}
	seen := make(chan []string, 1)
	go func() { seen <- h.vital.Last(target) }()
	select {
	case more := <-seen:
		return append(lines, more...)
	case <-ctx.Done():
	case <-time.After(lastWithin):
	}
	return append(lines, "signs in /proc: not known, as reading them hangs")
}

// dump lets the processes write theirs, and returns the descendants that had to be ended
// because their process ended of it.
func (h *Host) dump(e engine.Evidence) (ended []restart.Ended, err error) {
	if e.Spec.Dump == nil {
		return nil, nil
	}
	kill := e.Spec.Kill
	kill.Tree = kill.Tree && e.Spec.Unit == ""
	all := e.Spec.Dump.Write(h.ctx, h.FS, e.IDs, kill)
	var errs []error
	for _, ended := range all[:len(e.IDs)] {
		if ended.Outcome == restart.Refused {
			errs = append(errs, fmt.Errorf("the dump of pid %d: %w", ended.ID.PID, ended.Err))
		}
	}
	return all[len(e.IDs):], errors.Join(errs...)
}
