package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"procward/internal/ktime"

	"golang.org/x/sys/unix"
)

// restartLimit is how long a supervisor may take.
const restartLimit = 15 * time.Second

// supervised is one target and who restarts it.
type supervised struct {
	who     string        // the supervisor
	rest    time.Duration // it is not killed when younger: supervisors punish that
	records <-chan record
	stop    func() // ends the supervisor; the target is left

	pid   int
	since time.Time
	began sample // death to the script's first instruction, where there is a script
	up    sample // death to the new target's first instruction
}

// awaitFirst waits for the target to be there.
func (s *supervised) awaitFirst(ctx context.Context) error {
	_, err := s.await(ctx, 0)
	return err
}

// await hears records until the target is up. It takes the times since the kill.
func (s *supervised) await(ctx context.Context, killed time.Duration) (began bool, err error) {
	late := time.After(restartLimit)
	for {
		select {
		case <-ctx.Done():
			return began, ctx.Err()
		case <-late:
			return began, fmt.Errorf("%s did not restart its target within %v", s.who, restartLimit)
		case r := <-s.records:
			switch {
			case killed == 0 || r.at < killed:
			case r.kind == scriptBegan:
				began = true
				s.began = append(s.began, r.at-killed)
			case r.kind == targetUp:
				s.up = append(s.up, r.at-killed)
			}
			if r.kind == targetUp {
				s.pid, s.since = r.pid, time.Now()
				return began, nil
			}
		}
	}
}

// kill kills the target and waits until it is back.
func (s *supervised) kill(ctx context.Context) error {
	if err := sleep(ctx, time.Until(s.since.Add(s.rest))); err != nil {
		return err
	}
	killed, err := kill(s.pid)
	if err != nil {
		return fmt.Errorf("kill the target of %s: %w", s.who, err)
	}
	_, err = s.await(ctx, killed)
	return err
}

// forget drops what was measured.
func (s *supervised) forget() { s.began, s.up = nil, nil }

// kill kills one of our targets and tells the time just before.
func kill(pid int) (time.Duration, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	at := ktime.Monotonic()
	return at, unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
}

// killAll kills the target of each, in turns, so many times. Who comes first finds a host
// that has slept, which costs it more than half a millisecond: so the order is by luck.
func killAll(ctx context.Context, all []*supervised, rounds int) error {
	for range rounds {
		for _, i := range rand.Perm(len(all)) {
			if err := all[i].kill(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// stopAll ends the supervisors.
func stopAll(all []*supervised) {
	for _, s := range all {
		s.stop()
	}
}
