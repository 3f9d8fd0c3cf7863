package runlevel

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watch calls f with the reason when the host goes down, and with "" when it does not
// after all, until ctx ends. It also reports a shutdown that is already in progress. The
// error says why the kernel cannot report changes; if a host has neither file that is no
// error.
func (h Host) Watch(ctx context.Context, f func(why string)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	// For OpenRC the directory is watched, because the file is written anew; little else
	// changes in it.
	for _, path := range []string{h.path(utmp), filepath.Dir(h.path(softlevel))} {
		if err := w.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	said := said{levels{h.utmpLevel(), h.openrcLevel()}, reasons{init: h.Ends()}}
	told := said.why()
	if told != "" {
		f(told)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.Errors: // events were lost: look
		case ev := <-w.Events:
			if ev.Has(fsnotify.Remove) && ev.Name == h.path(utmp) {
				_ = w.Add(ev.Name) // if there is another file now
			}
		}
		said = h.news(ctx, said.levels, said.reasons)
		if why := said.why(); why != told {
			told = why
			f(why)
		}
	}
}

// said is what the files say, and why the host goes down according to them.
type said struct {
	levels
	reasons
}

type levels struct{ utmp, openrc string }

type reasons struct{ init, openrc string }

func (r reasons) why() string { return cmp.Or(r.openrc, r.init) }

// news takes in what was written since: only that is believed. If a file is empty, it is
// just being written.
func (h Host) news(ctx context.Context, before levels, r reasons) said {
	now := levels{cmp.Or(h.utmpLevel(), before.utmp), cmp.Or(h.openrcLevel(), before.openrc)}
	if now.utmp != before.utmp {
		r.init = h.follow(ctx, now.utmp)
	}
	if now.openrc != before.openrc {
		r.openrc = endOf(now.openrc)
	}
	return said{now, r}
}

// followTime is how long an init may take to show the runlevel that it wrote into utmp;
// it does so before it runs the first script.
const followTime = 5 * time.Second

// follow acts on a runlevel in utmp only once init shows it too, because others than init
// may write that file.
func (h Host) follow(ctx context.Context, level string) string {
	for end := time.Now().Add(followTime); ; {
		shown, shows := h.initLevel()
		if !shows || shown == level {
			return endOf(level)
		}
		if time.Now().After(end) {
			return endOf(shown)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ""
		}
	}
}
