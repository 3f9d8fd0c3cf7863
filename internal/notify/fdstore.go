package notify

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// StoreFD gives the service manager a descriptor to keep while the daemon is restarted
// (sd_pid_notify_with_fds(3), FDSTORE=1). The unit says how many it keeps:
// FileDescriptorStoreMax=. The name must not contain a colon. The descriptor is kept also
// when something happens on it (FDPOLL=0, systemd 246). Without a service manager nothing
// is done.
func StoreFD(name string, fd int) error {
	return sendWith("FDSTORE=1\nFDPOLL=0\nFDNAME="+line(name), unix.UnixRights(fd))
}

// ForgetFD tells the service manager to drop what it keeps under a name.
func ForgetFD(name string) error {
	return sendWith("FDSTOREREMOVE=1\nFDNAME="+line(name), nil)
}

// Barrier returns when the service manager has read everything that was sent before, or
// after the time (sd_notify_barrier(3), systemd 246). If a process ends without it, its
// last messages may be lost: the service manager identifies senders by their PIDs.
func Barrier(wait time.Duration) error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("notify the service manager: pipe: %w", err)
	}
	defer unix.Close(pipe[0])
	err := sendWith("BARRIER=1", unix.UnixRights(pipe[1]))
	unix.Close(pipe[1])
	if err != nil {
		return err
	}
	fds := []unix.PollFd{{Fd: int32(pipe[0])}} // there is a hang-up when the other end is closed
	for deadline := time.Now().Add(wait); ; {
		n, err := unix.Poll(fds, int(max(time.Until(deadline), 0)/time.Millisecond))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("wait for the service manager: %w", err)
		case n == 0:
			return errors.New("the service manager does not answer")
		default:
			return nil
		}
	}
}

func sendWith(text string, rights []byte) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("notify the service manager: socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Sendmsg(fd, []byte(text), rights, &unix.SockaddrUnix{Name: path}, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("notify the service manager: sendmsg: %w", err)
	}
	return nil
}

// firstFD is the first descriptor that is passed, SD_LISTEN_FDS_START of sd_listen_fds(3).
const firstFD = 3

// StoredFDs returns what the service manager has kept, by name, in the order in which it
// is passed: LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES of sd_listen_fds_with_names(3).
// The descriptors are made close-on-exec and belong to the caller, and the variables are
// removed. Call it once, before another descriptor with such a number can have been
// opened and closed.
func StoredFDs() (names []string, fds []int) {
	defer func() {
		for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
			os.Unsetenv(name)
		}
	}()
	pid, err := strconv.Atoi(os.Getenv("LISTEN_PID"))
	n, err2 := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || err2 != nil || pid != os.Getpid() || n <= 0 {
		return nil, nil
	}
	names = strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for i := range n {
		unix.CloseOnExec(firstFD + i)
		fds = append(fds, firstFD+i)
		if i >= len(names) {
			names = append(names, "")
		}
	}
	return names[:n], fds
}
