package confd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// TestLoop holds when a follower looks, on a virtual clock.
func TestLoop(t *testing.T) {
	const quiet, rescan = time.Second, 5 * time.Minute
	type event struct {
		at   time.Duration
		name string
		op   fsnotify.Op
	}
	for _, c := range []struct {
		name   string
		events []event
		until  time.Duration
		looks  []time.Duration
	}{
		{"nothing happens: once at the start, then the slow rescan", nil, 11 * time.Minute,
			[]time.Duration{time.Second, 301 * time.Second, 601 * time.Second}},
		{"a replace is several events and one look",
			[]event{{10 * time.Second, "/c/a.yaml", fsnotify.Create}, {10 * time.Second, "/c/a.yaml", fsnotify.Write}, {10500 * time.Millisecond, "/c/a.yaml", fsnotify.Chmod}},
			time.Minute, []time.Duration{time.Second, 11500 * time.Millisecond}},
		{"what is no drop-in wakes nothing",
			[]event{{10 * time.Second, "/c/.a.yaml.swp", fsnotify.Create}, {11 * time.Second, "/c/a.yaml~", fsnotify.Write}, {12 * time.Second, "/other", fsnotify.Create}, {13 * time.Second, "/c/4913", fsnotify.Create}},
			time.Minute, []time.Duration{time.Second}},
		{"a link on the way leads elsewhere",
			[]event{{10 * time.Second, "/c/..data_tmp", fsnotify.Create}, {20 * time.Second, "/c/..data", fsnotify.Create}},
			time.Minute, []time.Duration{time.Second, 21 * time.Second}},
		{"the directory itself comes and goes",
			[]event{{10 * time.Second, "/c", fsnotify.Remove}, {20 * time.Second, "/c", fsnotify.Create}},
			time.Minute, []time.Duration{time.Second, 11 * time.Second, 21 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, events := time.Now(), make(chan fsnotify.Event)
				var looks []time.Duration
				f := follower{quiet: quiet, rescan: rescan, events: events,
					trails: trails{dir: "/c", dirs: map[string]bool{"/c": true, "/": true}, names: map[string]bool{"/c": true, "/c/..data": true}},
					look:   func() bool { looks = append(looks, time.Since(start)); return false }}
				ctx, cancel := context.WithTimeout(t.Context(), c.until)
				defer cancel()
				done := make(chan struct{})
				go func() { defer close(done); f.loop(ctx) }()
				for _, e := range c.events {
					time.Sleep(e.at - time.Since(start))
					events <- fsnotify.Event{Name: e.name, Op: e.op}
				}
				<-done
				if !slices.Equal(looks, c.looks) {
					t.Errorf("looked at %v, want %v", looks, c.looks)
				}
			})
		})
	}
}

// TestLostEvents: when the kernel's queue overflowed, the follower looks.
func TestLostEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost, looked := make(chan error), 0
		f := follower{quiet: time.Second, rescan: time.Hour, errors: lost, look: func() bool { looked++; return false }}
		ctx, cancel := context.WithCancel(t.Context())
		go f.loop(ctx)
		time.Sleep(time.Minute)
		lost <- fsnotify.ErrEventOverflow
		time.Sleep(time.Minute)
		cancel()
		synctest.Wait()
		if looked != 2 {
			t.Errorf("looked %d times, want 2", looked)
		}
	})
}

// followed is a loaded directory that is followed for real.
type followed struct {
	t       *testing.T
	dir     string
	loader  *Loader
	changes chan *Config // what each call of changed loads
}

// follow loads and follows dir until the test ends.
func follow(t *testing.T, dir string, rescan time.Duration) *followed {
	t.Helper()
	f := &followed{t, dir, NewLoader(dir, Options{AnyOwner: true, Fallback: func(err error) { t.Error("no notification: ", err) }}), make(chan *Config, 64)}
	if _, err := f.loader.Load(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.loader.Follow(ctx, 30*time.Millisecond, rescan, func() {
			c, err := f.loader.Load()
			if err != nil {
				t.Error(err)
			}
			f.changes <- c
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

// want waits until what is loaded is as told, and gives the number of changes.
func (f *followed) want(want string) int {
	f.t.Helper()
	deadline := time.After(20 * time.Second)
	last := "no change"
	for n := 1; ; n++ {
		select {
		case c := <-f.changes:
			if last = told(c); last == want {
				return n
			}
		case <-deadline:
			f.t.Fatalf("got %q, want %q", last, want)
		}
	}
}

func TestFollowWrites(t *testing.T) {
	dir := t.TempDir()
	f := follow(t, dir, time.Hour)
	apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""))})
	f.want("a")
	// Rename over it, as editors and packages do.
	apply(t, dir, map[string]string{".a.yaml.new": procs(proc("a", ""), proc("a2", ""))})
	must(t, os.Rename(filepath.Join(dir, ".a.yaml.new"), filepath.Join(dir, "a.yaml")))
	f.want("a a2")
	must(t, os.Remove(filepath.Join(dir, "a.yaml")))
	f.want("nothing")
}

// TestFollowIgnores: what makes no difference is not announced. A real change comes
// last, so that there is something to wait for.
func TestFollowIgnores(t *testing.T) {
	dir := t.TempDir()
	apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""))})
	f := follow(t, dir, time.Hour)
	apply(t, dir, map[string]string{".a.yaml.swp": "x", "a.yaml~": procs(proc("a", "")), "4913": "", "notes.txt": "x"})
	must(t, os.Rename(filepath.Join(dir, "a.yaml~"), filepath.Join(dir, "a.yaml"))) // the same again
	now := time.Now()
	must(t, os.Chtimes(filepath.Join(dir, "a.yaml"), now, now))
	apply(t, dir, map[string]string{".b": procs(proc("b", ""))})
	must(t, os.Rename(filepath.Join(dir, ".b"), filepath.Join(dir, "b.yaml")))
	if n := f.want("a b"); n != 1 {
		t.Errorf("%d changes announced, want 1", n)
	}
}

// TestFollowMode: a mode or owner decides on trust, so it is a difference.
func TestFollowMode(t *testing.T) {
	dir := t.TempDir()
	apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""))})
	f := follow(t, dir, time.Hour)
	must(t, os.Chmod(filepath.Join(dir, "a.yaml"), 0o600))
	f.want("a")
}

// TestFollowHalfWritten: a file that is still being written is at worst a rejected
// newest version; in the end the whole is loaded.
func TestFollowHalfWritten(t *testing.T) {
	dir := t.TempDir()
	apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""))})
	f := follow(t, dir, time.Hour)
	whole := procs(proc("a", ""), proc("b", ""))
	file, err := os.Create(filepath.Join(dir, "a.yaml"))
	must(t, err)
	for i := 0; i < len(whole); i += 7 {
		_, err := file.WriteString(whole[i:min(i+7, len(whole))])
		must(t, err)
	}
	must(t, file.Close())
	f.want("a b")
}

// TestFollowRemade: the directory is removed and made again; the last configuration
// stays in between, and what is put into the new one is seen.
func TestFollowRemade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf.d")
	must(t, os.Mkdir(dir, 0o755))
	apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""))})
	f := follow(t, dir, time.Hour)
	must(t, os.RemoveAll(dir))
	f.want("a\n" + dir + ": cannot be read, so the last configuration stays: open " + dir + ": no such file or directory")
	must(t, os.Mkdir(dir, 0o755))
	f.want("nothing")
	apply(t, dir, map[string]string{"b.yaml": procs(proc("b", ""))})
	f.want("b")
	// Exchanged by a rename.
	other := dir + ".new"
	must(t, os.Mkdir(other, 0o755))
	apply(t, other, map[string]string{"c.yaml": procs(proc("c", ""))})
	must(t, os.Rename(dir, dir+".old"))
	must(t, os.Rename(other, dir))
	f.want("c")
	apply(t, dir+".old", map[string]string{"b.yaml": ""})
	apply(t, dir, map[string]string{"d.yaml": procs(proc("d", ""))})
	f.want("c d")
}

// TestFollowLinks holds that what a link leads to is followed, wherever it changes.
func TestFollowLinks(t *testing.T) {
	link := func(t *testing.T, target, at string) {
		t.Helper()
		must(t, os.Symlink(target, at+".tmp"))
		must(t, os.Rename(at+".tmp", at))
	}
	make := func(t *testing.T, dir, name string) {
		t.Helper()
		must(t, os.MkdirAll(dir, 0o755))
		apply(t, dir, map[string]string{"x.yaml": procs(proc(name, ""))})
	}
	for name, play := range map[string]func(t *testing.T, dir, out string) (want string, change func()){
		"a target is written to": func(t *testing.T, dir, out string) (string, func()) {
			make(t, out, "a")
			link(t, out+"/x.yaml", dir+"/a.yaml")
			return "b", func() { make(t, out, "b") }
		},
		"a target is replaced": func(t *testing.T, dir, out string) (string, func()) {
			make(t, out, "a")
			make(t, out+"/new", "b")
			link(t, out+"/x.yaml", dir+"/a.yaml")
			return "b", func() { must(t, os.Rename(out+"/new/x.yaml", out+"/x.yaml")) }
		},
		"Kubernetes switches ..data": func(t *testing.T, dir, _ string) (string, func()) {
			make(t, dir+"/..1", "a")
			link(t, "..1", dir+"/..data")
			link(t, "..data/x.yaml", dir+"/a.yaml")
			return "b", func() {
				make(t, dir+"/..2", "b")
				link(t, "..2", dir+"/..data")
				must(t, os.RemoveAll(dir+"/..1"))
			}
		},
		"a link in the middle of a chain": func(t *testing.T, dir, out string) (string, func()) {
			make(t, out+"/r1/conf", "a")
			make(t, out+"/r2/conf", "b")
			link(t, "r1", out+"/current")
			link(t, out+"/current/conf/../conf/x.yaml", out+"/x.yaml")
			link(t, out+"/x.yaml", dir+"/a.yaml")
			return "b", func() { link(t, "r2", out+"/current") }
		},
		"a target appears": func(t *testing.T, dir, out string) (string, func()) {
			must(t, os.MkdirAll(out, 0o755))
			link(t, out+"/later/still/x.yaml", dir+"/a.yaml")
			return "b", func() { make(t, out+"/later/still", "b") }
		},
		"the new target is written to": func(t *testing.T, dir, out string) (string, func()) {
			make(t, out+"/1", "a")
			make(t, out+"/2", "a")
			link(t, out+"/1/x.yaml", dir+"/a.yaml")
			return "b", func() {
				link(t, out+"/2/x.yaml", dir+"/a.yaml")
				time.Sleep(200 * time.Millisecond) // it may well be noticed, or not
				make(t, out+"/2", "b")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, out := t.TempDir(), t.TempDir()
			want, change := play(t, dir, out)
			f := follow(t, dir, time.Hour)
			change()
			f.want(want)
		})
	}
}

// TestFollowLinkedDirectory: the directory itself is a link that is led elsewhere.
func TestFollowLinkedDirectory(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"a", "b"} {
		must(t, os.Mkdir(filepath.Join(top, name), 0o755))
		apply(t, filepath.Join(top, name), map[string]string{"x.yaml": procs(proc(name, ""))})
	}
	dir := filepath.Join(top, "conf.d")
	must(t, os.Symlink("a", dir))
	f := follow(t, dir, time.Hour)
	must(t, os.Symlink("b", dir+".new"))
	must(t, os.Rename(dir+".new", dir))
	f.want("b")
	apply(t, filepath.Join(top, "b"), map[string]string{"y.yaml": procs(proc("c", ""))})
	f.want("b c")
}

// TestFollowRescan: what the kernel does not tell is found by the slow rescan.
func TestFollowRescan(t *testing.T) {
	dir, top := t.TempDir(), t.TempDir()
	for _, name := range []string{"a", "b"} {
		must(t, os.MkdirAll(filepath.Join(top, name, "deep/er"), 0o755))
		apply(t, filepath.Join(top, name, "deep/er"), map[string]string{"x.yaml": procs(proc(name, ""))})
	}
	must(t, os.Symlink(filepath.Join(top, "a/deep/er/x.yaml"), filepath.Join(dir, "a.yaml")))
	f := follow(t, dir, 50*time.Millisecond)
	must(t, os.Rename(filepath.Join(top, "a"), filepath.Join(top, "c")))
	must(t, os.Rename(filepath.Join(top, "b"), filepath.Join(top, "a")))
	f.want("b")
}

// TestFollowBetween: what changes between the load and the watch is seen.
func TestFollowBetween(t *testing.T) {
	dir := t.TempDir()
	l := NewLoader(dir, Options{AnyOwner: true})
	if _, err := l.Load(); err != nil {
		t.Fatal(err)
	}
	apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""))})
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, errors.New("no change seen"))
	defer cancel()
	seen := false
	l.Follow(ctx, time.Millisecond, time.Hour, func() { seen = true; cancel() })
	if !seen {
		t.Error(context.Cause(ctx))
	}
}
