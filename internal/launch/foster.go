package launch

import (
	"context"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// lieTime is how long the dead are left, so that those who watch them can read their
	// cause.
	lieTime = 200 * time.Millisecond
	// doubtTime is how long a dead process is left that may just have been started by a
	// launcher: it may have ended before the launcher could say so.
	doubtTime = 10 * time.Second
)

// Foster reaps, until ctx ends, the children that we have not started: a process whose
// parent has ended is given to PID 1 of its container, or to a subreaper. It is for a
// program that is one of these and has no other children than those of its Launchers. The
// children that Start has returned are left to its callers.
func (p *Launchers) Foster(ctx context.Context) {
	deaths := make(chan os.Signal, 1)
	signal.Notify(deaths, unix.SIGCHLD)
	defer signal.Stop(deaths)
	doubts := map[int]time.Time{}
	again := time.NewTimer(lieTime) // for those that were here before
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-deaths:
			again.Reset(lieTime)
		case <-again.C:
			if doubts = p.bury(doubts); len(doubts) > 0 {
				again.Reset(doubtTime)
			}
		}
	}
}

// bury reaps the dead that belong to nobody, and returns those in doubt.
func (p *Launchers) bury(before map[int]time.Time) (doubts map[int]time.Time) {
	all := children() // read before the question what is being started
	p.mu.Lock()
	defer p.mu.Unlock()
	doubts = map[int]time.Time{}
	for _, c := range all {
		if !c.zombie || p.known[c.pid] || p.isLauncher(c.pid) {
			continue
		}
		since, seen := before[c.pid]
		if !seen {
			since = time.Now()
		}
		if p.flying > 0 && time.Since(since) < doubtTime {
			doubts[c.pid] = since
			continue
		}
		_, _ = unix.Wait4(c.pid, nil, unix.WNOHANG, nil)
	}
	return doubts
}

// isLauncher reports whether a child is a launcher. The goroutine that listens to a
// launcher reaps it, because it signals it before. It is called with the lock held.
func (p *Launchers) isLauncher(pid int) bool {
	for l := range p.all {
		if l.pid == pid {
			return true
		}
	}
	return p.maker != nil && p.maker.pid == pid
}
