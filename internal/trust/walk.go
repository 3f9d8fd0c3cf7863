package trust

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links the kernel follows (path_resolution(7)).
const maxLinks = 40

// step is the present place of a walk: a directory, or the file at the end.
type step struct {
	fd int    // O_PATH
	at string // its path, without links
	st unix.Stat_t
}

// maker makes what is missing in a directory that was judged.
type maker func(dir int, component string) error

// walk goes along the path component by component and judges each. If make is not nil it
// makes what is missing. It returns an O_PATH descriptor of a regular file or a
// directory.
func walk(name string, uid uint32, make maker) (int, error) {
	fail := func(err error) (int, error) { return -1, &fs.PathError{Op: "check", Path: name, Err: err} }
	if !path.IsAbs(name) || strings.ContainsRune(name, 0) {
		return fail(errors.New("not an absolute path"))
	}
	here, err := root(name, uid)
	if err != nil {
		return -1, err
	}
	rest, links := components(name), 0
	for len(rest) > 0 {
		next, target, err := here.down(name, rest[0], uid)
		if make != nil && errors.Is(err, fs.ErrNotExist) {
			if err = make(here.fd, rest[0]); err == nil {
				next, target, err = here.down(name, rest[0], uid)
			}
		}
		if err != nil {
			unix.Close(here.fd)
			return -1, err
		}
		rest = rest[1:]
		if target != "" {
			rest = append(components(target), rest...)
			if links++; links > maxLinks {
				unix.Close(here.fd)
				return fail(unix.ELOOP)
			}
			if !path.IsAbs(target) {
				continue
			}
			if next, err = root(name, uid); err != nil {
				unix.Close(here.fd)
				return -1, err
			}
		}
		unix.Close(here.fd)
		here = next
	}
	if kind := here.st.Mode & unix.S_IFMT; kind != unix.S_IFREG && kind != unix.S_IFDIR {
		unix.Close(here.fd)
		return fail(errors.New("not a regular file"))
	}
	return here.fd, nil
}

func components(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
}

func root(name string, uid uint32) (step, error) {
	return open(unix.AT_FDCWD, "/", "/", name, uid)
}

// down goes one component further. If that is a symbolic link, it stays and returns the
// target of the link.
func (s step) down(name, component string, uid uint32) (step, string, error) {
	at := path.Join(s.at, component)
	next, err := open(s.fd, component, at, name, uid)
	if err != nil || next.st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return next, "", err
	}
	defer unix.Close(next.fd)
	// In a sticky directory anybody may have made the link.
	if s.st.Mode&0o022 != 0 && next.st.Uid != 0 && next.st.Uid != uid {
		return step{}, "", &Error{Path: name, At: at, What: foreign(next.st.Uid), Remedy: "chown -h root " + at}
	}
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(next.fd, "", target)
	if err != nil {
		return step{}, "", &fs.PathError{Op: "readlink", Path: at, Err: err}
	}
	return step{}, string(target[:n]), nil
}

// open opens and judges one component; links are opened themselves and not judged.
func open(dir int, component, at, name string, uid uint32) (step, error) {
	s := step{at: at}
	fd, err := unix.Openat(dir, component, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return s, &fs.PathError{Op: "open", Path: at, Err: err}
	}
	s.fd = fd
	if err := unix.Fstat(fd, &s.st); err != nil {
		unix.Close(fd)
		return s, &fs.PathError{Op: "stat", Path: at, Err: err}
	}
	if s.st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return s, nil
	}
	if err := judge(name, at, &s.st, uid); err != nil {
		unix.Close(fd)
		return s, err
	}
	return s, nil
}
