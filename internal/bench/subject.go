package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"procward/internal/ktime"
	"procward/procscan"
	"procward/watch"
)

// The subjects that bench itself can be: watch.Tracker and nothing else, as the daemon
// sets it, and set to read the cause of a death before it tells of it; the passive checks
// of many processes; the active checks of a server, the same requests without them, and
// that server.
const (
	asTracker   = "tracker"
	asWithCause = "tracker-with-cause"
	asVital     = "vital"
	asProbes    = "probes"
	asRequests  = "requests"
	asServer    = "server"
)

// beSubject turns this process into a subject of the measurement.
func beSubject(ctx context.Context, as string, args []string) error {
	switch {
	case as == asTracker || as == asWithCause:
		return beTracker(ctx, as)
	case as == asVital && len(args) > 1:
		return beVital(ctx, args[0], args[1:])
	case as == asProbes && len(args) == 1:
		return beProbes(ctx, args[0])
	case as == asRequests && len(args) == 1:
		return beRequests(ctx, args[0])
	case as == asServer:
		return beServer()
	}
	return fmt.Errorf("-as %s: there is no such subject, or something is missing", as)
}

// account prints, for each line on stdin, the CPU time that this process has used so far,
// user and system time of all threads. It ends with stdin, or with a failure.
func account(failure func() error) error {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var used unix.Rusage
		if err := errors.Join(failure(), unix.Getrusage(unix.RUSAGE_SELF, &used)); err != nil {
			return err
		}
		fmt.Println(used.Utime.Nano() + used.Stime.Nano())
	}
	return failure()
}

func beTracker(ctx context.Context, as string) error {
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
			at := ktime.Monotonic()
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
