// Package trust tells whether a process that runs as root may believe a file: nobody but
// root (or the given user) can change it, replace it, or redirect a symbolic link on the
// way to it.
package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Error says why a path is not trusted.
type Error struct {
	Path   string // as it was asked for
	At     string // the path itself, or a directory or link on the way to it
	What   string // "is writable by its group (mode 0664)"
	Remedy string // a command: "chmod go-w /etc/procward/conf.d/web.yaml"
}

// Error is "AT WHAT: REMEDY", preceded by the path asked for if that is another one.
func (e *Error) Error() string {
	if e.At == e.Path {
		return fmt.Sprintf("%s %s: %s", e.At, e.What, e.Remedy)
	}
	return fmt.Sprintf("%s cannot be trusted: %s on the way to it %s: %s", e.Path, e.At, e.What, e.Remedy)
}

// Check checks that only root and the user uid can write the file or directory at the
// absolute path, and every directory above it. Symbolic links are followed step by step,
// and the same holds for what they lead through. On the way a directory that everybody
// may write is fine if it is sticky, as /tmp is. The error is an *Error if somebody else
// may write, and wraps fs.ErrNotExist if there is nothing.
func Check(path string, uid uint32) error {
	fd, err := walk(path, uid, nil)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// Open opens for reading what Check would accept. It is exactly the file that was
// checked: nobody can exchange it in between.
func Open(path string, uid uint32) (*os.File, error) {
	fd, err := walk(path, uid, nil)
	if err != nil {
		return nil, err
	}
	return reopen(fd, path)
}

// reopen opens for reading the file of an O_PATH descriptor, and closes that descriptor.
func reopen(fd int, path string) (*os.File, error) {
	defer unix.Close(fd)
	f, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

// judge says what is wrong with one step of the walk, nil if nothing.
func judge(path, at string, st *unix.Stat_t, uid uint32) error {
	if st.Uid != 0 && st.Uid != uid {
		return &Error{Path: path, At: at, What: foreign(st.Uid), Remedy: "chown root " + at}
	}
	sticky := st.Mode&unix.S_IFMT == unix.S_IFDIR && st.Mode&unix.S_ISVTX != 0
	who := ""
	switch {
	case sticky || st.Mode&0o022 == 0:
		return nil
	case st.Mode&0o002 != 0:
		who = "everybody"
	default:
		who = "its group"
	}
	what := fmt.Sprintf("is writable by %s (mode %04o)", who, st.Mode&0o7777)
	return &Error{Path: path, At: at, What: what, Remedy: "chmod go-w " + at}
}

func foreign(uid uint32) string { return fmt.Sprintf("belongs to the user %d", uid) }
