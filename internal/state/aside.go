package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// bad begins the names of files that were set aside; so many of them are kept.
const (
	bad  = "state.bad-"
	keep = 3
)

// setAside renames a file (or whatever has its name) to state.bad-TIME, with the wall
// clock in UTC, and returns its new path.
func setAside(dir *os.File, name string) (string, error) {
	base := bad + time.Now().UTC().Format("20060102T150405Z")
	to := base
	for n := 1; ; n++ {
		err := move(dir, name, to)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EEXIST) || n == 100 {
			return "", fmt.Errorf("set it aside: %w", err)
		}
		to = fmt.Sprintf("%s-%02d", base, n)
	}
	prune(dir.Name())
	return filepath.Join(dir.Name(), to), nil
}

// move is a rename that replaces nothing, if the file system can do that.
func move(dir *os.File, from, to string) error {
	fd := int(dir.Fd())
	err := unix.Renameat2(fd, from, fd, to, unix.RENAME_NOREPLACE)
	if unsupported(err) {
		err = unix.Renameat(fd, from, fd, to)
	}
	return err
}

// prune removes the oldest files that were set aside; a directory that is not empty
// stays.
func prune(dir string) {
	entries, _ := os.ReadDir(dir) // by name, so the oldest come first
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), bad) {
			names = append(names, e.Name())
		}
	}
	for len(names) > keep {
		_ = os.Remove(filepath.Join(dir, names[0]))
		names = names[1:]
	}
}

// unsupported reports whether a file system or kernel does not know a flag of renameat2(2).
func unsupported(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP)
}
