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
	tracked   int
	floor     *watcher
	ours      *watcher  // as the daemon has it
	withCause *watcher  // told after the cause of death was read
	bare      [3]sample // in the same order, where a bare child was killed
}

func (f *trio) all() []*watcher { return []*watcher{f.floor, f.ours, f.withCause} }

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
	rounds := b.rounds(200, 30)
	for range rounds {
		for _, f := range trios {
			if err := f.round(b.crowd); err != nil {
				return t, err
			}
		}
	}
	t.deathRows(trios, rounds)
	return t, nil
}

// round is one death for each watcher, and a bare one too.
func (f *trio) round(c *crowd) error {
	for i, w := range f.all() {
		took, err := w.death(c, program)
		if err != nil {
			return err
		}
		w.took = append(w.took, took)
		if took, err = w.death(c, bare); err != nil {
			return err
		}
		f.bare[i] = append(f.bare[i], took)
	}
	return nil
}

func (t *table) deathRows(trios []*trio, rounds int) {
	for _, f := range trios {
		t.add(against(number(f.tracked)+" tracked", f.floor.took, f.ours.took, 1.25))
	}
	t.add(growth(trios[0], trios[len(trios)-1]))
	for _, f := range trios {
		t.add(against(number(f.tracked)+" tracked, the cause as well", f.floor.took, f.withCause.took, 0))
	}
	last := trios[len(trios)-1]
	t.add(against(number(last.tracked)+" tracked, a bare child", last.bare[0], last.bare[1], 0),
		against(number(last.tracked)+" tracked, a bare child, the cause as well", last.bare[0], last.bare[2], 0))
	t.note("Median of %d kills each, in turns. From just before kill(2), by the parent, to the return of epoll_wait(2) in the floor, and to the call of the event function of the tracker, set as the daemon sets it: the cause of death is read after the event was told. The rows “the cause as well” are with the cause read from /proc before. The dead are not reaped before.", rounds)
	t.note("The victims have executed a program, sleep(1). A bare child, which was forked and has executed nothing, is the least that can be killed; it is shown beside.")
	for _, f := range trios {
		t.note("%s tracked: floor %s; procward %s; the cause as well %s.", number(f.tracked), f.floor.took.span(), f.ours.took.span(), f.withCause.took.span())
	}
}

// growth is a row that compares the most tracked with the fewest.
func growth(fewest, most *trio) row {
	floor := ratio(most.floor.took.median(), fewest.floor.took.median())
	ours := ratio(most.ours.took.median(), fewest.ours.took.median())
	return row{
		what:  "growth from 1 to " + number(most.tracked),
		floor: fmt.Sprintf("×%.2f", floor), ours: fmt.Sprintf("×%.2f", ours),
		goal: "none (≤ ×1.10)", verdict: holds(ours <= 1.10),
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
	f.withCause, err = startWatcher(ctx, idle, self, "-as", asWithCause)
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
func (w *watcher) death(c *crowd, kind string) (time.Duration, error) {
	pid, err := c.more(kind)
	if err != nil {
		return 0, err
	}
	if err := w.track(pid); err != nil {
		return 0, err
	}
	if _, err := w.ask("s"); err != nil {
		return 0, err
	}
	if err := c.say("k %d", pid); err != nil {
		return 0, err
	}
	line, err := w.hear()
	if err != nil {
		return 0, err
	}
	killed, err := c.reap(pid)
	if err != nil {
		return 0, err
	}
	told, at, _ := strings.Cut(line, " ")
	ns, err := strconv.ParseInt(at, 10, 64)
	if err != nil || told != strconv.Itoa(pid) {
		return 0, fmt.Errorf("after the death of %d it was told: %q", pid, line)
	}
	return time.Duration(ns) - killed, nil
}
