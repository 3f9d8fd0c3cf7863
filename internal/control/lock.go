package control

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Lock is held by one daemon for one socket or one state directory. The kernel drops
// it with the process, however that ends.
type Lock struct {
	file *os.File
}

// Acquire takes the lock file path, made with mode 0600 where it is missing, and writes
// our PID into it. It does not wait: ErrRunning, with the PID of the holder where it
// can be read, says that another process has it. The directory must exist.
func Acquire(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = running(holder(f), path)
	} else if err != nil {
		err = fmt.Errorf("lock %s: %w", path, err)
	} else {
		err = sign(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f}, nil
}

// Release gives the lock back. The file stays: removing it would let two processes
// each hold a lock on a file of that name.
func (l *Lock) Release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}

func sign(f *os.File) error {
	pid := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := f.WriteAt([]byte(pid), 0); err != nil {
		return fmt.Errorf("write the PID into the lock: %w", err)
	}
	return f.Truncate(int64(len(pid)))
}

func holder(f *os.File) int {
	text, _ := io.ReadAll(io.LimitReader(f, 32))
	pid, _ := strconv.Atoi(string(bytes.TrimSpace(text)))
	return pid
}

func running(pid int, path string) error {
	if pid <= 0 {
		return fmt.Errorf("%w (%s)", ErrRunning, path)
	}
	return fmt.Errorf("%w, pid %d (%s)", ErrRunning, pid, path)
}
