package script

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"procward/internal/launch"
	"procward/internal/trust"
)

// searchPath is the PATH of every script, as login(1) and systemd give it to root.
const searchPath = trust.SearchPath

// longestPause is the longest wait between two tries to start a script.
const longestPause = 30 * time.Second

// persist starts the script, with many tries if job.Persist allows them.
func (r *Runner) persist(ctx context.Context, job Job, out *output) (launch.Started, error) {
	for pause := time.Second; ; pause = min(2*pause, longestPause) {
		s, err := r.start(ctx, job, out)
		if !job.Persist || !errors.Is(err, launch.ErrLack) {
			return s, err
		}
		if r.Say != nil {
			r.Say(err.Error() + "; it is tried again in " + pause.String())
		}
		again := time.NewTimer(pause)
		defer again.Stop()
		select {
		case <-again.C:
		case <-job.End:
			return s, errUnwanted
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

// start executes the program.
func (r *Runner) start(ctx context.Context, job Job, out *output) (launch.Started, error) {
	env, err := environment(job.Env)
	if err != nil {
		return launch.Started{}, fmt.Errorf("start %s: %w", job.Argv[0], err)
	}
	if job.End != nil {
		var end context.CancelCauseFunc
		ctx, end = context.WithCancelCause(ctx)
		defer end(nil)
		done := make(chan struct{})
		defer close(done)
		go func() {
			select {
			case <-job.End:
				end(errUnwanted)
			case <-done:
			}
		}()
	}
	s, err := r.launchers.Start(ctx, launch.Program{
		Argv: job.Argv, Env: env, User: job.User, Stdin: job.Stdin, Output: out.fd(), Guarded: r.Guarded && job.Argv[0] != launch.OwnProgram, Within: job.Timeout, Whole: job.Whole,
	})
	return s, err
}

// errUnwanted is the error of a start that was given up because of job.End.
var errUnwanted = errors.New("it is not wanted any more")

// unstarted is the result of a start that was refused, or given up.
func unstarted(ctx context.Context, job Job, err error) Result {
	res := Result{Code: -1, Err: err, Lack: errors.Is(err, launch.ErrLack)}
	var hung *launch.Hung
	if !errors.As(err, &hung) {
		return res
	}
	res.Left = hung.Left()
	if ctx.Err() != nil {
		res.Err = ctx.Err()
		return res
	}
	hung.Kill()
	res.TimedOut = errors.Is(err, launch.ErrLate)
	return res
}

// environment is PATH, LANG as the daemon has it, and what the job says; nothing else of
// our environment.
func environment(job map[string]string) ([]string, error) {
	lang := os.Getenv("LANG")
	if lang == "" {
		lang = "C.UTF-8"
	}
	env := map[string]string{"PATH": searchPath, "LANG": lang}
	maps.Copy(env, job)
	list := make([]string, 0, len(env))
	for name, value := range env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("environment: %q=%q is no variable", name, value)
		}
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list, nil
}
