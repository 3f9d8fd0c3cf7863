package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
	"procward/watch"
)

// The subjects that bench itself can be: watch.Tracker and nothing else, as the daemon
// sets it, and set to read the cause of a death before it tells of it.
const (
	asTracker   = "tracker"
	asWithCause = "tracker-with-cause"
)

// monotonic is the clock of every measurement, which C programs read too.
func monotonic() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail: the clock exists
	return time.Duration(ts.Nano())
}

// beSubject turns this process into a subject of the measurement.
func beSubject(ctx context.Context, as string) error {
	if as != asTracker && as != asWithCause {
		return fmt.Errorf("-as %s: there are only %s and %s", as, asTracker, asWithCause)
	}
	fs, err := procscan.Open("/proc")
	if err != nil {
		return err
	}
	tracker, err := watch.NewTracker(fs, watch.Options{
		CauseLater: as == asTracker,
		Note:       func(text string) { fmt.Fprintln(os.Stderr, text) },
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	var failure error
	running.Go(func() {
		failure = tracker.Run(ctx, func(events []watch.Event) {
			at := monotonic()
			for _, e := range events {
				if !e.Belated {
					fmt.Printf("%d %d\n", e.ID.PID, at)
				}
			}
		})
	})
	err = obey(fs, tracker)
	cancel()
	running.Wait()
	_ = tracker.Close()
	if err == nil {
		err = failure
	}
	return err
}

// obey does what floor/death.c does at the same words.
func obey(fs *procscan.FS, tracker *watch.Tracker) error {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		word, arg, _ := strings.Cut(lines.Text(), " ")
		if word == "s" {
			fmt.Printf("s %d\n", tracker.Stats().Tracked-tracker.Stats().Polled)
			continue
		}
		pid, err := strconv.Atoi(arg)
		if err != nil {
			return err
		}
		p, err := fs.Read(pid)
		if err != nil {
			return err
		}
		if err := tracker.Track(p.ID); err != nil {
			return err
		}
	}
	return nil
}
