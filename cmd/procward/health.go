package main

import (
	"context"
	"fmt"
	"time"

	"procward/internal/notify"
)

// roundTime is how long the engine may take to come round before it is taken for stuck.
const roundTime = 10 * time.Second

// healthy is nil while the engine, and what it has begun, make progress. It takes at most
// roundTime.
func (d *daemon) healthy() error {
	ctx, cancel := context.WithTimeout(context.Background(), roundTime)
	defer cancel()
	if err := d.loop.Round(ctx); err != nil {
		return fmt.Errorf("the engine has not come round for %v", roundTime)
	}
	return d.host.Stuck()
}

// beat feeds the service manager's watchdog, where there is one, while all is well. It
// ends with ctx.
func (d *daemon) beat(ctx context.Context) error {
	every, err := notify.Watchdog()
	if every <= 0 {
		return err
	}
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if d.healthy() == nil {
				_ = notify.Alive() // if it fails the service manager finds out by itself
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return nil
}
