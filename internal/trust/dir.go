package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Dir opens the directory at the path, so that files in it can be made by descriptor. If
// it is missing Dir makes it with the mode, and the directories above it. As root it must
// be one that Check accepts for root alone, and nothing is made in a directory that Check
// would not accept: somebody who can write a directory on the way decides where the rest
// is made.
func Dir(path string, mode fs.FileMode) (*os.File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		if err := os.MkdirAll(path, mode); err != nil {
			return nil, err
		}
		return os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0)
	}
	fd, err := walk(path, 0, func(dir int, component string) error {
		err := unix.Mkdirat(dir, component, uint32(mode.Perm()))
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return &fs.PathError{Op: "mkdir", Path: path, Err: err}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	f, err := reopen(fd, path)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.IsDir() {
		f.Close()
		return nil, errors.Join(err, &fs.PathError{Op: "open", Path: path, Err: unix.ENOTDIR})
	}
	return f, nil
}

// Within is a name in an open directory as a path. It leads to exactly that directory,
// whatever is put in its place or in the place of one above it.
func Within(dir *os.File, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name)
}
