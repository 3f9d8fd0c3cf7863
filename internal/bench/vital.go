package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

const (
	vitalTicks = 3   // of one measurement
	vitalGoal  = 2.0 // times the floor
)

// vitalRun measures the passive checks of a number of processes, and the floor.
type vitalRun struct {
	count, keep int
	what        string
	floor, ours sample
}

// vitals measures the passive checks of few and many processes, at a tick of a second.
func vitals(ctx context.Context, b *bench) (t table, err error) {
	if err := b.fill(ctx, b.many()); err != nil {
		return t, err
	}
	runs := []*vitalRun{
		{count: b.many() / 100, keep: b.many()},
		{count: b.many() / 10, keep: b.many()},
		{count: b.many(), keep: b.many()},
		{count: b.many() / 10, what: ", no descriptor kept"},
	}
	rounds := b.rounds(3, 1)
	for _, r := range runs {
		if err := r.measure(ctx, b, rounds); err != nil {
			return t, fmt.Errorf("%s processes: %w", number(r.count), err)
		}
		what := number(r.count) + " processes" + r.what
		t.add(against("CPU time of a tick, "+what, r.floor, r.ours, vitalGoal))
		t.note("%s: floor %s; procward %s, %s of one CPU.", what, r.floor.span(), r.ours.span(), share(r.ours.median()))
	}
	few, most := runs[0], runs[2]
	floor, ours := ratio(most.floor.median(), few.floor.median()), ratio(most.ours.median(), few.ours.median())
	t.add(row{what: fmt.Sprintf("growth from %s to %s", number(few.count), number(most.count)),
		floor: fmt.Sprintf("×%.0f", floor), ours: fmt.Sprintf("×%.0f", ours), ratio: fmt.Sprintf("%.2f", ours/floor)})
	t.note("Median of %d rounds of %d ticks; the floor's lie between ours. The signs are stopped and spinning, the limits rss and fds; user and system time of all threads. The floor reads the same files of the same idle processes: stat, and the number of descriptors. Both read stat through descriptors that they keep open, but for the last row.", rounds, vitalTicks)
	return t, nil
}

func share(d time.Duration) string { return fmt.Sprintf("%.1f %%", d.Seconds()*100) }

// measure has the subject run all the time and the floor read between its ticks.
func (r *vitalRun) measure(ctx context.Context, b *bench, rounds int) error {
	words := make([]string, r.count)
	for i, pid := range b.crowd.pids[:r.count] {
		words[i] = strconv.Itoa(pid)
	}
	bare, err := talk(ctx, b.tool("vital"), words...)
	if err != nil {
		return err
	}
	defer bare.close()
	ours, err := subject(ctx, asVital, append([]string{strconv.Itoa(r.keep)}, words...)...)
	if err != nil {
		return err
	}
	defer ours.close()
	if _, err := ours.hear(); err != nil { // the first tick is now
		return err
	}
	middle := time.Now().Add(2500 * time.Millisecond)
	for range rounds {
		if err := r.round(ctx, bare, ours, middle); err != nil {
			return err
		}
		middle = middle.Add((vitalTicks + 1) * time.Second)
	}
	return nil
}

// round begins and ends in the middle between two ticks of ours.
func (r *vitalRun) round(ctx context.Context, bare, ours *talker, middle time.Time) error {
	if err := sleep(ctx, time.Until(middle)); err != nil {
		return err
	}
	before, err := ours.used()
	if err != nil {
		return err
	}
	order := "o"
	if r.keep > 0 {
		order = "k"
	}
	if err := bare.say("%s %d", order, vitalTicks); err != nil {
		return err
	}
	if err := sleep(ctx, time.Until(middle.Add(vitalTicks*time.Second))); err != nil {
		return err
	}
	after, err := ours.used()
	if err != nil {
		return err
	}
	line, err := bare.hear()
	if err != nil {
		return err
	}
	ns, err := strconv.ParseInt(line, 10, 64)
	r.floor = append(r.floor, time.Duration(ns))
	r.ours = append(r.ours, (after-before)/vitalTicks)
	return err
}
