// Package ktime reads the clocks of the kernel that package time does not offer.
package ktime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Boottime is the time since boot by CLOCK_BOOTTIME, which goes on while the machine is
// suspended; the start times of processes are on the same clock.
func Boottime() time.Duration { return read(unix.CLOCK_BOOTTIME) }

// Monotonic is CLOCK_MONOTONIC, which stands still while the machine is suspended; the
// timestamps of systemd and of the kernel's process events are on it.
func Monotonic() time.Duration { return read(unix.CLOCK_MONOTONIC) }

// read cannot fail: both clocks are there since Linux 2.6.39 and the pointer is good.
func read(clock int32) time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(clock, &ts)
	return time.Duration(ts.Nano())
}
