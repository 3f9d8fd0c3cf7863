package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"procward/internal/procfile"
)

// What "none to speak of" is taken to mean, and the memory that is allowed.
const (
	idleCPU      = 10 * time.Millisecond // in all
	idleSwitches = 1.0                   // a second, over all threads
	idleMemory   = 24 << 10              // kB
)

// usage is what a process has used so far.
type usage struct {
	cpu      time.Duration
	switches int // voluntary and not, of all threads: how often one was woken, or made to wait
	rss      int // kB
}

// idle measures a daemon that tracks many and has nothing to do.
func idle(ctx context.Context, b *bench) (t table, err error) {
	if err := b.fill(ctx, b.many()); err != nil {
		return t, err
	}
	dir, err := os.MkdirTemp(b.dir, "idle-")
	if err != nil {
		return t, err
	}
	d, err := b.startDaemon(ctx, dir, fmt.Sprintf("processes:\n  idle:\n    match: {name: %s}\n    restart: {attempts: 0}\n", idleName))
	if err != nil {
		return t, err
	}
	defer d.stop()
	if err := d.await(ctx, 30*time.Second, 0, "found", 1); err != nil {
		return t, err
	}
	pid := d.cmd.Process.Pid
	if err := until(ctx, 30*time.Second, "a pidfd for each", func() (bool, error) { return tracks(pid, len(b.crowd.pids)) }); err != nil {
		return t, err
	}
	span := time.Duration(b.rounds(30, 5)) * time.Second
	before, err := atRest(ctx, pid)
	if err != nil {
		return t, err
	}
	if err := sleep(ctx, span); err != nil {
		return t, err
	}
	after, err := used(pid)
	t.idleRows(len(b.crowd.pids), span, before, after)
	return t, err
}

// atRest waits until a daemon that has found its processes has read what it remembers of
// them, and gives what it has used until then: nothing more for half a minute.
func atRest(ctx context.Context, pid int) (usage, error) {
	for {
		before, err := used(pid)
		if err != nil {
			return before, err
		}
		if err := sleep(ctx, 30*time.Second); err != nil {
			return before, err
		}
		after, err := used(pid)
		if err != nil || after.cpu-before.cpu < idleCPU {
			return after, err
		}
	}
}

func (t *table) idleRows(tracked int, span time.Duration, before, after usage) {
	cpu, switches := after.cpu-before.cpu, after.switches-before.switches
	rate := float64(switches) / span.Seconds()
	t.add(
		row{what: "CPU time until it is at rest", ours: show(before.cpu)},
		row{what: fmt.Sprintf("CPU time in %v", span), ours: show(cpu), goal: "≤ " + show(idleCPU), verdict: holds(cpu <= idleCPU)},
		row{what: fmt.Sprintf("context switches in %v", span), ours: number(switches), goal: fmt.Sprintf("≤ %.0f a second", idleSwitches), verdict: holds(rate <= idleSwitches)},
		row{what: "resident memory", ours: fmt.Sprintf("%.1f MiB", float64(after.rss)/1024), goal: fmt.Sprintf("< %d MiB", idleMemory>>10), verdict: holds(after.rss < idleMemory)},
	)
	t.note("One entry that matches %s processes by name, a pidfd each. CPU time and context switches are those of all threads (/proc/PID/task/*/schedstat and status), memory is VmRSS. It is at rest when all are found, and have been read as often as young processes are in their first half minute; they are read once more after five minutes.", number(tracked))
}

// tracks says whether a process has at least n descriptors that are pidfds.
func tracks(pid, n int) (bool, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	names, err := os.ReadDir(dir)
	if err != nil || len(names) < n {
		return false, err
	}
	got := 0
	for _, name := range names {
		// A descriptor may be closed between the two; then it is none of those.
		if link, err := os.Readlink(filepath.Join(dir, name.Name())); err == nil && strings.Contains(link, "pidfd") {
			got++
		}
	}
	return got >= n, nil
}

// cpuTime is what a process and all its threads have used so far, in steps of 10 ms.
func cpuTime(pid int) (time.Duration, error) {
	s, err := procfile.Read(pid)
	return time.Duration(s.CPU) * procfile.Tick, err
}

// used reads what a process has used.
func used(pid int) (u usage, err error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil || len(tasks) == 0 {
		return u, errors.Join(fmt.Errorf("the daemon (pid %d) is gone", pid), err)
	}
	for _, task := range tasks {
		sched, err := os.ReadFile(filepath.Join(task, "schedstat"))
		if err != nil {
			return u, fmt.Errorf("read the CPU time: %w", err)
		}
		ns, _, _ := strings.Cut(string(sched), " ")
		cpu, err := strconv.ParseInt(ns, 10, 64)
		if err != nil {
			return u, fmt.Errorf("read the CPU time: %w", err)
		}
		u.cpu += time.Duration(cpu)
		status := filepath.Join(task, "status")
		for _, key := range []string{"voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"} {
			n, err := strconv.Atoi(field(status, key))
			if err != nil {
				return u, fmt.Errorf("read the context switches: %w", err)
			}
			u.switches += n
		}
	}
	u.rss, err = strconv.Atoi(strings.TrimSuffix(field(fmt.Sprintf("/proc/%d/status", pid), "VmRSS"), " kB"))
	return u, err
}
