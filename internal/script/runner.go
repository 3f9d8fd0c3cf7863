package script

import (
	"context"
	"fmt"
	"sync"
	"time"

	"procward/internal/ktime"
	"procward/internal/launch"
)

// Runner runs scripts. The zero value is ready to use; set its fields before the first
// Run and do not change them after. It is safe for concurrent use. The main of the
// program must call launch.Main: scripts are started by a process of its own.
type Runner struct {
	// Guarded: as root, what is started must pass trust.Program immediately before every
	// start.
	Guarded bool
	// Say, if not nil, is called with what goes wrong with starts, in words, and must not
	// block.
	Say func(text string)
	// Note, if not nil, is called with what is used in place of a feature that is missing
	// here, in words.
	Note func(text string)

	once      sync.Once
	launchers launch.Launchers
	trimmer   trimmer
}

// Run runs one script and returns when it has ended. It calls started, if not nil, as
// soon as the script's program was executed, with its PID and the CLOCK_BOOTTIME just
// after; started must not block. A start that takes longer than job.Timeout, because a
// file system does not answer, is given up: the script will not be executed then.
//
// The script is the leader of a session, and so of a process group, of its own. So we can
// tell what it starts from what other scripts started, and signals of a terminal do not
// reach it. Run waits only for the script itself: what it leaves behind (the daemon that
// it started) lives on, also if that keeps the script's output open. When job.Timeout is
// over the script's whole process group is ended, unless job.Spare says otherwise. When
// ctx is cancelled Run returns at once with its error and leaves the script running: a
// daemon that stops does not break a restart in progress.
//
// A daemon that a script starts stays in our cgroup. Therefore our systemd unit has
// KillMode=process, so that stopping procward stops procward alone.
func (r *Runner) Run(ctx context.Context, job Job, started func(pid int, at time.Duration)) Result {
	if err := ctx.Err(); err != nil {
		return Result{Code: -1, Err: err}
	}
	if job.Argv.Validate() != nil || job.Timeout <= 0 {
		return Result{Code: -1, Err: fmt.Errorf("start %q: no program, or no timeout", job.Argv)}
	}
	r.Prepare()
	out := r.trimmer.output()
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

// Prepare prepares what the first Run needs, and does not wait for it.
func (r *Runner) Prepare() {
	r.once.Do(func() {
		r.launchers.Say = r.Say
		r.launchers.Prepare()
		r.trimmer.open(r.Note)
	})
}

// Foster reaps children that we got from others, until ctx ends
// (launch.Launchers.Foster).
func (r *Runner) Foster(ctx context.Context) {
	r.Prepare()
	r.launchers.Foster(ctx)
}

// Close ends the supervision of output files. Scripts that still run, and what they left
// behind, are not touched. Run must not be called after it.
func (r *Runner) Close() error {
	r.launchers.Close()
	return r.trimmer.close()
}
