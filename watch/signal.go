package watch

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// SignalName is the name of a signal as signal(7) writes it, "signal 35" where it has none.
func SignalName(n int) string {
	if s := unix.SignalName(unix.Signal(n)); s != "" {
		return s
	}
	return "signal " + strconv.Itoa(n)
}
