package confd

import (
	"context"
	"maps"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Follow calls changed when the drop-ins differ from those of the last Load and nothing
// was written for the time quiet. The kernel wakes it, also if a link in the directory,
// or one on the way, leads to something new. Without a report of the kernel it only looks
// every rescan, for changes on another host, or a directory that was exchanged together
// with those above it. It returns when ctx ends. changed is called by the same goroutine,
// one call at a time.
func (l *Loader) Follow(ctx context.Context, quiet, rescan time.Duration, changed func()) {
	f := follower{quiet: quiet, rescan: rescan, look: l.look, changed: changed}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		defer w.Close()
		s := sentry{from: l.from, watcher: w, seen: map[string]mark{}}
		f.events, f.errors, f.watch = w.Events, w.Errors, s.watch
		f.trails, err = f.watch()
	}
	if err != nil && l.fallback != nil {
		l.fallback(err)
	}
	f.loop(ctx)
}

// look reports whether the drop-ins differ from those that were loaded or announced, and
// notes them as announced.
func (l *Loader) look() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, _ := l.from.list() // for an error the sum differs too
	if found.seen == l.seen {
		return false
	}
	l.seen = found.seen
	return true
}

// follower waits for changes to settle.
type follower struct {
	quiet, rescan time.Duration
	events        <-chan fsnotify.Event // nil: only the rescan
	errors        <-chan error
	watch         func() (trails, error) // nil: the kernel cannot report changes
	trails        trails
	look          func() bool
	changed       func()
}

// loop looks after each quiet time that follows an event, and once at the start, because
// something may have changed before the watch began.
func (f follower) loop(ctx context.Context) {
	settle, slow := time.NewTimer(f.quiet), time.NewTicker(f.rescan)
	defer settle.Stop()
	defer slow.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-f.events:
			if f.trails.concern(e.Name) {
				settle.Reset(f.quiet)
			}
		case <-f.errors: // events were lost
			settle.Reset(f.quiet)
		case <-slow.C:
			settle.Reset(f.quiet)
		case <-settle.C:
			// Watch anew before reading, so that nothing is missed in between. If that fails, the
			// rescan finds it.
			moved := f.rewatch()
			if f.look() {
				f.changed()
			}
			if moved { // a new directory may already have something in it
				settle.Reset(f.quiet)
			}
		}
	}
}

// rewatch watches what the paths lead to now, and reports whether that is something else
// than before.
func (f *follower) rewatch() bool {
	if f.watch == nil {
		return false
	}
	before := f.trails
	f.trails, _ = f.watch()
	return !maps.Equal(before.dirs, f.trails.dirs)
}
