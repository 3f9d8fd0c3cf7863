package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/account"
	"procward/internal/control"
	"procward/internal/engine"
	"procward/internal/host"
	"procward/internal/message"
	"procward/internal/notify"
	"procward/internal/runlevel"
	"procward/internal/script"
	"procward/internal/systemd"
	"procward/procscan"
	"procward/watch"
	"procward/watch/evidence"
)

// daemon is the engine with the real world around it.
type daemon struct {
	loader  *confd.Loader
	claims  *claimant // nil: nothing is kept
	observe bool
	log     host.Log
	loop    *host.Loop
	host    *host.Host
	scripts *script.Runner
	keeper  *keeper     // nil: nothing outlives the daemon
	power   *lastResort // nil: nothing here ends the machine
	lost    string      // why it is not known what was done before, or empty

	// Guarded by reloading; see settings.
	logTo    func(confd.Log) (*message.Log, error) // opens a log; nil: somebody else has it
	follow   func() (stop func())                  // follows the drop-ins; nil: not yet
	unfollow func()                                // nil: they are not followed
	threads  int                                   // that were made for scripts

	hostEnds atomic.Bool // the host is being shut down

	reloading sync.Mutex // guards config
	config    *confd.Config

	noting    sync.Mutex // guards fallbacks; never held while waiting for the engine
	fallbacks []string
}

// newDaemon puts the parts together and finds out what the host offers; what stands in
// for a missing feature is said. The drop-ins have been loaded already.
//
// The state is kept in stateDir; empty: not at all.
func newDaemon(loader *confd.Loader, cfg *confd.Config, observe bool, log host.Log, stateDir string) (*daemon, error) {
	d := &daemon{loader: loader, config: cfg, observe: observe, log: log}
	d.openScripts()
	fs, err := procscan.Open("/proc")
	if err != nil {
		return nil, err
	}
	tracker, err := watch.NewTracker(fs, watch.Options{Note: d.fellBack, CauseLater: true})
	if err != nil {
		return nil, fmt.Errorf("start the exit tracker: %w", err)
	}
	scanner := procscan.NewScanner(fs)
	scanner.SetScripts(cfg.Scripts())
	scanner.SetUsers(account.Cached(d.scripts.Getent))
	if fast, why := scanner.Fast(); !fast {
		d.fellBack("every look reads the whole process table: " + why)
	}
	machine := engine.NewMachine(observe, uint64(time.Now().UnixNano()))
	d.loop = host.NewLoop(machine, log)
	d.host = &host.Host{FS: fs, Scanner: scanner, Tracker: tracker, Loop: d.loop, Scripts: d.scripts}
	d.obeyAll(context.Background(), cfg.Daemon)
	d.adopt()
	if stateDir != "" {
		d.host.Evidence = &evidence.Writer{Dir: filepath.Join(stateDir, "evidence")}
	}
	return d, d.remember(machine, stateDir)
}

// remember gives the machine what is kept in the state directory, and the engine who
// keeps it. In observe mode nothing is done, so there is nothing to remember.
func (d *daemon) remember(machine *engine.Machine, dir string) error {
	if dir == "" || d.observe {
		return nil
	}
	k, kept, err := d.openState(dir)
	if k == nil || err != nil {
		return err
	}
	d.keeper, d.loop.Keeper, d.loop.Boot = k, k, k.book.Boot()
	d.claims = &claimant{dir: dir, note: d.fellBack}
	d.claims.keep(d.loader.Claims())
	if err := k.restore(machine, kept); err != nil {
		d.say(message.StateLost, err.Error())
	}
	return nil
}

// fellBack says that something weaker stands in for a missing feature, or no longer.
func (d *daemon) fellBack(text string) {
	d.noting.Lock()
	d.fallbacks = append(d.fallbacks, text)
	if len(d.fallbacks) > 20 {
		d.fallbacks = d.fallbacks[1:]
	}
	d.noting.Unlock()
	d.say(message.Fallback, text)
}

func (d *daemon) say(kind *message.Kind, detail string) {
	d.log.Send(message.Message{Kind: kind, Time: time.Now(), Detail: detail, HostEnds: d.hostEnds.Load()})
}

// run watches until ctx is done or a rung stops the daemon, and gives the exit code.
// started, if not nil, is called once the first look has been asked for.
func (d *daemon) run(ctx context.Context, started func()) int {
	defer d.host.Tracker.Close()
	defer d.host.Scripts.Close()
	defer d.handOver()
	defer d.letGo()
	defer d.keep()()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go d.pauses(ctx)
	d.connect(ctx)
	d.host.Start(ctx)
	if d.observe {
		d.say(message.Observing, "")
	}
	go func() {
		d.watchSystemd(ctx)
		d.sendMeans(ctx, d.lost)
		d.loop.Send(ctx, engine.Configured{Config: d.current()})
		if started != nil {
			started()
		}
	}()
	return d.loop.Run(ctx, d.host)
}

// sendMeans tells the engine what can end the machine, and why it is not known what has
// been done before, if so.
func (d *daemon) sendMeans(ctx context.Context, lost string) {
	means := engine.Means{Lost: lost}
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
	d.loop.Send(ctx, means)
}

func (d *daemon) letGo() {
	if d.power == nil {
		return
	}
	if err := d.power.end(); err != nil {
		d.say(message.InternalFailure, err.Error())
	}
}

// keep begins to write the durable state; the function it gives ends that, in a bounded
// time.
func (d *daemon) keep() (end func()) {
	if d.keeper == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.keeper.run(ctx) }()
	return func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				d.say(message.NotDurable, err.Error())
			}
		case <-time.After(flushTime):
			d.say(message.NotDurable, "the file system does not answer")
		}
	}
}

// pauses tells the engine when the daemon itself was stopped and goes on.
func (d *daemon) pauses(ctx context.Context) {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, unix.SIGCONT)
	defer signal.Stop(goesOn)
	for {
		select {
		case <-ctx.Done():
			return
		case <-goesOn:
			d.loop.Send(ctx, engine.Paused{})
		}
	}
}

// connectTime bounds how long the start waits for systemd.
const connectTime = 5 * time.Second

func (d *daemon) connect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	link, err := systemd.Connect(ctx)
	switch {
	case err == nil:
		d.host.Systemd, d.host.OwnUnit = link, ownUnit()
	case errors.Is(err, systemd.ErrAbsent):
		d.host.Ends = runlevel.Host{}.Ends
	case !errors.Is(err, systemd.ErrAbsent):
		d.fellBack("systemd is not asked about units: " + err.Error())
	}
}

// ownUnit is the unit that we run in, or empty.
func ownUnit() string {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		_, path, _ := strings.Cut(strings.TrimSpace(line), ":/")
		if u := procscan.UnitOf("/" + path); u != "" {
			return u
		}
	}
	return ""
}

// watchSystemd tells the engine of the boot and of shutdowns.
func (d *daemon) watchSystemd(ctx context.Context) {
	if d.host.Systemd == nil {
		go d.watchRunlevel(ctx)
		return
	}
	asking, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	switch state, err := d.host.Systemd.Host(asking); {
	case err != nil:
	case state.Booting():
		d.loop.Send(ctx, engine.Booting{Yes: true})
	case state.Stopping(): // it tells later too, and perhaps too late
		d.hostEnds.Store(true)
		d.loop.Send(ctx, engine.Suspend{Why: "the host is being shut down", HostEnds: true})
	}
	go func() {
		err := d.host.Systemd.Watch(ctx, func(ev systemd.HostEvent) { d.hostEvent(ctx, ev) })
		if ctx.Err() == nil {
			d.fellBack("shutdowns of the host are not announced any more: " + err.Error())
		}
	}()
}

func (d *daemon) hostEvent(ctx context.Context, ev systemd.HostEvent) {
	switch ev.Kind {
	case systemd.BootFinished:
		d.loop.Send(ctx, engine.Booting{Yes: false})
	case systemd.ShutdownBegins:
		d.hostEnds.Store(true)
		d.loop.Send(ctx, engine.Suspend{Why: ev.Why, HostEnds: true})
	case systemd.ShutdownCancelled:
		d.hostEnds.Store(false)
		d.loop.Send(ctx, engine.Resume{Why: ev.Why})
	}
}

// watchRunlevel tells the engine of shutdowns of a host without systemd.
func (d *daemon) watchRunlevel(ctx context.Context) {
	err := runlevel.Host{}.Watch(ctx, func(why string) {
		if d.hostEnds.Store(why != ""); why != "" {
			d.loop.Send(ctx, engine.Suspend{Why: why, HostEnds: true})
			return
		}
		d.loop.Send(ctx, engine.Resume{Why: "the host does not go down"})
	})
	if err != nil {
		d.fellBack("shutdowns of the host are not noticed before something is missing: " + err.Error())
	}
}

// Status is the state of everything.
func (d *daemon) Status(ctx context.Context) (engine.Status, error) {
	s, err := d.loop.Status(ctx)
	if err != nil {
		return s, err
	}
	s.Version, s.PID, s.Detection = thisBuild().Version, os.Getpid(), d.host.Tracker.Mode()
	if log, ok := d.log.(*message.Log); ok {
		s.Dropped = log.Dropped()
	}
	d.noting.Lock()
	defer d.noting.Unlock()
	s.Fallbacks = slices.Clone(d.fallbacks)
	return s, nil
}

// Operate gives the engine an operator's order.
func (d *daemon) Operate(ctx context.Context, o engine.Order) (engine.Ordered, error) {
	return d.loop.Operate(ctx, o)
}

// current is the configuration in force.
func (d *daemon) current() *confd.Config {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	return d.config
}

// Reload reads the drop-ins again and puts what is good in force.
func (d *daemon) Reload(ctx context.Context) (control.Reloaded, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	d.notified(notify.Reloading())
	defer func() { d.notified(d.ready(d.config)) }()
	cfg, err := d.loader.Load()
	if err != nil {
		return control.Reloaded{}, err
	}
	if d.power != nil {
		bad := rungProblems(cfg, d.power.reach)
		if err := d.power.prepare(needsOf(cfg)); err != nil && len(bad) == 0 {
			bad = []confd.Problem{{Text: err.Error()}}
		}
		if d.power.reach.foreign() {
			bad = append(bad, unitProblems(cfg)...)
		}
		cfg.Problems = append(cfg.Problems, bad...)
		d.sendMeans(ctx, "")
	}
	if d.claims != nil {
		d.claims.keep(d.loader.Claims())
	}
	changed, settings := changes(d.config, cfg), d.obeyChanged(ctx, d.config.Daemon, cfg.Daemon)
	d.config = cfg
	d.host.Scanner.SetScripts(cfg.Scripts())
	d.loop.Send(ctx, engine.Configured{Config: cfg})
	return control.Reloaded{Changed: changed, Settings: settings, Files: cfg.Files, Problems: cfg.Problems}, ctx.Err()
}

// changes is the names of processes, groups and monitors that differ between two configurations.
func changes(old, now *confd.Config) []string {
	names := slices.Concat(differences(old.Processes, now.Processes), differences(old.Groups, now.Groups), differences(old.Monitors, now.Monitors))
	slices.Sort(names)
	return slices.Compact(names)
}

func differences[V confd.Process | escalate.Group | confd.Monitor](old, now map[string]V) []string {
	names := []string{}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if before, was := old[name]; !was || !reflect.DeepEqual(before, now[name]) {
			names = append(names, name)
		}
	}
	for name := range old {
		if _, is := now[name]; !is {
			names = append(names, name)
		}
	}
	return names
}
