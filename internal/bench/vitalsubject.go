package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"procward/internal/scalar"
	"procward/procscan"
	"procward/watch"
	"procward/watch/vital"
)

// beVital reads the vital signs of processes, with so many descriptors kept. It says when
// it begins.
func beVital(ctx context.Context, keep string, pids []string) error {
	n, err := strconv.Atoi(keep)
	if err != nil {
		return err
	}
	ids, err := identities(pids)
	if err != nil {
		return err
	}
	w, err := vital.New("/proc", vital.Options{Keep: n, Tell: func([]watch.SignChange) {}})
	if err != nil {
		return err
	}
	defer w.Close()
	w.Attend("bench", 1, ids, vitalSpec())
	ctx, stop := context.WithCancel(ctx)
	var t trouble
	var running sync.WaitGroup
	fmt.Println("begin")
	running.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.note(err)
		}
	})
	err = account(t.failure)
	stop()
	running.Wait()
	return err
}

func identities(pids []string) ([]procscan.ID, error) {
	fs, err := procscan.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	ids := make([]procscan.ID, len(pids))
	for i, word := range pids {
		pid, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		p, err := fs.Read(pid)
		if err != nil {
			return nil, err
		}
		ids[i] = p.ID
	}
	return ids, nil
}

func vitalSpec() vital.Spec {
	half, five := scalar.Duration(30*time.Second), scalar.Duration(5*time.Minute)
	limit := func(max vital.Amount) *vital.Limit {
		l := vital.DefaultLimit()
		l.Max = max
		return &l
	}
	memory := vital.DefaultMemory()
	memory.Max = vital.Amount{Form: vital.Size, N: 2 << 30}
	return vital.Spec{
		Signs: []vital.Judged{{Sign: vital.Sign{Stopped: &half}}, {Sign: vital.Sign{Spinning: &five}}},
		Limits: vital.Limits{
			RSS: &memory,
			FDs: limit(vital.Amount{Form: vital.Share, Share: 0.9}),
		},
	}
}
