package script

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Runner runs scripts. The zero value works; its fields are set before the first Run
// and not changed after. It is safe for concurrent use. The umask that scripts get is
// the daemon's own, which sets it to 022 when it starts.
type Runner struct {
	// LogDir is where the output files are, made where it is missing (mode 0700); empty:
	// a temporary directory of its own. It is best on a tmpfs (/run), is this Runner's
	// alone, and outlives a daemon: files left by an earlier one are taken over.
	LogDir string
	// Trusted, if not nil, is asked about the program immediately before every start
	// where we are root, with the user who will run it; an error prevents the start.
	// trust.Check is made for it.
	Trusted func(path string, uid uint32) error
	// Files is the RLIMIT_NOFILE that scripts get; zero: what the daemon was started
	// with, as the Go runtime restores it. The runtime does so only as long as the limit
	// is what the runtime itself has set (soft limit: one below the hard one): whoever
	// sets another puts the original here. It takes effect right after the start.
	Files unix.Rlimit

	once   sync.Once
	normal normal
	keeper keeper
}

// Run runs one script and returns when it has ended. It calls started, if not nil, as
// soon as the script's program has been executed, with its PID and the CLOCK_BOOTTIME
// just after; started must not block.
//
// The script is the leader of a session, and so of a process group, of its own: what
// it starts is told from what other scripts started, and no terminal's signals reach it.
// Only the script itself is awaited: what it leaves behind (the daemon it started)
// lives on, whether or not that keeps the script's output open. When job.Timeout has
// passed the script's whole process group is ended, unless job.Hold says otherwise.
// When ctx is cancelled Run returns at once with its error and leaves the script
// running: a daemon that stops does not break the restart that is under way.
//
// A daemon that a script starts stays in our cgroup. With systemd our unit therefore
// has KillMode=process, so that stopping procward stops procward alone.
func (r *Runner) Run(ctx context.Context, job Job, started func(pid int, at time.Duration)) Result {
	if err := ctx.Err(); err != nil {
		return Result{Code: -1, Err: err}
	}
	if job.Argv.Validate() != nil || job.Timeout <= 0 {
		return Result{Code: -1, Err: fmt.Errorf("start %q: no program, or no timeout", job.Argv)}
	}
	r.once.Do(r.prepare)
	out := r.keeper.output(job.Argv[0])
	pid, err := r.start(job, out)
	at := boottime()
	if err != nil {
		out.release()
		return Result{Code: -1, Err: err}
	}
	if started != nil {
		started(pid, at)
	}
	res := newChild(pid, out).follow(ctx, job)
	res.PID, res.Took = pid, boottime()-at
	return res
}

// Close ends the supervision of output files. Scripts that still run, and what they
// left behind, are not touched. There is no Run after it.
func (r *Runner) Close() error { return r.keeper.close() }

func (r *Runner) prepare() {
	closeOnExec()
	r.normal = lookNormal()
	r.keeper.open(r.LogDir)
}

// boottime is CLOCK_BOOTTIME; clock_gettime(2) cannot fail with it.
func boottime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return time.Duration(ts.Nano())
}
