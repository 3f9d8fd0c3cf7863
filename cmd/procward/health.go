package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"procward/internal/notify"
)

// beatEvery is how often the engine shows that it comes round, and staleAfter when it is
// taken for stuck.
const (
	beatEvery  = 5 * time.Second
	staleAfter = 30 * time.Second
)

// pulse is the last sign of progress: the engine has come round, and another goroutine has
// run after that.
type pulse struct {
	began time.Time
	last  atomic.Int64 // since began
}

func (p *pulse) mark() { p.last.Store(int64(time.Since(p.began))) }

// stale says that there is no sign any more.
func (p *pulse) stale() error {
	if since := time.Since(p.began) - time.Duration(p.last.Load()); since > staleAfter {
		return fmt.Errorf("the engine has not come round for %v", since.Round(time.Second))
	}
	return nil
}

// healthy is nil while the engine, and what it has begun, make progress.
func (d *daemon) healthy() error {
	if err := d.pulse.stale(); err != nil {
		return err
	}
	return d.host.Stuck()
}

// beat notes each round of the engine, and feeds the service manager's watchdog while all
// is well.
func (d *daemon) beat() error {
	every, err := notify.Watchdog()
	watched := every > 0
	if !watched || every > beatEvery {
		every = beatEvery
	}
	alive := make(chan struct{}, 1)
	go func() {
		for range alive {
			d.pulse.mark()
			if watched && d.host.Stuck() == nil {
				_ = notify.Alive() // if it fails the service manager finds out by itself
			}
		}
	}()
	d.engine.BeatEvery = every
	d.engine.Beat = func() {
		select {
		case alive <- struct{}{}:
		default:
		}
	}
	return err
}
