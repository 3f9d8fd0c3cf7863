// Package daemon connects the parts of procward and runs them: the drop-ins, the engine,
// the host that carries its effects out, the control socket, the service manager, the
// durable state, and what ends the machine. A configuration is put in force in only one
// way, by apply, at the start and at each reload. The package neither exits nor writes
// anywhere but to the log that it opens.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	confd "procward/conf.d"
	"procward/internal/account"
	"procward/internal/control"
	"procward/internal/engine"
	"procward/internal/host"
	"procward/internal/message"
	"procward/procscan"
	"procward/watch"
	"procward/watch/evidence"
)

// Daemon is the engine with the real world around it.
type Daemon struct {
	*voice
	version string
	loader  *confd.Loader
	loop    *host.Loop
	host    *host.Host
	news    *hostNews
	service service
	keeper  *keeper     // nil: nothing outlives the daemon
	claims  *claimant   // nil: nothing is kept
	power   *lastResort // nil: nothing here ends the machine
	lost    string      // why it is not known what was done before, or empty; reported once

	applying sync.Mutex // guards settings and config
	settings settings
	config   *confd.Config // in force; nil before the first
}

// New connects the parts and finds out what the host offers; it reports what is used in
// place of a missing feature. observe: nothing is done, so nothing has to be kept. Only
// Run gives it the means to end the machine.
func New(loader *confd.Loader, observe bool, log host.Log, o Options) (*Daemon, error) {
	v := &voice{log: log}
	scripts := openScripts(v)
	fs, err := procscan.Open("/proc")
	if err != nil {
		return nil, err
	}
	tracker, err := watch.NewTracker(fs, watch.Options{Note: v.fellBack, CauseLater: true})
	if err != nil {
		return nil, fmt.Errorf("start the exit tracker: %w", err)
	}
	scanner := procscan.NewScanner(fs)
	scanner.SetUsers(account.Cached(scripts.Getent))
	if fast, why := scanner.Fast(); !fast {
		v.fellBack("every look reads the whole process table: " + why)
	}
	machine := engine.NewMachine(observe, uint64(time.Now().UnixNano()))
	d := &Daemon{voice: v, version: o.Version, loader: loader, loop: host.NewLoop(machine, log)}
	d.host = &host.Host{FS: fs, Scanner: scanner, Tracker: tracker, Loop: d.loop, Scripts: scripts}
	d.news = &hostNews{voice: v, send: d.loop.Send}
	d.service = service{voice: v, tracker: tracker, healthy: d.healthy}
	d.settings = settings{voice: v, observes: observe, pressure: d.host.SetPressure}
	d.service.adopt()
	if o.StateDir != "" {
		d.host.Evidence = &evidence.Writer{Dir: filepath.Join(o.StateDir, "evidence")}
	}
	if o.StateDir != "" && !observe {
		err = d.remember(machine, o.StateDir)
	}
	return d, err
}

// remember gives the machine what is kept in the state directory, and gives the engine
// its Keeper.
func (d *Daemon) remember(machine *engine.Machine, dir string) (err error) {
	k, lost, err := openState(dir, d.voice)
	d.lost = lost
	if k == nil || err != nil {
		return err
	}
	d.keeper, d.loop.Keeper, d.loop.Boot = k, k, k.book.Boot()
	d.claims = &claimant{dir: dir, note: d.fellBack}
	if err := k.restore(machine); err != nil {
		d.say(message.StateLost, err.Error())
	}
	return nil
}

// Watch puts the first configuration in force and watches until ctx is done or a rung
// stops the daemon, and returns the exit code. started, if not nil, is called once the
// first look was asked for.
func (d *Daemon) Watch(ctx context.Context, first *confd.Config, started func()) int {
	defer d.close()
	defer d.service.handOver()
	defer func() { d.failed(d.power.end()) }()
	if d.keeper != nil {
		defer d.keeper.run()()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.news.connect(ctx, d.host)
	d.host.Start(ctx)
	if d.settings.observes {
		d.say(message.Observing, "")
	}
	go func() {
		d.news.follow(ctx)
		d.start(ctx, first)
		if started != nil {
			started()
		}
	}()
	return d.loop.Run(ctx, d.host)
}

func (d *Daemon) close() {
	d.host.Scripts.Close()
	d.host.Tracker.Close()
}

// roundTime is how long the engine may take to come round before it counts as stuck.
const roundTime = 10 * time.Second

// healthy returns nil while the engine, and what it has begun, make progress. It takes at
// most roundTime.
func (d *Daemon) healthy() error {
	ctx, cancel := context.WithTimeout(context.Background(), roundTime)
	defer cancel()
	if err := d.loop.Round(ctx); err != nil {
		return fmt.Errorf("the engine has not come round for %v", roundTime)
	}
	return d.host.Stuck()
}

// Status is the state of everything.
func (d *Daemon) Status(ctx context.Context) (engine.Status, error) {
	s, err := d.loop.Status(ctx)
	if err != nil {
		return s, err
	}
	s.Version, s.PID, s.Detection = d.version, os.Getpid(), d.Detection()
	if log, ok := d.log.(*message.Log); ok {
		s.Dropped = log.Dropped()
	}
	s.Fallbacks = d.allFallbacks()
	return s, nil
}

// Detection is how exits are noticed: "pidfd", or the fallback.
func (d *Daemon) Detection() string { return d.host.Tracker.Mode() }

// Operate gives the engine an operator's order.
func (d *Daemon) Operate(ctx context.Context, o engine.Order) (engine.Ordered, error) {
	return d.loop.Operate(ctx, o)
}

var _ control.Daemon = (*Daemon)(nil)

// means is what can end the machine here, and, if so, why it is not known what was done
// before.
func (d *Daemon) means() engine.Means {
	means := engine.Means{Lost: d.lost}
	d.lost = ""
	keeping := errors.New("nothing outlives the daemon, so that it would not be known after the boot: see --state-dir")
	if d.keeper != nil {
		keeping = d.keeper.forgets
	}
	if d.power != nil {
		means.Refused = d.power.refused(keeping)
		if keeping != nil && len(means.Refused) > 0 {
			d.fellBack("rungs that end the machine are refused: " + keeping.Error())
		}
	}
	return means
}
