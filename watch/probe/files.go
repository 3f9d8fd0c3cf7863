package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
)

// files keeps the content of files until one of them changes, so that a renewed
// certificate or password needs no reload.
type files[T any] struct {
	paths   []string
	load    func() (T, error)
	seen    []stamp
	last    T
	known   bool // last is
	reading hang.Guard
}

// stamp tells versions of a file apart.
type stamp struct {
	dev, ino    uint64
	size        int64
	mtime, ctim unix.Timespec
}

// filesOf is the files among needs, with the function that reads them.
func filesOf[T any](needs []Need, load func() (T, error)) *files[T] {
	f := &files[T]{load: load}
	for _, n := range needs {
		f.paths = append(f.paths, n.Argv[0])
	}
	return f
}

func (f *files[T]) none() bool { return len(f.paths) == 0 }

// read is the present content of the files. Reading may hang; the time of the check
// stands still meanwhile.
func (f *files[T]) read(ctx context.Context, b *budget) (T, error) {
	if f.none() && f.known {
		return f.last, nil
	}
	defer b.pause()()
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	said, err := hang.Until(ctx, &f.reading, "files", f.now)
	if errors.Is(err, hang.ErrHangs) {
		err = fmt.Errorf("read %s: %w", strings.Join(f.paths, ", "), err)
	}
	return said, err
}

// now reads the files if one of them has changed.
func (f *files[T]) now() (none T, err error) {
	seen := make([]stamp, len(f.paths))
	for i, path := range f.paths {
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			return none, &os.PathError{Op: "stat", Path: path, Err: err}
		}
		seen[i] = stamp{uint64(st.Dev), st.Ino, st.Size, st.Mtim, st.Ctim}
	}
	if f.known && slices.Equal(seen, f.seen) {
		return f.last, nil
	}
	said, err := f.load()
	if err != nil {
		return none, err
	}
	f.seen, f.last, f.known = seen, said, true
	return said, nil
}
