package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// watcher is a talker that tells the end of the processes which it was told to track:
// the C floor, or watch.Tracker in a process of its own.
type watcher struct {
	*talker
	took sample
}

// trio is the watchers of one number of tracked PIDs.
type trio struct {
	tracked            int
	floor, ours, early *watcher
}

func (f *trio) all() []*watcher { return []*watcher{f.floor, f.ours, f.early} }

// deaths measures from SIGKILL to the event, with few and with many tracked PIDs.
func deaths(ctx context.Context, b *bench) (t table, err error) {
	if err := b.fill(ctx, b.many()); err != nil {
		return t, err
	}
	var trios []*trio
	defer func() {
		for _, f := range trios {
			f.close()
		}
	}()
	for _, n := range []int{1, b.many() / 10, b.many()} {
		f := &trio{tracked: n}
		trios = append(trios, f)
		if err := f.start(ctx, b); err != nil {
			return t, err
		}
	}
	rounds := b.rounds(250, 30)
	for range rounds {
		for _, f := range trios {
			for _, w := range f.all() {
				if err := w.death(b.crowd); err != nil {
					return t, err
				}
			}
		}
	}
	t.deathRows(trios, rounds)
	return t, nil
}

func (t *table) deathRows(trios []*trio, rounds int) {
	for _, f := range trios {
		t.add(against(number(f.tracked)+" tracked, the event with its cause", f.floor.took, f.ours.took, 1.25))
	}
	first, last := trios[0], trios[len(trios)-1]
	floor, ours := ratio(last.floor.took.median(), first.floor.took.median()), ratio(last.ours.took.median(), first.ours.took.median())
	t.add(row{
		what:  "growth from 1 to " + number(last.tracked),
		floor: fmt.Sprintf("×%.2f", floor), ours: fmt.Sprintf("×%.2f", ours),
		goal: "none (≤ ×1.10)", verdict: holds(ours <= 1.10),
	})
	for _, f := range trios {
		t.add(against(number(f.tracked)+" tracked, the event before its cause", f.floor.took, f.early.took, 0))
	}
	t.note("Median of %d kills each, in turns. From just before kill(2) by the parent to the return of epoll_wait(2) in the floor, and to the call of the event function in procward, which by then has read the cause of death from /proc; the last rows are with the option to tell the cause later. The dead are not reaped before.", rounds)
	for _, f := range trios {
		t.note("%s tracked: floor %s; with the cause %s; before it %s.", number(f.tracked), f.floor.took.span(), f.ours.took.span(), f.early.took.span())
	}
}

// start starts the watchers and has them track all but one: that one is killed.
func (f *trio) start(ctx context.Context, b *bench) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	idle := b.crowd.pids[:f.tracked-1]
	if f.floor, err = startWatcher(ctx, idle, b.tool("death")); err != nil {
		return err
	}
	if f.ours, err = startWatcher(ctx, idle, self, "-as", asTracker); err != nil {
		return err
	}
	f.early, err = startWatcher(ctx, idle, self, "-as", asEarly)
	return err
}

func (f *trio) close() {
	for _, w := range f.all() {
		if w != nil {
			w.close()
		}
	}
}

func startWatcher(ctx context.Context, idle []int, program string, args ...string) (*watcher, error) {
	t, err := talk(ctx, program, args...)
	if err != nil {
		return nil, err
	}
	w := &watcher{talker: t}
	if err := w.track(idle...); err != nil {
		return w, err
	}
	switch got, err := w.ask("s"); {
	case err != nil:
		return w, err
	case got != fmt.Sprintf("s %d", len(idle)):
		return w, fmt.Errorf("of %d processes are tracked: %q", len(idle), got)
	}
	return w, nil
}

func (w *watcher) track(pids ...int) error {
	for _, pid := range pids {
		if err := w.say("t %d", pid); err != nil {
			return err
		}
	}
	return nil
}

// death has one more process tracked and killed, and takes the time.
func (w *watcher) death(c *crowd) error {
	pid, err := c.fork()
	if err != nil {
		return err
	}
	if err := w.track(pid); err != nil {
		return err
	}
	if _, err := w.ask("s"); err != nil {
		return err
	}
	if err := c.say("k %d", pid); err != nil {
		return err
	}
	line, err := w.hear()
	if err != nil {
		return err
	}
	killed, err := c.reap(pid)
	if err != nil {
		return err
	}
	told, at, _ := strings.Cut(line, " ")
	ns, err := strconv.ParseInt(at, 10, 64)
	if err != nil || told != strconv.Itoa(pid) {
		return fmt.Errorf("after the death of %d it was told: %q", pid, line)
	}
	w.took = append(w.took, time.Duration(ns)-killed)
	return nil
}
