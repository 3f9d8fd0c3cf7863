package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// askers is how many clients ask for the status all the time.
const askers = 100

// asked measures death to script while many clients ask for the status without a pause, as
// a monitoring system does that has gone wrong.
func asked(ctx context.Context, b *bench) (t table, err error) {
	if err := b.fill(ctx, 300); err != nil {
		return t, err
	}
	a, err := b.newArena("asked", true)
	if err != nil {
		return t, err
	}
	defer a.close()
	ours, d, err := underProcward(ctx, b, a)
	if err != nil {
		return t, err
	}
	defer ours.stop()
	rounds := b.rounds(40, 8)
	alone, err := measureKills(ctx, ours, rounds)
	if err != nil {
		return t, err
	}
	answers, stop := askAll(ctx, d.socket)
	defer stop()
	if err := until(ctx, restartLimit, "answers to the clients", func() (bool, error) { return answers.Load() > askers, nil }); err != nil {
		return t, err
	}
	from, since := answers.Load(), time.Now()
	beset, err := measureKills(ctx, ours, rounds)
	rate := float64(answers.Load()-from) / time.Since(since).Seconds()
	if err != nil {
		return t, err
	}
	const goal = 100 * time.Millisecond
	t.head = []string{"what", "nobody asks", "procward", "ratio", "goal", ""}
	t.add(against(fmt.Sprintf("death to script, median, while %d clients ask for the status", askers), alone, beset, 0))
	t.add(row{what: "the same, p90", floor: show(alone.at(0.9)), ours: show(beset.at(0.9)),
		ratio: fmt.Sprintf("%.2f", ratio(beset.at(0.9), alone.at(0.9))), goal: "≤ " + show(goal), verdict: holds(beset.at(0.9) <= goal)})
	t.note("%d kills each: nobody asks %s; asked all the time %s. The clients, each with a connection of its own for each question, run on the same cores and got %.0f answers a second: those that wait share one reading of the status, and there is a rest after it.", rounds, alone.span(), beset.span(), rate)
	return t, nil
}

func measureKills(ctx context.Context, s *supervised, rounds int) (sample, error) {
	if err := killAll(ctx, []*supervised{s}, 2); err != nil { // to warm up
		return nil, err
	}
	s.forget()
	err := killAll(ctx, []*supervised{s}, rounds)
	return s.began, err
}

// askAll lets all clients ask until stop is called.
func askAll(ctx context.Context, socket string) (answers *atomic.Int64, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	answers = new(atomic.Int64)
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			for ctx.Err() == nil {
				if ask(ctx, client) == nil {
					answers.Add(1)
				}
			}
		})
	}
	return answers, func() {
		cancel()
		all.Wait()
	}
}

func ask(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://procward/v1/status", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err = io.Copy(io.Discard, resp.Body); err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered with %s", resp.Status)
	}
	return err
}
