package vital

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestClock(t *testing.T) {
	const tick = time.Second
	for name, c := range map[string]struct {
		mono, boot time.Duration // since the last tick
		counted    time.Duration
		lapsed     bool
	}{
		"in time":              {tick, tick, tick, false},
		"a little late":        {1500 * time.Millisecond, 1500 * time.Millisecond, 1500 * time.Millisecond, false},
		"late":                 {4 * tick, 4 * tick, 2 * tick, false},
		"stopped or starved":   {time.Minute, time.Minute, 2 * tick, true},
		"suspended":            {tick, time.Hour, tick, true},
		"suspended in between": {tick / 10, 8 * time.Hour, tick / 10, true},
		"suspended shortly":    {tick, 2 * tick, tick, false},
	} {
		var at clock
		at.step(100*time.Second, 200*time.Second, tick)
		before := at.now
		lapsed := at.step(100*time.Second+c.mono, 200*time.Second+c.boot, tick)
		if got := at.now - before; got != c.counted || lapsed != c.lapsed {
			t.Errorf("%s: counted %v, lapsed %t", name, got, lapsed)
		}
		if got := at.until(100*time.Second+c.mono+tick/4, tick); got != tick*3/4 {
			t.Errorf("%s: the next in %v", name, got)
		}
	}
	var c clock
	c.step(5*time.Hour, 5*time.Hour, 100*time.Millisecond)
	if c.step(5*time.Hour+1900*time.Millisecond, 5*time.Hour+1900*time.Millisecond, 100*time.Millisecond) {
		t.Error("a short tick that is late on a loaded host is a lapse")
	}
}

// No alarm after a suspend: the time of it does not count, and the clock begins anew.
func TestSuspend(t *testing.T) {
	v, s := startVictim(t), stage(t, 0)
	s.attend(stallSpec(Sign{Stopped: d(long)}), v.id)
	s.tick(1)
	v.Signal(unix.SIGSTOP)
	v.awaitState("T")
	s.tick(3)
	s.expect("stopped", "ok failing")
	s.now += stagedTick
	s.once(s.now, s.now+time.Hour) // CLOCK_BOOTTIME went on by an hour
	s.now += stagedTick
	s.once(s.now, s.now+time.Hour)
	s.expect("stopped", "")
	for range 2 {
		s.now += stagedTick
		s.once(s.now, s.now+time.Hour)
	}
	s.expect("stopped", "bad")
	s.now += stagedTick
	s.once(s.now, s.now+9*time.Hour)
	s.expect("stopped", "") // what is bad stays so
}
