package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/control"
	"procward/internal/message"
	"procward/internal/notify"
)

// runFlags are the flags of run.
type runFlags struct {
	observe   bool
	logTo     []string
	logFormat string
}

func runCommand(f *flags) *cobra.Command {
	var r runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Watch: the daemon, in the foreground",
		Long: `Watches the processes that the drop-ins describe, restarts and escalates. It stays in
the foreground and ends on SIGTERM or SIGINT, leaving the watched processes and the
scripts that run alone. SIGHUP reads the drop-ins again.

What must outlive it is kept in --state-dir: attempts, ladders, what is given up or
stopped, what is tracked and which scripts run. A daemon that is started again, also
after it was killed, goes on from there. With --observe nothing is kept.

Exit codes: 0 stopped by request, 1 nothing could be watched (every drop-in is bad, or
another procward is running), 2 wrong usage, 70 to 79 a stop-daemon rung.`,
		Example: `  procward run --observe --log-to stderr     see what it would do, do nothing
  procward run                               as the service does`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error { return r.run(cmd, f) }),
	}
	cmd.Flags().BoolVar(&r.observe, "observe", false, "report everything, do nothing")
	cmd.Flags().StringSliceVar(&r.logTo, "log-to", nil, "where messages go: auto, journal, syslog, stderr (default: daemon.log.to)")
	cmd.Flags().StringVar(&r.logFormat, "log-format", "text", "of messages on stderr: text or json")
	return cmd
}

func (r runFlags) run(cmd *cobra.Command, f *flags) error {
	if r.logFormat != "text" && r.logFormat != "json" {
		return &failure{code: exitUsage, err: fmt.Errorf("--log-format %q is neither text nor json", r.logFormat)}
	}
	loader, cfg, err := r.load(f)
	if err != nil {
		return err
	}
	observe := r.observe || cfg.Daemon.Observe
	if bad := rungProblems(cfg, f.machine); len(bad) > 0 && !observe {
		return &failure{code: exitBad, err: problemsError(bad), remedy: rungRemedy}
	}
	if bad := unitProblems(cfg); len(bad) > 0 && !observe && f.machine.foreign() {
		return &failure{code: exitBad, err: problemsError(bad), remedy: unitRemedy}
	}
	log, err := r.open(cfg.Daemon.Log)
	if err != nil {
		return err
	}
	server, err := control.Listen(f.socket)
	if err != nil {
		closeLog(log, flushTime)
		return listenFailure(err)
	}
	unix.Umask(0o022)
	if err := os.Chdir("/"); err != nil {
		return err
	}
	log.Send(message.Message{Kind: message.Started, Time: time.Now(), Detail: fmt.Sprintf("version %s, pid %d", thisBuild().Version, os.Getpid())})
	d, err := newDaemon(loader, cfg, observe, log, f.stateDir)
	if err != nil {
		closeLog(log, flushTime)
		return &failure{code: exitBad, err: err}
	}
	if err := d.holdReady(f, log); err != nil {
		closeLog(log, flushTime)
		return err
	}
	d.logTo = r.openAgain
	return d.serve(cmd.Context(), server, log)
}

const rungRemedy = "remove these rungs, or provide what they need, or start with --observe"

// holdReady makes ready what ends the machine, outside observe mode.
func (d *daemon) holdReady(f *flags, log *message.Log) error {
	if d.observe {
		return nil
	}
	d.power = &lastResort{reach: f.machine, dir: f.stateDir, healthy: d.healthy, say: d.say, prove: d.runOwn}
	if f.machine != nil && f.machine.systemd {
		d.power.manager = osManager{d}
	}
	if err := d.power.prepare(needsOf(d.config)); err != nil {
		return &failure{code: exitBad, err: errors.Join(err, d.power.end()), remedy: rungRemedy}
	}
	d.host.Power = d.power
	d.host.Flush = func() {
		ctx, cancel := context.WithTimeout(context.Background(), finalWords)
		defer cancel()
		_ = log.Flush(ctx) // nothing can be done about it any more
		time.Sleep(readTime)
	}
	return nil
}

// finalWords bounds how long the end of the machine waits until the reason is with the log
// daemon, and readTime is what that is given to write it.
const (
	finalWords = 2 * time.Second
	readTime   = 300 * time.Millisecond
)

func listenFailure(err error) error {
	f := &failure{code: exitBad, err: err}
	if errors.Is(err, fs.ErrPermission) {
		f.remedy = "run it as root, or name a --socket in a directory of your own"
	}
	return f
}

// load reads the drop-ins for the first time. The paths are made absolute, since the
// daemon works in the root directory.
func (r runFlags) load(f *flags) (*confd.Loader, *confd.Config, error) {
	for _, path := range []*string{&f.configDir, &f.stateDir, &f.socket} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return nil, nil, err
		}
		*path = abs
	}
	loader := confd.NewLoader(f.configDir, confd.Options{Claims: lastClaims(f.stateDir)})
	cfg, err := loader.Load()
	if err != nil {
		return nil, nil, err
	}
	if cfg.AllRejected() {
		return nil, nil, &failure{code: exitBad, err: problemsError(cfg.Problems), remedy: "every drop-in is bad, so nothing would be watched: mend them, procward check helps"}
	}
	return loader, cfg, nil
}

func problemsError(problems []confd.Problem) error {
	var errs []error
	for _, p := range problems {
		if !p.Warning {
			errs = append(errs, errors.New(p.String()))
		}
	}
	return errors.Join(errs...)
}

func (r runFlags) open(l confd.Log) (*message.Log, error) {
	to := l.To
	if len(r.logTo) > 0 {
		to = r.logTo
	}
	dest := message.Destination{To: to, Facility: l.Facility, JSON: r.logFormat == "json"}
	if err := dest.Validate(); err != nil {
		return nil, &failure{code: exitUsage, err: err}
	}
	return message.Open(dest)
}

// openAgain opens the log of a reload.
func (r runFlags) openAgain(l confd.Log) (*message.Log, error) {
	if len(r.logTo) > 0 {
		return nil, errors.New("procward was started with --log-to, which goes first")
	}
	return r.open(l)
}

// flushTime bounds how long the end waits for a slow sink, and shortly how long where the
// host goes down: the log daemons may have gone before us, and everybody waits.
const (
	flushTime = 3 * time.Second
	shortly   = 200 * time.Millisecond
)

func (d *daemon) patience() time.Duration {
	if d.hostEnds.Load() {
		return shortly
	}
	return flushTime
}

func closeLog(log *message.Log, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = log.Close(ctx) // what could not be written is counted in it, and nobody is left to be told
}

// serve runs the daemon with its control socket until it is asked to end.
func (d *daemon) serve(ctx context.Context, server *control.Server, log *message.Log) error {
	ctx, stop := signal.NotifyContext(ctx, unix.SIGTERM, unix.SIGINT)
	defer stop()
	if err := d.beat(ctx); err != nil {
		d.say(message.InternalFailure, err.Error())
	}
	go d.hangups(ctx)
	go d.scripts.Foster(ctx) // of PID 1 of a container, or a subreaper; others get no orphans
	d.followFrom(ctx)
	code := d.run(ctx, func() {
		go func() {
			if err := server.Serve(d); err != nil {
				d.say(message.InternalFailure, "the control socket: "+err.Error())
			}
		}()
		d.notified(d.ready(d.current()))
	})
	d.notified(notify.Stopping())
	closing, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	_ = server.Close(closing)
	d.say(message.Stopped, ending(code))
	closeLog(log, d.patience())
	if code != 0 {
		return &failure{code: code}
	}
	return nil
}

// followQuiet is how long the drop-ins must have been left alone, and followRescan how often
// they are looked at without being told.
const (
	followQuiet  = time.Second
	followRescan = 5 * time.Minute
)

// followFrom lets drop-ins be followed from now on, at most until ctx is done.
func (d *daemon) followFrom(ctx context.Context) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	d.follow = func() (stop func()) {
		following, stop := context.WithCancel(ctx)
		go d.loader.Follow(following, followQuiet, followRescan, func() { d.reload(ctx) }) // a reload that ends the following comes to its own end
		return stop
	}
	d.obeyFollow(ctx, d.config.Daemon)
}

// ready tells the service manager that the configuration is in force.
func (d *daemon) ready(cfg *confd.Config) error {
	return notify.Ready(fmt.Sprintf("watching %s, detection by %s", countOf(len(cfg.Processes), "process", "processes"), d.host.Tracker.Mode()))
}

func ending(code int) string {
	if code == 0 {
		return "by request; the watched processes are left alone"
	}
	return fmt.Sprintf("by the rung stop-daemon, with exit code %d", code)
}

func (d *daemon) notified(err error) {
	if err != nil {
		d.say(message.InternalFailure, err.Error())
	}
}

// hangups reloads on SIGHUP until ctx is done.
func (d *daemon) hangups(ctx context.Context) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, unix.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			d.say(message.Operator, "reload asked for by SIGHUP")
			d.reload(ctx)
		}
	}
}

func (d *daemon) reload(ctx context.Context) {
	if _, err := d.Reload(ctx); err != nil && ctx.Err() == nil {
		d.say(message.ConfigRejected, err.Error())
	}
}
