package state

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

// openOwn opens a file of ours for writing, and makes it if it is missing. Something else
// with that name (a directory, a link, a file with a second name) is set aside first.
func openOwn(dir *os.File, name string) (*os.File, error) {
	f, err := openAt(dir, name, unix.O_WRONLY|unix.O_CREAT)
	if err == nil && ours(f) {
		return f, nil
	}
	if err == nil {
		f.Close()
	} else if !errors.Is(err, unix.ELOOP) && !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.ENXIO) {
		return nil, err
	}
	if _, err := setAside(dir, name); err != nil {
		return nil, err
	}
	return openAt(dir, name, unix.O_WRONLY|unix.O_CREAT)
}

func ours(f *os.File) bool {
	var st unix.Stat_t
	err := unix.Fstat(int(f.Fd()), &st)
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink == 1 && st.Uid == uint32(os.Geteuid())
}

func openAt(dir *os.File, name string, flags int) (*os.File, error) {
	fd, err := unix.Openat(int(dir.Fd()), name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// open opens a file that we may believe, whatever it is, without waiting for anybody.
func open(path string) (*os.File, error) {
	if os.Geteuid() == 0 {
		return trust.Open(path, 0)
	}
	return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
}
