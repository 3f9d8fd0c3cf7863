package main

import (
	"context"
	"errors"
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

// deaths measures from SIGKILL to the event, with few and with many tracked PIDs.
func deaths(ctx context.Context, b *bench) (table, error) {
	var t table
	if err := b.fill(ctx, b.many()); err != nil {
		return t, err
	}
	sizes := []int{1, b.many() / 10, len(b.crowd.pids)}
	pairs, err := watchAll(ctx, b, sizes)
	defer func() {
		for _, w := range pairs {
			w.close()
		}
	}()
	if err != nil {
		return t, err
	}
	rounds := b.rounds(250, 30)
	for i := range rounds * len(pairs) {
		if err := pairs[i%len(pairs)].death(b.crowd); err != nil {
			return t, err
		}
	}
	for i, n := range sizes {
		t.add(against(number(n)+" tracked", pairs[2*i].took, pairs[2*i+1].took, 1.25))
	}
	t.add(growth(pairs, sizes))
	t.note("Median of %d kills each, floor and procward in turns. From just before kill(2) by the parent to the return of epoll_wait(2) in the floor, to the call of the event function in procward, which by then has read the cause of death as well. The dead are not reaped before.", rounds)
	for i, n := range sizes {
		t.note("%s tracked: floor %s; procward %s.", number(n), pairs[2*i].took.span(), pairs[2*i+1].took.span())
	}
	return t, nil
}

// growth compares the most tracked with the fewest.
func growth(pairs []*watcher, sizes []int) row {
	last := len(pairs) - 2
	floor := ratio(pairs[last].took.median(), pairs[0].took.median())
	ours := ratio(pairs[last+1].took.median(), pairs[1].took.median())
	return row{
		what:  fmt.Sprintf("growth from 1 to %s", number(sizes[len(sizes)-1])),
		floor: fmt.Sprintf("×%.2f", floor), ours: fmt.Sprintf("×%.2f", ours),
		goal: "none (≤ ×1.10)", verdict: holds(ours <= 1.10),
	}
}

// watchAll starts a floor and a tracker for each size; the idle ones are tracked by all.
func watchAll(ctx context.Context, b *bench, sizes []int) ([]*watcher, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var all []*watcher
	for _, n := range sizes {
		for _, argv := range [][]string{{b.tool("death")}, {self, "-as", asTracker}} {
			t, err := talk(ctx, argv[0], argv[1:]...)
			if err != nil {
				return all, err
			}
			w := &watcher{talker: t}
			all = append(all, w)
			if err := w.track(b.crowd.pids[:n-1]...); err != nil {
				return all, err
			}
			if got, err := w.ask("s"); err != nil || got != fmt.Sprintf("s %d", n-1) {
				return all, fmt.Errorf("track %d processes: got %q: %w", n-1, got, errors.Join(err, errors.New("not all of them")))
			}
		}
	}
	return all, nil
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
