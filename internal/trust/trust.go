// Package trust tells whether a file may be believed by a process that runs as root:
// nobody but root (or the given user) can change it, put another in its place, or
// lead a symbolic link on the way to it elsewhere.
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
	At     string // what is at fault: the path itself, or a directory or link on the way to it
	What   string // "is writable by its group (mode 0664)"
	Remedy string // a command: "chmod go-w /etc/procward/conf.d/web.yaml"
}

// Error is "AT WHAT: REMEDY", with the path asked for in front where it is another one.
func (e *Error) Error() string {
	if e.At == e.Path {
		return fmt.Sprintf("%s %s: %s", e.At, e.What, e.Remedy)
	}
	return fmt.Sprintf("%s cannot be trusted: %s on the way to it %s: %s", e.Path, e.At, e.What, e.Remedy)
}

// Check says whether only root and the user uid can write the file or directory at
// the absolute path, and every directory above it. Symbolic links are followed step
// by step, and what they lead through is held to the same. A directory that all may
// write is fine on the way where it is sticky, as /tmp is. The error is an *Error
// where somebody else may write, and wraps fs.ErrNotExist where there is nothing.
func Check(path string, uid uint32) error {
	fd, err := walk(path, uid)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// Open opens for reading what Check would accept. It is the very file that was
// checked: nobody can exchange it in between.
func Open(path string, uid uint32) (*os.File, error) {
	fd, err := walk(path, uid)
	if err != nil {
		return nil, err
	}
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
	wrong := func(remedy, format string, args ...any) error {
		return &Error{Path: path, At: at, What: fmt.Sprintf(format, args...), Remedy: remedy + " " + at}
	}
	if st.Uid != 0 && st.Uid != uid {
		return wrong("chown root", "belongs to the user %d", st.Uid)
	}
	mode := st.Mode & unix.S_IFMT
	if mode == unix.S_IFDIR && st.Mode&unix.S_ISVTX != 0 {
		return nil
	}
	switch {
	case st.Mode&0o002 != 0:
		return wrong("chmod go-w", "is writable by everybody (mode %04o)", st.Mode&0o7777)
	case st.Mode&0o020 != 0:
		return wrong("chmod go-w", "is writable by its group (mode %04o)", st.Mode&0o7777)
	}
	return nil
}
