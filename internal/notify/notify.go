// Package notify tells the service manager the state of the daemon, by the protocol of
// sd_notify(3). Without a service manager (NOTIFY_SOCKET is not set) every function does
// nothing. Each call sends one datagram, and waits while the service manager does not
// read its socket: call it outside the engine.
package notify

import (
	"fmt"
	"strings"
	"time"

	"procward/internal/ktime"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Ready says that the start, or a reload that was announced, is done. The status is one
// line of words about what the daemon does.
func Ready(status string) error {
	return send(daemon.SdNotifyReady, "STATUS="+line(status))
}

// Reloading announces a reload; Ready must follow it. It carries the present time of
// CLOCK_MONOTONIC, which Type=notify-reload (systemd 253) asks for and older ones ignore.
func Reloading() error {
	return send(daemon.SdNotifyReloading, fmt.Sprintf("MONOTONIC_USEC=%d", ktime.Monotonic().Microseconds()))
}

// Stopping says that the daemon is ending.
func Stopping() error { return send(daemon.SdNotifyStopping) }

// Alive feeds the watchdog. The caller decides when: only after progress of the engine.
func Alive() error { return send(daemon.SdNotifyWatchdog) }

// Watchdog is how often Alive must be called: half of WatchdogSec=, as
// sd_watchdog_enabled(3) advises. It is 0 without a watchdog, or if it is meant for
// another process.
func Watchdog() (time.Duration, error) {
	d, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0, fmt.Errorf("read the watchdog interval: %w", err)
	}
	return d / 2, nil
}

func send(assignments ...string) error {
	if _, err := daemon.SdNotify(false, strings.Join(assignments, "\n")); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}

// line replaces line ends, which would begin another assignment.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }
