package control

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Lock is held by one daemon for one socket or one state directory. The kernel releases
// it when the process ends, in whatever way.
//
// It is a record lock (fcntl(2), F_SETLK), which belongs to the process alone. A lock by
// flock(2) belongs to the open file, and a script has a copy of that from its fork until
// its execution: a daemon that is killed while it starts a script leaves the lock to the
// script, and if the program of the script is on a file system that hangs this takes
// long. A process loses a record lock with any descriptor of the file that it closes, so
// nothing else opens the file, and a second Acquire in one process looks like the first.
//
// A daemon that is killed while one of its threads waits for a file system that does not
// answer keeps its open files until that is over. So the lock has many seats, one byte
// each: the next daemon takes another seat, and has the lock if all that hold a seat are
// doomed.
type Lock struct {
	file *os.File
}

// Acquire takes the lock file path and writes our PID into it; if it is missing it is
// made with mode 0600. ErrRunning means that another process has the lock and has not
// ended within a moment; if its PID can be read it is named. The directory must exist.
func Acquire(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	if err = ownFile(f); err != nil {
		err = fmt.Errorf("lock %s: %w", path, err)
	} else if err = lock(f); errors.Is(err, errTaken) {
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

// ownFile reports an error unless it is a plain file of ours with no other name: nothing
// is written into a file that somebody else put there.
func ownFile(f *os.File) error {
	var st unix.Stat_t
	switch err := unix.Fstat(int(f.Fd()), &st); {
	case err != nil:
		return err
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return errors.New("it is not a regular file: remove it")
	case int(st.Uid) != os.Geteuid():
		return fmt.Errorf("it belongs to the user %d: remove it, or take another directory", st.Uid)
	case st.Nlink != 1:
		return errors.New("it has other names (hard links): remove it")
	}
	return nil
}

// A holder that was killed needs a moment to end. Wait for it, because somebody who
// starts the next daemon at once may not know this.
const (
	goingTime  = time.Second
	goingCheck = 10 * time.Millisecond
)

var errTaken = errors.New("taken")

func lock(f *os.File) error {
	for deadline := time.Now().Add(goingTime); ; time.Sleep(goingCheck) {
		err := try(f)
		if !errors.Is(err, errTaken) && !errors.Is(err, unix.EINTR) || time.Now().After(deadline) {
			return err
		}
	}
}

// seats is how many daemons may be doomed at the same time.
const seats = 64

// try takes the first seat that is free. If a living process holds another seat, ours is
// given back: two that try at the same time may both fail.
func try(f *os.File) error {
	for at := int64(0); at < seats; at++ {
		mine := unix.Flock_t{Type: unix.F_WRLCK, Start: at, Len: 1}
		err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &mine)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			continue
		}
		if err != nil {
			return err
		}
		for from := int64(0); from < seats; {
			other := unix.Flock_t{Type: unix.F_WRLCK, Start: from, Len: seats - from}
			if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &other); err != nil {
				return err
			}
			if other.Type == unix.F_UNLCK {
				return nil
			}
			if !doomed(int(other.Pid)) {
				mine.Type = unix.F_UNLCK
				return errors.Join(errTaken, unix.FcntlFlock(f.Fd(), unix.F_SETLK, &mine))
			}
			from = other.Start + 1
		}
		return nil
	}
	return errTaken
}

// Release gives the lock back. The file stays: if it were removed, two processes could
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
