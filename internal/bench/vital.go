package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
	"procward/procscan"
	"procward/watch"
	"procward/watch/vital"
)

const (
	vitalCount  = 1000 // processes with passive checks
	vitalRounds = 5    // ticks of one measurement
	vitalGoal   = 2.0  // times the floor
)

// vitals measures the passive checks of many processes, at a tick of a second.
func vitals(ctx context.Context, b *bench) (t table, err error) {
	if err := b.fill(ctx, b.many()); err != nil {
		return t, err
	}
	pids := b.crowd.pids[:vitalCount]
	ids, err := identities(pids)
	if err != nil {
		return t, err
	}
	words := make([]string, len(pids))
	for i, pid := range pids {
		words[i] = strconv.Itoa(pid)
	}
	bare, err := talk(ctx, b.tool("vital"), words...)
	if err != nil {
		return t, err
	}
	defer bare.close()
	for _, how := range []struct {
		what, order string
		keep        int
	}{
		{"through descriptors that are kept", "k", vitalCount},
		{"without", "o", 0},
	} {
		var floor, ours sample
		for range b.rounds(5, 1) {
			took, err := askVital(bare, how.order)
			if err != nil {
				return t, err
			}
			floor = append(floor, took)
			if took, err = watchVital(ctx, ids, how.keep); err != nil {
				return t, err
			}
			ours = append(ours, took)
		}
		t.add(against("CPU time of a tick, "+how.what, floor, ours, vitalGoal))
		t.note("%s: %s of one CPU at a tick of 1 s; floor %s, ours %s.", how.what, share(ours.median()), floor.span(), ours.span())
	}
	few, err := watchVital(ctx, ids[:vitalCount/10], vitalCount)
	if err != nil {
		return t, err
	}
	t.note("For %s processes, through descriptors that are kept: %s a tick.", number(vitalCount/10), show(few))
	t.note("stopped, spinning, rss and fds of %s idle processes, user and system time of all threads. The floor reads the same files: stat, and the number of descriptors.", number(vitalCount))
	return t, nil
}

func share(d time.Duration) string { return fmt.Sprintf("%.1f %%", d.Seconds()*100) }

func identities(pids []int) ([]procscan.ID, error) {
	fs, err := procscan.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	ids := make([]procscan.ID, len(pids))
	for i, pid := range pids {
		p, err := fs.Read(pid)
		if err != nil {
			return nil, err
		}
		ids[i] = p.ID
	}
	return ids, nil
}

// askVital is the CPU time of one round of the floor.
func askVital(bare *talker, how string) (time.Duration, error) {
	line, err := bare.ask("%s %d", how, vitalRounds)
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(line, 10, 64)
	return time.Duration(ns), err
}

// watchVital is our CPU time of one tick: that of this process, which does nothing else.
func watchVital(ctx context.Context, ids []procscan.ID, keep int) (time.Duration, error) {
	w, err := vital.New("/proc", vital.Options{Keep: keep, Tell: func([]watch.Sign) {}})
	if err != nil {
		return 0, err
	}
	defer w.Close()
	w.Attend("bench", 1, ids, vitalSpec())
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	took, err := ownTime(ctx)
	stop()
	if failed := <-ended; err == nil {
		err = failed
	}
	return took, err
}

// ownTime begins and ends in the middle between two ticks.
func ownTime(ctx context.Context) (time.Duration, error) {
	var before, after unix.Rusage
	if err := sleep(ctx, 2500*time.Millisecond); err != nil {
		return 0, err
	}
	if err := unix.Getrusage(unix.RUSAGE_SELF, &before); err != nil {
		return 0, err
	}
	if err := sleep(ctx, vitalRounds*time.Second); err != nil {
		return 0, err
	}
	if err := unix.Getrusage(unix.RUSAGE_SELF, &after); err != nil {
		return 0, err
	}
	total := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	return time.Duration(total / vitalRounds), nil
}

func vitalSpec() vital.Spec {
	half, five := scalar.Duration(30*time.Second), scalar.Duration(5*time.Minute)
	limit := func(max vital.Amount) *vital.Limit {
		l := vital.DefaultLimit()
		l.Max = max
		return &l
	}
	return vital.Spec{
		Signs: []vital.Judged{{Sign: vital.Sign{Stopped: &half}}, {Sign: vital.Sign{Spinning: &five}}},
		Limits: vital.Limits{
			RSS: limit(vital.Amount{Form: vital.Size, N: 2 << 30}),
			FDs: limit(vital.Amount{Form: vital.Share, Share: 0.9}),
		},
	}
}
