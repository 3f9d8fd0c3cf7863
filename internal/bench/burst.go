package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"procward/internal/ktime"

	"golang.org/x/sys/unix"
)

const (
	parallel  = 8       // scripts that run at a time
	burstName = "burst" // and a number: the targets
)

// rush is a number of targets that are killed at once, again and again.
type rush struct {
	*arena
	daemon *daemon
	spawn  string
	count  int
	by     string
	keeps  bool           // what must outlive the daemon, as in production
	pids   map[string]int // of the targets, by name
	took   sample
	floor  sample
	cpu    sample // of the daemon, until all had recovered
	downs  []int  // for each round: targets whose death was told
	runs   []int  // and how many scripts ran
	twice  int
	found  time.Duration // from the start of the daemon until it had told of all
}

// patience is how long a part of the measurement may take at most.
const patience = 4 * time.Minute

// bursts kills all targets of a daemon at once.
func bursts(ctx context.Context, b *bench) (t table, err error) {
	rounds := b.rounds(3, 1)
	var all []*rush
	for _, how := range []struct {
		by    string
		keeps bool
	}{{"name", true}, {"name", false}, {"args", true}} {
		r, err := b.newRush(ctx, how.by, how.keeps, b.burst())
		if err == nil {
			err = r.rounds(ctx, b, rounds)
		}
		if r != nil {
			r.daemon.stop()
			r.close()
			r.rows(&t)
			all = append(all, r)
		}
		if err != nil {
			return t, err
		}
	}
	t.add(keeping(all[0], all[1]))
	t.note("Median of %d rounds, the floor in turns. From before the first SIGKILL to the last script's last instruction; the floor is a C program that spawns as many of the same scripts, %d at a time as procward does. Each target is an entry of its own.", rounds, parallel)
	t.note("Before it starts a script procward writes down that it does so, in files on %s. The growth that this is is that of the ratios to the floors.", fileSystem(b.dir))
	return t, nil
}

// keeping is a row that compares a daemon with one that keeps nothing.
func keeping(ours, twin *rush) row {
	with, without := ratio(ours.took.median(), ours.floor.median()), ratio(twin.took.median(), twin.floor.median())
	growth := with / max(without, 1e-9)
	return row{what: "beside a procward that keeps nothing", floor: fmt.Sprintf("%.2f", without), ours: fmt.Sprintf("%.2f", with),
		ratio: fmt.Sprintf("%.2f", growth), goal: "≤ 1.10", verdict: holds(growth <= 1.10)}
}

// newRush starts the targets and a daemon that watches each of them.
func (b *bench) newRush(ctx context.Context, by string, keeps bool, count int) (*rush, error) {
	a, err := b.newArena("burst", false)
	if err != nil {
		return nil, err
	}
	r := &rush{arena: a, count: count, by: by, keeps: keeps, spawn: b.tool("spawn"), pids: map[string]int{}}
	if _, err := r.spawnAll(ctx, a); err != nil {
		return r, err
	}
	if err := r.learn(ctx, 0); err != nil {
		return r, err
	}
	state := filepath.Join(a.dir, "state")
	if !keeps {
		state = memoryless
	}
	began := ktime.Monotonic()
	if r.daemon, err = b.startDaemonOf(ctx, a.dir, r.dropins(), state); err != nil {
		return r, err
	}
	err = r.daemon.await(ctx, patience, 0, "found", r.count)
	r.found = ktime.Monotonic() - began
	return r, err
}

// spawnAll starts all targets by the floor's program and says when it began.
func (r *rush) spawnAll(ctx context.Context, a *arena) (time.Duration, error) {
	out, err := command(ctx, r.spawn, strconv.Itoa(r.count), strconv.Itoa(parallel), burstName, a.script, a.report, a.lifeline, a.target).Output()
	if err != nil {
		return 0, fmt.Errorf("spawn %d scripts: %w", r.count, err)
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return time.Duration(ns), err
}

// perDropin is how many entries one drop-in has.
const perDropin = 1000

func (r *rush) dropins() []string {
	var all []string
	for from := 0; from < r.count; from += perDropin {
		all = append(all, r.dropin(from, min(from+perDropin, r.count)))
	}
	return all
}

func (r *rush) dropin(from, to int) string {
	var y strings.Builder
	if from == 0 {
		fmt.Fprintf(&y, "daemon: {parallel-restarts: %d}\n", parallel)
	}
	fmt.Fprintln(&y, "processes:")
	for i := from; i < to; i++ {
		name := fmt.Sprintf("%s%04d", burstName, i+1)
		match := "name: " + name
		if r.by == "args" {
			match = fmt.Sprintf("args: '%s %s '", r.target, name)
		}
		fmt.Fprintf(&y, "  %s:\n    match: {%s}\n    restart:\n      run: [%s, %s, %s, %s, %s]\n      attempts: unlimited\n      settle: 1s\n",
			name, match, r.script, name, r.report, r.lifeline, r.target)
	}
	return y.String()
}

// learn takes the PIDs of the targets from the records, once all are up.
func (r *rush) learn(ctx context.Context, from int64) error {
	if err := until(ctx, patience, "all targets up", func() (bool, error) {
		n, err := count(r.report, from, targetUp+" "+burstName)
		return n >= r.count, err
	}); err != nil {
		return err
	}
	all, err := r.written(from)
	for _, rec := range all {
		if rec.kind == targetUp {
			r.pids[rec.name] = rec.pid
		}
	}
	return err
}

func (r *rush) rounds(ctx context.Context, b *bench, n int) error {
	for range n {
		if err := r.round(ctx); err != nil {
			return err
		}
		if err := r.floorRound(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// round kills all targets and waits until all have recovered.
func (r *rush) round(ctx context.Context) error {
	from, err := r.size()
	if err != nil {
		return err
	}
	_, said, err := r.daemon.messages(0)
	if err != nil {
		return err
	}
	before, err := cpuTime(r.daemon.cmd.Process.Pid)
	if err != nil {
		return err
	}
	killed, err := r.killAll()
	if err != nil {
		return err
	}
	if err := r.ended(ctx, from); err != nil {
		return err
	}
	if err := r.daemon.await(ctx, patience, said, "recovered", r.count); err != nil {
		return err
	}
	after, err := cpuTime(r.daemon.cmd.Process.Pid)
	if err != nil {
		return err
	}
	r.cpu = append(r.cpu, after-before)
	all, err := r.written(from)
	if err != nil {
		return err
	}
	r.took = append(r.took, last(all)-killed)
	r.countRuns(all)
	messages, _, err := r.daemon.messages(said)
	r.downs = append(r.downs, len(about(messages, "down")))
	if err != nil {
		return err
	}
	return r.learn(ctx, from)
}

// killAll kills every target by its pidfd and says when it began.
func (r *rush) killAll() (time.Duration, error) {
	fds := make([]int, 0, len(r.pids))
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	for _, pid := range r.pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			return 0, fmt.Errorf("open target %d: %w", pid, err)
		}
		fds = append(fds, fd)
	}
	began := ktime.Monotonic()
	for _, fd := range fds {
		if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil {
			return 0, fmt.Errorf("kill a target: %w", err)
		}
	}
	return began, nil
}

func (r *rush) size() (int64, error) {
	var st unix.Stat_t
	err := unix.Stat(r.report, &st)
	return st.Size, err
}

// ended waits until every script has ended.
func (r *rush) ended(ctx context.Context, from int64) error {
	got := 0
	err := until(ctx, patience, "the end of all scripts", func() (done bool, err error) {
		got, err = count(r.report, from, scriptEnds+" "+burstName)
		return got >= r.count, err
	})
	if err != nil {
		return fmt.Errorf("%d of %d: %w", got, r.count, err)
	}
	return nil
}

// countRuns counts whose script ran, and whose ran more than once.
func (r *rush) countRuns(all []record) {
	ran := map[string]int{}
	for _, rec := range all {
		if rec.kind == scriptBegan {
			ran[rec.name]++
		}
	}
	for _, n := range ran {
		if n > 1 {
			r.twice++
		}
	}
	r.runs = append(r.runs, len(ran))
}

// last is when the last script ended.
func last(all []record) (at time.Duration) {
	for _, rec := range all {
		if rec.kind == scriptEnds {
			at = max(at, rec.at)
		}
	}
	return at
}

// floorRound spawns as many scripts by the floor's program.
func (r *rush) floorRound(ctx context.Context, b *bench) error {
	a, err := b.newArena("spawn", false)
	if err != nil {
		return err
	}
	defer a.close()
	began, err := r.spawnAll(ctx, a)
	if err != nil {
		return err
	}
	all, err := a.written(0)
	if err != nil {
		return err
	}
	r.floor = append(r.floor, last(all)-began)
	return nil
}

func (r *rush) rows(t *table) {
	if len(r.took) == 0 {
		return
	}
	if !r.keeps {
		t.note("A procward that keeps nothing: %s, the floor %s; its own CPU time %s.", r.took.span(), r.floor.span(), show(r.cpu.median()))
		return
	}
	what := fmt.Sprintf("%s targets, each matched by %s: ", number(r.count), r.by)
	t.add(against(what+"total time", r.floor, r.took, 1.5))
	t.add(counted(what+"deaths told", r.downs, r.count, 0), counted(what+"scripts run, none twice", r.runs, r.count, r.twice))
	t.note("Matched by %s: %s, the floor %s; the daemon's own CPU time from the kills until all had recovered %s.", r.by, r.took.span(), r.floor.span(), show(r.cpu.median()))
}

// counted is a row of which every round must have the full count.
func counted(what string, rounds []int, want, twice int) row {
	r := row{what: what, ours: fmt.Sprint(rounds), goal: number(want), verdict: holds(twice == 0)}
	for _, n := range rounds {
		if n != want {
			r.verdict = missed
		}
	}
	if twice > 0 {
		r.ours += fmt.Sprintf(", %d twice", twice)
	}
	return r
}
