package vital

import (
	"time"
)

// clock is the watcher's own clock. It counts only time in which somebody looked, so that
// no sign lasts because of time that nobody saw.
//
// Between two ticks it goes on by the time that passed on CLOCK_MONOTONIC, which stands
// still while the host is suspended, but by at most two ticks. If much more than a tick
// passed on CLOCK_BOOTTIME, which goes on, all signs that are not yet bad begin again:
// the host was suspended, or we were stopped or got no CPU time. The wall clock is not
// used.
type clock struct {
	now  time.Duration
	mono time.Duration // of the last tick; 0 before the first
	boot time.Duration
	took time.Duration // by the last tick
}

// A gap is a lapse if it is longer than so many ticks and longer than the least.
const (
	lapseTicks = 5
	lapseLeast = 2 * time.Second
)

// step takes the time of a tick, and reports whether there was a lapse before it.
func (c *clock) step(mono, boot, tick time.Duration) (lapsed bool) {
	if c.mono != 0 {
		c.now += min(max(mono-c.mono, 0), 2*tick)
		lapsed = boot-c.boot > max(lapseTicks*tick, lapseLeast)
	} else {
		c.now = tick // so that no time is 0
	}
	c.mono, c.boot = mono, boot
	return lapsed
}

// until is the time to the next tick: at least as long as the last one took, so that the
// watcher never uses more than half a CPU.
func (c *clock) until(mono, tick time.Duration) time.Duration {
	if c.mono == 0 {
		return 0
	}
	return max(c.mono+max(tick, 2*c.took)-mono, 0)
}
