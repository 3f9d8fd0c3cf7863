package daemon

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	confd "procward/conf.d"
	"procward/escalate/power"
	"procward/internal/message"
)

// lastResort holds ready what the rungs of the configuration need to end the machine, and
// feeds its watchdog.
type lastResort struct {
	reach   *Reach
	manager power.Manager // nil: none
	dir     string        // that a proof of the user space writes into
	healthy func() error
	voice   *voice
	prove   power.Run // starts the proofs

	mu      sync.Mutex
	needs   needs
	machine *power.Means
	stop    context.CancelFunc // of feeding and proving
	fed     sync.WaitGroup
	acting  int
}

// holdReady prepares what ends the machine, except in observe mode.
func (d *Daemon) holdReady(o Options, cfg *confd.Config, log *message.Log) error {
	if d.settings.observes {
		return nil
	}
	d.power = &lastResort{reach: o.Reach, dir: o.StateDir, healthy: d.healthy, voice: d.voice, prove: ownProgram(d.host.Scripts)}
	if o.Reach != nil && o.Reach.Systemd {
		d.power.manager = osManager{d.news}
	}
	if err := d.power.prepare(needsOf(cfg)); err != nil {
		return &Refused{errors.Join(err, d.power.end()), rungRemedy}
	}
	d.host.Power = d.power
	d.host.Flush = func() { lastWords(log) }
	return nil
}

// ready prepares what a configuration needs, and returns what cannot be carried out.
func (r *lastResort) ready(cfg *confd.Config) []confd.Problem {
	if r == nil {
		return nil
	}
	bad := rungProblems(cfg, r.reach)
	if err := r.prepare(needsOf(cfg)); err != nil && len(bad) == 0 {
		bad = []confd.Problem{{Text: err.Error()}}
	}
	return append(bad, unitProblems(cfg, r.reach)...)
}

// needs is what is held ready.
type needs struct {
	rungs     []string // sorted, each once
	userspace *power.Userspace
}

func needsOf(cfg *confd.Config) needs {
	n := needs{userspace: cfg.Daemon.Userspace}
	for _, u := range cfg.OSRungs() {
		n.rungs = append(n.rungs, u.Rung)
	}
	slices.Sort(n.rungs)
	n.rungs = slices.Compact(n.rungs)
	return n
}

func (n needs) none() bool { return len(n.rungs) == 0 && n.userspace == nil }

func (n needs) equal(o needs) bool {
	return slices.Equal(n.rungs, o.rungs) && (n.userspace == nil) == (o.userspace == nil) &&
		(n.userspace == nil || *n.userspace == *o.userspace)
}

// opened is the rungs to prepare: the tests of the user space are for a watchdog.
func (n needs) opened() []string {
	if n.userspace != nil && !slices.Contains(n.rungs, power.WatchdogReset) {
		return append(slices.Clone(n.rungs), power.WatchdogReset)
	}
	return n.rungs
}

var errActing = errors.New("a rung that ends the machine is being carried out: what it needs stays as it is")

// prepare prepares what a configuration needs, and closes what it no longer needs. The
// error says which rungs cannot be carried out; the others can.
func (r *lastResort) prepare(n needs) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.machine != nil && r.needs.equal(n) {
		return r.errors()
	}
	if r.acting > 0 {
		return errActing
	}
	err := r.letGo()
	r.needs = n
	if n.none() {
		return err
	}
	if r.reach == nil {
		return errors.New("this procward has not been given the means to end the machine")
	}
	if lockErr := power.LockMemory(); lockErr != nil {
		r.voice.say(message.Fallback, "memory is not locked, so that a rung which ends the machine may wait for a disk: "+lockErr.Error())
	}
	var openErr error
	r.machine, openErr = power.Open(power.Options{Rungs: n.opened(), Paths: r.reach.Paths, Kernel: r.reach.Kernel, Manager: r.manager, Say: r.told})
	r.feed()
	return errors.Join(err, openErr)
}

// errors says why rungs that are held ready cannot be carried out. The lock is held.
func (r *lastResort) errors() error {
	var errs []error
	for _, rung := range r.needs.opened() {
		errs = append(errs, r.machine.Ready(rung))
	}
	return errors.Join(errs...)
}

// feed begins to prove the user space, and to feed the watchdog. The lock is held.
func (r *lastResort) feed() {
	if !r.machine.HasWatchdog() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	alive := func() error { return nil }
	if u := r.needs.userspace; u != nil {
		prover := power.NewProver(*u, r.dir, r.prove)
		r.fed.Go(func() { prover.Run(ctx, r.proved) })
		alive = prover.Alive
	}
	machine := r.machine
	r.fed.Go(func() {
		machine.FeedWatchdog(ctx, func() error { return errors.Join(r.healthy(), alive()) })
	})
}

func (r *lastResort) proved(err error) {
	if err != nil {
		r.voice.say(message.UserspaceStalls, err.Error())
		return
	}
	r.voice.say(message.UserspaceWorks, "")
}

// told takes the reports of the power package about its steps.
func (r *lastResort) told(step string, err error) {
	switch {
	case errors.Is(err, power.ErrLeftOut):
	case step == "watchdog feeding" && err != nil:
		r.voice.say(message.WatchdogStarves, err.Error())
	case step == "watchdog feeding":
		r.voice.say(message.WatchdogFed, "")
	case err != nil:
		r.voice.say(message.MachineStep, step+": "+err.Error())
	default:
		r.voice.say(message.MachineStep, step+": done")
	}
}

// Act carries out a rung. While it does, nothing is changed.
func (r *lastResort) Act(ctx context.Context, rung, reason string) error {
	r.mu.Lock()
	machine := r.machine
	if machine == nil {
		r.mu.Unlock()
		return errors.New("the rung is not in the configuration any more")
	}
	r.acting++
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.acting--
		r.mu.Unlock()
	}()
	return machine.Act(ctx, rung, reason)
}

// refused says, by rung of the configuration, why it cannot be carried out, or is empty.
// keeping is why it could not be known after the boot which rungs were taken, or nil.
func (r *lastResort) refused(keeping error) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]string{}
	for _, rung := range r.needs.rungs {
		out[rung] = ""
		switch {
		case r.machine == nil:
			out[rung] = "it could not be made ready"
		case r.machine.Ready(rung) != nil:
			out[rung] = r.machine.Ready(rung).Error()
		case keeping != nil:
			out[rung] = keeping.Error()
		}
	}
	return maps.Clone(out)
}

// letGo closes what is held ready. A watchdog is stopped. The lock is held.
func (r *lastResort) letGo() error {
	if r.stop != nil {
		r.stop()
		r.fed.Wait()
		r.stop = nil
	}
	if r.machine == nil {
		return nil
	}
	err := r.machine.Close()
	r.machine = nil
	return err
}

// end closes it at the end of the daemon. An act that still hangs keeps what it has: the
// watchdog then goes on.
func (r *lastResort) end() error {
	if r == nil {
		return nil
	}
	for deadline := time.Now().Add(time.Second); ; time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		if r.acting == 0 {
			defer r.mu.Unlock()
			return r.letGo()
		}
		r.mu.Unlock()
		if time.Now().After(deadline) {
			return nil
		}
	}
}
