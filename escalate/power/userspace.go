package power

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"procward/internal/scalar"
)

// Userspace is the monitor of stalls of the user space: the watchdog is fed only while a
// process, a thread and a small write succeed.
type Userspace struct {
	Interval scalar.Duration `yaml:"interval"` // 30s, above 0
	Timeout  scalar.Duration `yaml:"timeout"`  // 60s, above 0
}

// DefaultUserspace is what the section holds before its keys are read.
func DefaultUserspace() Userspace {
	return Userspace{Interval: scalar.Duration(30 * time.Second), Timeout: scalar.Duration(time.Minute)}
}

// SetDefaults is for who reads the keys.
func (u *Userspace) SetDefaults() { *u = DefaultUserspace() }

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (u Userspace) Validate() error {
	var errs []error
	if u.Interval <= 0 {
		errs = append(errs, scalar.Errorf("interval", "must be above 0s"))
	}
	if u.Timeout <= 0 {
		errs = append(errs, scalar.Errorf("timeout", "must be above 0s"))
	}
	return errors.Join(errs...)
}

// Prover proves again and again that the user space works.
//
// The proof is a process of our own program, which starts a thread and writes a file:
// what hangs or dies then is that process and never this one. Go's runtime ends a
// process that cannot have a thread, and a thread in a hung write can never be had back.
type Prover struct {
	spec  Userspace
	dir   string
	prove func(context.Context, string) error // of a test
	busy  atomic.Bool                         // a proof that was given up is still there

	mu   sync.Mutex
	last time.Time // of the last proof that succeeded
	err  error     // of the last proof
}

// NewProver makes one that writes into dir, which should be where what matters is: the
// state directory. It starts its proofs by run.
func NewProver(spec Userspace, dir string, run Run) *Prover {
	return &Prover{spec: spec, dir: dir, prove: func(ctx context.Context, dir string) error { return ProveUserspace(ctx, dir, run) }}
}

// Run proves at once and then every Interval, until ctx ends. It calls say when the
// proofs begin to fail, and with nil when they succeed again.
func (p *Prover) Run(ctx context.Context, say func(error)) {
	tick := time.NewTicker(p.spec.Interval.D())
	defer tick.Stop()
	for failing := false; ; {
		if err := p.Prove(ctx); ctx.Err() == nil && failing != (err != nil) {
			failing = !failing
			say(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Prove does one proof and returns within Timeout. While one that was given up still
// hangs it does not begin another.
func (p *Prover) Prove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.spec.Timeout.D())
	defer cancel()
	err := p.bounded(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err = err; err == nil {
		p.last = time.Now()
	}
	return err
}

func (p *Prover) bounded(ctx context.Context) error {
	if !p.busy.CompareAndSwap(false, true) {
		return errors.New("user space: the process of the last proof still hangs")
	}
	done := make(chan error, 1)
	go func() {
		err := p.prove(ctx, p.dir)
		p.busy.Store(false)
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("user space: no proof: %w", ctx.Err())
	}
}

// Alive is nil while a proof has succeeded within Interval and Timeout together, and
// before the first has. A machine on which the proof has not worked since procward began
// is not reset for that: it would be reset again after each boot.
func (p *Prover) Alive() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.last.IsZero() || time.Since(p.last) <= p.spec.Interval.D()+p.spec.Timeout.D():
		return nil
	case p.err == nil:
		return fmt.Errorf("user space: the last proof was %v ago", time.Since(p.last).Round(time.Second))
	}
	return p.err
}

// proofWord is the first argument of the process that is the proof.
const proofWord = "prove-userspace"

// The exit codes of that process. 2 is Go's own, of a thread that could not be had.
const (
	proofNoThread = 2
	proofNoWrite  = 3
)

// Run runs our own program with these arguments and gives its exit code, -1 where a signal
// has ended it. The error says why it could not be started. When ctx ends it is killed;
// what cannot die at once is waited for all the same.
type Run func(ctx context.Context, argv []string) (code int, err error)

// ProveUserspace succeeds if a process can be started, and in it a thread, and a small
// file in dir can be written and synced, before ctx ends. It may hang as run does, so a
// caller that must not hang uses a Prover. The program must call ProofMain.
func ProveUserspace(ctx context.Context, dir string, run Run) error {
	code, err := run(ctx, []string{"/proc/self/exe", proofWord, dir})
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("user space: no proof: %w", ctx.Err())
	case err != nil:
		return fmt.Errorf("user space: no process can be started: %w", err)
	case code == proofNoThread:
		return errors.New("user space: no thread can be started")
	case code == proofNoWrite:
		return fmt.Errorf("user space: a file in %s cannot be written and synced", dir)
	case code != 0:
		return fmt.Errorf("user space: the process of the proof ended with code %d", code)
	}
	return nil
}
