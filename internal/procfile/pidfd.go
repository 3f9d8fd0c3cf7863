package procfile

import (
	"time"

	"golang.org/x/sys/unix"
)

// Ended waits until the process of a pidfd has ended (all its threads), for at most a time, and
// reports whether it has: the pidfd is readable then (pidfd_open(2)).
func Ended(pidfd int, wait time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for end := time.Now().Add(wait); ; wait = time.Until(end) {
		n, err := unix.Poll(fds, int((max(wait, 0)+time.Millisecond-1)/time.Millisecond))
		if err != unix.EINTR {
			return n > 0 && err == nil, err
		}
	}
}
