package message

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// arrivals lets the kernel report what appears in the directories of some paths
// (inotify(7)), and nothing else: for many kernels each write to /dev/null is a change in
// /dev too. A directory that does not exist is left out.
func arrivals(paths []string) (*os.File, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	for _, path := range paths {
		_, _ = unix.InotifyAddWatch(fd, filepath.Dir(path), unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ONLYDIR)
	}
	return os.NewFile(uintptr(fd), "inotify"), nil
}

// told reads the reports of the kernel, and passes on that there was one. It ends when
// the file is closed, and closes the channel.
func told(arrivals *os.File, some chan<- struct{}) {
	defer close(some)
	buf := make([]byte, 4096)
	for {
		if _, err := arrivals.Read(buf); err != nil {
			return
		}
		select {
		case some <- struct{}{}:
		default:
		}
	}
}
