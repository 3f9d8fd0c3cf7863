package procscan

import (
	"errors"
	"fmt"
	"os"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// ErrGone means that the process of an ID has ended. It is certain; anything that is not
// certain is another error.
var ErrGone = errors.New("process is gone")

// Pidfd opens a file descriptor for exactly the process id, never for a later one with
// the same PID (pidfd_open(2)). It is close-on-exec and belongs to the caller. The error
// is ErrGone if the process has ended, a zombie included; any other error (EMFILE,
// ENOSYS) is returned wrapped.
func (fs *FS) Pidfd(id ID) (int, error) {
	fd, err := unix.PidfdOpen(id.PID, 0)
	if err != nil {
		return -1, fs.notOpened(id, err)
	}
	// The PID may have been reused before the open: the start time shows it. It may be
	// reused after the open and before the stat: then the pidfd is readable.
	err = fs.same(id)
	if err == nil {
		err = alive(fd)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("open a pidfd of %v: %w", id, err)
	}
	return fd, nil
}

// Signal sends a signal to exactly the process id. The error is ErrGone if it has ended.
func (fs *FS) Signal(id ID, sig unix.Signal) error {
	fd, err := fs.Pidfd(id)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	err = unix.PidfdSendSignal(fd, sig, nil, 0)
	if err == unix.ESRCH {
		err = ErrGone
	}
	if err != nil {
		return fmt.Errorf("send %s to %v: %w", unix.SignalName(sig), id, err)
	}
	return nil
}

// notOpened tells whether the process is gone or there was another reason for the error.
// The kernel returns EINVAL for a thread that leads no process; some kernels also for one
// that is just exiting.
func (fs *FS) notOpened(id ID, err error) error {
	switch err {
	case unix.ESRCH, unix.ENOENT, unix.EINVAL:
		if errors.Is(fs.same(id), ErrGone) {
			err = ErrGone
		}
	}
	return fmt.Errorf("open a pidfd of %v: %w", id, err)
}

// same returns nil while the process id lives, ErrGone when it has ended.
func (fs *FS) same(id ID) error {
	p, err := fs.Read(id.PID)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return ErrGone
	case err != nil:
		return err
	case p.Start != id.Start || p.Dead():
		return ErrGone
	}
	return nil
}

// alive returns nil while a pidfd is not readable, that is, while any thread lives.
func alive(fd int) error {
	ended, err := procfile.Ended(fd, 0)
	switch {
	case err != nil:
		return fmt.Errorf("poll: %w", err)
	case ended:
		return ErrGone
	}
	return nil
}
