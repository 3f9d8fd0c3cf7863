package script

import (
	"context"
	"fmt"
	"sync"
	"time"

	"procward/internal/ktime"
	"procward/internal/launch"
)

// Runner runs scripts. The zero value works; its fields are set before the first Run
// and not changed after. It is safe for concurrent use. The main of the program has to
// call launch.Main: scripts are started by a process of its own.
type Runner struct {
	// Guarded holds what is started to trust.Program immediately before every start where
	// we are root.
	Guarded bool
	// Say, if not nil, is told in words what goes wrong with starts, and must not block.
	Say func(text string)
	// Note, if not nil, is told in words what stands in for a feature that is missing here.
	Note func(text string)

	once      sync.Once
	launchers launch.Launchers
	keeper    keeper
}

// Run runs one script and returns when it has ended. It calls started, if not nil, as
// soon as the script's program has been executed, with its PID and the CLOCK_BOOTTIME
// just after; started must not block. A start that takes longer than job.Timeout, because
// a file system does not answer, is given up: the script will not be executed then.
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
	r.Prepare()
	out := r.keeper.output()
	s, err := r.persist(ctx, job, out)
	if err != nil {
		out.release()
		return unstarted(ctx, job, err)
	}
	out.started()
	if started != nil {
		started(s.PID, s.At)
	}
	res := newChild(s, out, r.launchers.Reaped).follow(ctx, job)
	res.PID, res.Took = s.PID, ktime.Boottime()-s.At
	return res
}

// Prepare makes ready what the first Run needs, and does not wait for it.
func (r *Runner) Prepare() {
	r.once.Do(func() {
		r.launchers.Say = r.Say
		r.launchers.Prepare()
		r.keeper.open(r.Note)
	})
}

// Foster reaps children that we got from others, until ctx ends (launch.Launchers.Foster).
func (r *Runner) Foster(ctx context.Context) {
	r.Prepare()
	r.launchers.Foster(ctx)
}

// Close ends the supervision of output files. Scripts that still run, and what they
// left behind, are not touched. There is no Run after it.
func (r *Runner) Close() error {
	r.launchers.Close()
	return r.keeper.close()
}
