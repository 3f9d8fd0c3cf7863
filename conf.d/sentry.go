package confd

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// mark tells directories with the same name apart.
type mark struct{ dev, ino uint64 }

// sentry lets the kernel report changes along the trails of a directory.
type sentry struct {
	from    directory
	watcher *fsnotify.Watcher
	seen    map[string]mark // what is watched
}

// watch watches what the paths lead to now, and nothing else. If a directory does not
// exist that is no error: the directory in which it will appear is watched.
func (s *sentry) watch() (trails, error) {
	t := s.from.trace()
	for dir := range s.seen {
		if !t.dirs[dir] {
			_ = s.watcher.Remove(dir)
			delete(s.seen, dir)
		}
	}
	var errs []error
	watched := s.watcher.WatchList()
	for dir := range t.dirs {
		before := s.seen[dir]
		if !slices.Contains(watched, dir) { // the kernel has ended the watch: the directory was removed
			before = mark{}
		}
		now, err := patiently(s.from.guard, "watch "+dir, func() (mark, error) { return s.add(dir, before) })
		s.seen[dir] = now
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			errs = append(errs, err)
		}
	}
	return t, errors.Join(errs...)
}

// add watches a directory, unless it is watched already.
func (s *sentry) add(dir string, before mark) (mark, error) {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return mark{}, err
	}
	now := mark{uint64(st.Dev), st.Ino}
	if before == now {
		return now, nil
	}
	_ = s.watcher.Remove(dir) // it may be the watch of a directory that has another name by now
	return now, s.watcher.Add(dir)
}
