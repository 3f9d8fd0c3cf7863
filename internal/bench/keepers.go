package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// restAfterStart lets a target grow older than the second within which daemontools and
// runit hold a restart back.
const restAfterStart = 1300 * time.Millisecond

// commSize is how much of a name the kernel keeps.
const commSize = 15

// underProcward starts a target and a procward that watches it.
func underProcward(ctx context.Context, b *bench, a *arena) (*supervised, *daemon, error) {
	return b.ward(ctx, a, "procward", filepath.Join(a.dir, "state"))
}

// underMemoryless does the same with a procward that keeps nothing.
func underMemoryless(ctx context.Context, b *bench, a *arena) (*supervised, error) {
	s, _, err := b.ward(ctx, a, "memoryless", memoryless)
	return s, err
}

func (b *bench) ward(ctx context.Context, a *arena, who, state string) (*supervised, *daemon, error) {
	name := "bench-" + who
	s := &supervised{who: who, rest: restAfterStart, records: a.records(name)}
	argv := []string{name, a.report, a.lifeline, a.target}
	if out, err := exec.CommandContext(ctx, a.script, argv...).CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("start the target: %w %s", err, out)
	}
	if err := s.awaitFirst(ctx); err != nil {
		return nil, nil, err
	}
	dropin := fmt.Sprintf(`processes:
  target:
    match: {name: %s}
    restart:
      run: [%s, %s, %s, %s, %s]
      attempts: unlimited
      settle: 300ms
`, name[:min(len(name), commSize)], a.script, name, a.report, a.lifeline, a.target)
	d, err := b.startDaemonWith(ctx, filepath.Join(a.dir, who), dropin, state)
	if err != nil {
		return nil, nil, err
	}
	s.stop = d.stop
	if err := d.await(ctx, 20*time.Second, 0, "found", 1); err != nil {
		d.stop()
		return nil, nil, err
	}
	return s, d, nil
}

// underParent starts a target below a program that is its parent and takes a directory
// with a program called run in it: supervise and runsv.
func underParent(ctx context.Context, a *arena, who, program string) (*supervised, error) {
	dir := filepath.Join(a.dir, who)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.Symlink(a.target, filepath.Join(dir, "run")); err != nil {
		return nil, err
	}
	cmd := command(ctx, program, dir)
	cmd.Env = a.environment("bench-" + who)
	return a.supervise(ctx, who, cmd)
}

// environment tells a target what it cannot be told by arguments.
func (a *arena) environment(name string) []string {
	return append(os.Environ(), "BENCH_NAME="+name, "BENCH_REPORT="+a.report, "BENCH_LIFELINE="+a.lifeline)
}

// supervise starts a supervisor that starts the target itself.
func (a *arena) supervise(ctx context.Context, who string, cmd *exec.Cmd) (*supervised, error) {
	s := &supervised{who: who, rest: restAfterStart, records: a.records("bench-" + who)}
	said, err := os.Create(filepath.Join(a.dir, who+".log"))
	if err != nil {
		return nil, err
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", who, err)
	}
	s.stop = func() {
		_ = cmd.Process.Kill() // TERM would make some end their target and others not
		_ = cmd.Wait()
	}
	if err := s.awaitFirst(ctx); err != nil {
		s.stop()
		text, _ := os.ReadFile(said.Name()) // to explain err; without it err stands alone
		return nil, fmt.Errorf("%w: it says: %s", err, text)
	}
	return s, nil
}
