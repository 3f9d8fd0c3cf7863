package confd

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Follow calls changed whenever the drop-ins are no longer those of the last Load, once
// nothing was written for the time quiet. The kernel wakes it; by itself it looks only
// every rescan, for what the kernel does not tell: a link that leads elsewhere, a
// directory remade together with the one above it. It returns when ctx ends; changed
// is called by the same goroutine, one call at a time.
func (l *Loader) Follow(ctx context.Context, quiet, rescan time.Duration, changed func()) {
	f := follower{quiet: quiet, rescan: rescan, dir: l.from.path, look: l.look, changed: changed}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		defer w.Close()
		f.events, f.errors, f.watch = w.Events, w.Errors, func() error { return watch(w, l.from.path) }
		err = f.watch()
	}
	if err != nil && l.fallback != nil {
		l.fallback(err)
	}
	f.loop(ctx)
}

// watch has the kernel tell of changes in the directory, and of its own coming and
// going, which the directory above it tells. One that is not there now is no error.
func watch(w *fsnotify.Watcher, dir string) error {
	_ = w.Remove(dir) // it may be the watch of a directory that is no longer the one of this name
	err := errors.Join(w.Add(filepath.Dir(dir)), w.Add(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// look says whether the drop-ins are others than were loaded or announced, and notes
// them as announced.
func (l *Loader) look() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, _ := l.from.list() // of an error the sum tells
	if found.seen == l.seen {
		return false
	}
	l.seen = found.seen
	return true
}

// follower waits for changes to settle.
type follower struct {
	quiet, rescan time.Duration
	dir           string
	events        <-chan fsnotify.Event // nil: only the rescan
	errors        <-chan error
	watch         func() error // nil: nothing to watch with
	look          func() bool
	changed       func()
}

// loop looks after each quiet time that follows an event, and once at the start, for
// what changed before the watch stood.
func (f follower) loop(ctx context.Context) {
	settle, slow := time.NewTimer(f.quiet), time.NewTicker(f.rescan)
	defer settle.Stop()
	defer slow.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-f.events:
			if f.concerns(e) {
				settle.Reset(f.quiet)
			}
		case <-f.errors: // events were lost
			settle.Reset(f.quiet)
		case <-slow.C:
			f.rewatch()
			settle.Reset(f.quiet)
		case <-settle.C:
			if f.look() {
				f.changed()
			}
		}
	}
}

// concerns says whether an event may change what a load would read.
func (f follower) concerns(e fsnotify.Event) bool {
	if e.Name == f.dir {
		if e.Has(fsnotify.Create) || e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
			f.rewatch()
		}
		return true
	}
	return filepath.Dir(e.Name) == f.dir && isDropin(filepath.Base(e.Name))
}

// rewatch watches again what may have been replaced. Failing that, the rescan does.
func (f follower) rewatch() {
	if f.watch != nil {
		_ = f.watch()
	}
}
