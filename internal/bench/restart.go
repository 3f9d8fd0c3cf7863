package main

import (
	"context"
	"fmt"
	"time"

	"procward/internal/procfile"
)

func restart300(ctx context.Context, b *bench) (table, error) {
	if err := b.fill(ctx, max(300-len(procfile.PIDs()), 1)); err != nil {
		return table{}, err
	}
	t, _, err := restarts(ctx, b, b.rounds(30, 4), true)
	return t, err
}

func restart10000(ctx context.Context, b *bench) (table, error) {
	if err := b.fill(ctx, b.many()); err != nil {
		return table{}, err
	}
	t, ours, err := restarts(ctx, b, b.rounds(20, 4), false)
	if ours != nil {
		r := within("procward, with "+number(b.many())+" processes", ours.began, 25*time.Millisecond)
		t.rows = append([]row{r}, t.rows...)
	}
	return t, err
}

// restarts kills the targets of procward and of its peers in turns. race says that to be
// ahead of the peers is the goal.
func restarts(ctx context.Context, b *bench, rounds int, race bool) (t table, ours *supervised, err error) {
	a, err := b.newArena("restart", true)
	if err != nil {
		return t, nil, err
	}
	defer a.close()
	t.head = []string{"what", "peer", "procward", "ratio", "goal", ""}
	ours, d, err := underProcward(ctx, b, a)
	if err != nil {
		return t, nil, err
	}
	all := []*supervised{ours}
	defer func() { stopAll(all) }()
	heir, err := a.startHeir(ctx)
	if err != nil {
		return t, ours, err
	}
	defer heir.close()
	twin, err := underMemoryless(ctx, b, a)
	if err != nil {
		return t, ours, err
	}
	peers := parents(ctx, b, a, &t)
	all = append(append(all, twin), peers...)
	if err := warm(ctx, b, all, &t); err != nil {
		return t, ours, err
	}
	if err := killAll(ctx, all, rounds); err != nil {
		return t, ours, err
	}
	beside(&t, ours, peers, race)
	t.durable(ours, twin, race)
	t.note("Median of %d kills each, in turns, who comes first by luck. The peers are parents of their target and start it directly; procward is told by the kernel of a process that is not its child, looks in /proc once more, and starts a script. For procward the time ends at the script's first instruction, for the peers at the new target's; all of these are small static C programs. What they write while they do so, state files and a log, lies on %s.", rounds, fileSystem(b.dir))
	for _, s := range all {
		t.note("%s: %s.", s.who, s.spans())
	}
	t.note("procward does not read again what cannot have changed, as the kernel tells of every exec and rename. Where it does not, or where more of them happened than it keeps, the look takes as long as a whole scan.")
	return t, ours, a.inherit(ctx, heir, ours, d, &t)
}

// parents are the peers that could be had.
func parents(ctx context.Context, b *bench, a *arena, t *table) []*supervised {
	var all []*supervised
	for _, p := range []struct{ who, pkg, program string }{
		{"daemontools", "daemontools", "usr/bin/supervise"},
		{"runit", "runit", "usr/bin/runsv"},
	} {
		program, err := b.unpacked(ctx, p.pkg, p.program)
		var s *supervised
		if err == nil {
			s, err = underParent(ctx, a, p.who, program)
		}
		if err != nil {
			t.add(row{what: "beside " + p.who, verdict: failed})
			t.note("%v.", err)
			continue
		}
		all = append(all, s)
	}
	return all
}

// warm kills each target once before it counts, and once more when the crowd is old
// enough to be remembered.
func warm(ctx context.Context, b *bench, all []*supervised, t *table) error {
	if err := killAll(ctx, all, 1); err != nil {
		return err
	}
	t.note("The first restart of all, when the idle processes were %d s old: %s. procward reads those again that are younger than 10 s, unless it has read their names within the last second.", int(time.Since(b.crowd.born).Seconds()), show(all[0].began.median()))
	if err := b.aged(ctx); err != nil {
		return err
	}
	if err := killAll(ctx, all, 1); err != nil {
		return err
	}
	for _, s := range all {
		s.forget()
	}
	return nil
}

func beside(t *table, ours *supervised, peers []*supervised, race bool) {
	for _, p := range peers {
		r := against("beside "+p.who, p.up, ours.began, 0)
		if race && r.verdict == none {
			r.goal, r.verdict = "< 1.00", holds(ours.began.median() < p.up.median())
		}
		t.add(r)
	}
}

// durable says what it costs to write what must outlive the daemon before the script is
// started.
func (t *table) durable(ours, twin *supervised, race bool) {
	goal := 0.0
	if race {
		goal = 1.15
	}
	t.add(against("beside a procward that keeps nothing", twin.began, ours.began, goal))
	t.note("Before it starts a script procward writes down that it does so, with a directory for its state on the same file system. “memoryless” is a procward without one, which forgets when it ends.")
}

func (s *supervised) spans() string {
	if len(s.began) == 0 {
		return s.up.span()
	}
	return "script " + s.began.span() + ", new target " + s.up.span()
}

// heir is a shell that takes the place of a target by exec, without a fork.
type heir struct {
	*talker
	pid int
}

func (a *arena) startHeir(ctx context.Context) (*heir, error) {
	t, err := talk(ctx, "/bin/sh", "-c", `echo ready; read -r go; exec "$0" "$@"`, a.target, "bench-procward", a.report, a.lifeline)
	if err != nil {
		return nil, err
	}
	if _, err := t.hear(); err != nil {
		t.close()
		return nil, fmt.Errorf("start a shell: %w", err)
	}
	return &heir{t, t.cmd.Process.Pid}, nil
}

// close ends it, whatever it has become.
func (h *heir) close() {
	_ = h.cmd.Process.Kill() // fails where it has ended
	h.talker.close()
}

// inherit lets the old shell become a target and then kills the target. procward must
// see the heir, and start nothing.
func (a *arena) inherit(ctx context.Context, h *heir, ours *supervised, d *daemon, t *table) error {
	r := row{what: "a process that took the place by exec is seen", ours: "no", goal: "yes", verdict: missed}
	if err := sleep(ctx, time.Until(ours.since.Add(ours.rest))); err != nil {
		return err
	}
	_, from, err := d.messages(0)
	if err != nil {
		return err
	}
	old := ours.pid
	if err := h.say("go"); err != nil {
		return err
	}
	if _, err := ours.await(ctx, 0); err != nil {
		return err
	}
	if _, err := kill(old); err != nil {
		return err
	}
	err = d.await(ctx, 3*time.Second, from, "replaced", 1)
	all, _, _ := d.messages(from)
	for _, m := range all {
		if err == nil && m.Event == "replaced" && m.PID == h.pid && len(about(all, "restart")) == 0 {
			r.ours, r.verdict = "yes", met
		}
	}
	t.add(r)
	t.note("The heir is a shell that was there, and had another name, through all the looks before; procward's messages after its exec and the kill: %s.", said(all))
	return nil
}

// said is messages in words.
func said(all []message) string {
	if len(all) == 0 {
		return "none"
	}
	words := make([]string, len(all))
	for i, m := range all {
		words[i] = fmt.Sprintf("“%s”", m.Message)
	}
	return list(words)
}
