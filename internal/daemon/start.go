package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/control"
	"procward/internal/message"
)

// Options is how the daemon is started.
type Options struct {
	ConfigDir string // this and the next two are absolute: the daemon works in the root directory
	StateDir  string // empty: nothing outlives the daemon
	Socket    string
	Observe   bool     // in addition to daemon.observe
	LogTo     []string // in place of daemon.log.to
	LogJSON   bool     // on stderr
	Reach     *Reach
	Version   string
}

// Refused says why the daemon does not start.
type Refused struct {
	Err    error
	Remedy string // what the operator can do about it, if anything
}

func (r *Refused) Error() string { return r.Err.Error() }

// Unwrap is the error behind it.
func (r *Refused) Unwrap() error { return r.Err }

// Run is the daemon: the process has its umask and its working directory. It returns when
// ctx is done, or with the exit code of a rung that stops it; with an error if it does
// not even start.
func Run(ctx context.Context, o Options) (code int, err error) {
	loader := loader(o.ConfigDir, o.StateDir)
	cfg, err := loader.Load()
	if err != nil {
		return 0, err
	}
	observe := o.Observe || cfg.Daemon.Observe
	if err := startable(cfg, observe, o.Reach); err != nil {
		return 0, err
	}
	log, err := o.open(cfg.Daemon.Log)
	if err != nil {
		return 0, err
	}
	server, err := control.Listen(o.Socket)
	if err != nil {
		closeLog(log, flushTime)
		return 0, listenFailure(err)
	}
	unix.Umask(0o022)
	if err := os.Chdir("/"); err != nil {
		return 0, err
	}
	log.Send(message.Message{Kind: message.Started, Time: time.Now(), Detail: fmt.Sprintf("version %s, pid %d", o.Version, os.Getpid())})
	d, err := New(loader, observe, log, o)
	if err == nil {
		err = d.holdReady(o, cfg, log)
	}
	if err != nil {
		closeServer(server)
		closeLog(log, flushTime)
		return 0, err
	}
	d.settings.logTo = o.openAgain
	return d.serve(ctx, cfg, server, log), nil
}

// startable says why procward cannot start with a configuration, or is nil.
func startable(cfg *confd.Config, observe bool, at *Reach) error {
	refused := func(problems []confd.Problem, remedy string) error {
		if err := errorOf(problems); err != nil {
			return &Refused{err, remedy}
		}
		return nil
	}
	if cfg.AllRejected() {
		return refused(cfg.Problems, "every drop-in is bad, so nothing would be watched: correct them, procward check helps")
	}
	if observe {
		return nil
	}
	if err := refused(rungProblems(cfg, at), rungRemedy); err != nil {
		return err
	}
	return refused(unitProblems(cfg, at), unitRemedy)
}

// errorOf joins the problems that are not warnings.
func errorOf(problems []confd.Problem) error {
	var errs []error
	for _, p := range problems {
		if !p.Warning {
			errs = append(errs, errors.New(p.String()))
		}
	}
	return errors.Join(errs...)
}

func listenFailure(err error) error {
	r := &Refused{Err: err}
	if errors.Is(err, fs.ErrPermission) {
		r.Remedy = "run it as root, or name a --socket in a directory of your own"
	}
	return r
}

// serve runs the daemon with its control socket until it is told to end.
func (d *Daemon) serve(ctx context.Context, cfg *confd.Config, server *control.Server, log *message.Log) int {
	ctx, stop := signal.NotifyContext(ctx, unix.SIGTERM, unix.SIGINT)
	defer stop()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, unix.SIGHUP)
	defer signal.Stop(hup)
	d.service.beat(ctx)
	go d.host.Scripts.Foster(ctx) // of PID 1 of a container, or a subreaper; others get no orphans
	d.settings.follow = d.follower(ctx)
	code := d.Watch(ctx, cfg, func() {
		go d.hangups(ctx, hup)
		go func() { d.failed(server.Serve(d)) }()
	})
	d.service.stopping()
	closeServer(server)
	d.say(message.Stopped, ending(code))
	closeLog(log, d.patience())
	return code
}

func closeServer(server *control.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	_ = server.Close(ctx) // nobody is left to be told
}

func ending(code int) string {
	if code == 0 {
		return "by request; the watched processes are left alone"
	}
	return fmt.Sprintf("by the rung stop-daemon, with exit code %d", code)
}

// hangups reloads on SIGHUP until ctx is done.
func (d *Daemon) hangups(ctx context.Context, hup <-chan os.Signal) {
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

// followQuiet is how long the drop-ins must be left alone before they are read, and
// followRescan how often they are looked at without a report of the kernel.
const (
	followQuiet  = time.Second
	followRescan = 5 * time.Minute
)

// follower returns the function that follows the drop-ins, at most until ctx is done.
func (d *Daemon) follower(ctx context.Context) func() (stop func()) {
	return func() (stop func()) {
		following, stop := context.WithCancel(ctx)
		go d.loader.Follow(following, followQuiet, followRescan, func() { d.reload(ctx) }) // a reload that ends the following ends by itself
		return stop
	}
}
