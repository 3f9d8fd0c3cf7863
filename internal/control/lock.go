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

// Lock is held by one daemon for one socket or one state directory. The kernel drops
// it with the process, however that ends.
//
// It is a record lock (fcntl(2), F_SETLK), which belongs to the process alone. One by
// flock(2) belongs to the open file, of which a script has a copy from its fork until its
// execution: whoever is killed while it starts one leaves the lock to it, for as long as a
// program on a file system that hangs takes to be opened. A process gives a record lock
// back with any descriptor of the file that it closes, so nothing else opens it, and a
// second Acquire in one process is not told from the first.
//
// A daemon that was killed while one of its threads waits for a file system that does not
// answer keeps all that it had open until that is over. So the lock has many seats, a byte
// each: the next daemon takes another one, and has the lock if all who hold a seat are
// doomed.
type Lock struct {
	file *os.File
}

// Acquire takes the lock file path, made with mode 0600 where it is missing, and writes
// our PID into it. ErrRunning, with the PID of the holder where it can be read, says that
// another process has it, and has not ended within a moment. The directory must exist.
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

// ownFile holds for a plain file of ours that has no other name: into another one, put there
// by whoever may write the directory, nothing is written.
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

// A holder that was killed takes a moment to end: it is waited for, since whoever starts
// the next one at once need not know that it has.
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

// seats is how many daemons may be doomed at once.
const seats = 64

// try takes the first seat that is free. Where somebody who lives holds another one it is
// given back: two who try at once may both fail.
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
