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

// Userspace is the test whether the user space stalls: the watchdog is fed only while a
// process, a thread and a small write succeed.
type Userspace struct {
	// between two tests
	Interval scalar.Duration `yaml:"interval"`
	// of one test
	Timeout scalar.Duration `yaml:"timeout"`
}

// DefaultUserspace returns the defaults, before the keys are read.
func DefaultUserspace() Userspace {
	return Userspace{Interval: scalar.Duration(30 * time.Second), Timeout: scalar.Duration(time.Minute)}
}

// SetDefaults sets the defaults before the keys are read.
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
// The proof is a process of our own program, which starts a thread and writes a file: if
// something hangs or dies it is that process and never this one. Go's runtime ends a
// process that cannot get a thread, and a thread that hangs in a write can never be
// stopped.
type Prover struct {
	spec  Userspace
	dir   string
	prove func(context.Context, string) error // of a test
	busy  atomic.Bool                         // a proof that was given up still exists

	mu   sync.Mutex
	last time.Time // of the last proof that succeeded
	err  error     // of the last proof
}

// NewProver returns a Prover that writes into dir. This should be on the file system that
// matters: the state directory. It starts its proofs by run.
func NewProver(spec Userspace, dir string, run Run) *Prover {
	return &Prover{spec: spec, dir: dir, prove: func(ctx context.Context, dir string) error { return ProveUserspace(ctx, dir, run) }}
}

// Run does a proof at once and then every Interval, until ctx ends. It calls say when the
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

// Prove does one proof and returns within Timeout. If an earlier proof still hangs it
// does not begin another.
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

// Alive returns nil while a proof has succeeded within Interval and Timeout together, and
// before the first success. A machine on which the proof has not worked since procward
// began is not reset, because after the boot it would be reset again.
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

// The exit codes of that process. 2 is Go's own, if a thread could not be made.
const (
	proofNoThread = 2
	proofNoWrite  = 3
)

// Run runs our own program with these arguments and returns its exit code, -1 if a signal
// ended it. The error says why it could not be started. When ctx ends the program is
// killed; if it cannot die at once Run still waits for it.
type Run func(ctx context.Context, argv []string) (code int, err error)

// ProveUserspace succeeds if, before ctx ends, a process can be started, and in it a
// thread, and a small file in dir can be written and synced. It may hang as run does, so
// a caller that must not hang uses a Prover. The program must call ProofMain.
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
