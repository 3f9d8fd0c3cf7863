package confd

import (
	"context"
	"maps"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Follow calls changed whenever the drop-ins are no longer those of the last Load, once
// nothing was written for the time quiet. The kernel wakes it, also where a link in the
// directory, or one on the way, leads to something new; by itself it looks only every
// rescan, for what the kernel does not tell: what is done on another host, a directory
// exchanged together with those above it. It returns when ctx ends; changed is called by
// the same goroutine, one call at a time.
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

// look reports whether the drop-ins are others than were loaded or announced, and notes
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
	events        <-chan fsnotify.Event // nil: only the rescan
	errors        <-chan error
	watch         func() (trails, error) // nil: nothing to watch with
	trails        trails
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
			if f.trails.concern(e.Name) {
				settle.Reset(f.quiet)
			}
		case <-f.errors: // events were lost
			settle.Reset(f.quiet)
		case <-slow.C:
			settle.Reset(f.quiet)
		case <-settle.C:
			// It is watched anew before it is read, so that nothing is missed in between.
			// Failing that, the rescan finds it.
			moved := f.rewatch()
			if f.look() {
				f.changed()
			}
			if moved { // what has just appeared may have had more put into it already
				settle.Reset(f.quiet)
			}
		}
	}
}

// rewatch watches what the paths lead to now, and says whether that is something else.
func (f *follower) rewatch() bool {
	if f.watch == nil {
		return false
	}
	before := f.trails
	f.trails, _ = f.watch()
	return !maps.Equal(before.dirs, f.trails.dirs)
}
