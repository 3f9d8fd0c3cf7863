package confd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
)

func mkfifo(path string) error { return unix.Mkfifo(path, 0o600) }

// home is a directory with a drop-in a.yaml that names the script restart in it.
func home(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, os.Mkdir(filepath.Join(dir, "conf.d"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "restart"), []byte("#!/bin/sh\n"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "conf.d/a.yaml"),
		[]byte("processes:\n  a:\n    match: {exe: /bin/a}\n    restart: {run: "+dir+"/restart}\n"), 0o644))
	return dir
}

// TestScripts holds what is said of a script that is not as it should be.
func TestScripts(t *testing.T) {
	at := "DIR/conf.d/a.yaml:4:20: processes.a.restart.run: DIR/restart "
	for _, c := range []struct {
		name string
		do   func(t *testing.T, script string)
		want string // "" for nothing; a warning unless it begins with "refused "
	}{
		{"good", func(*testing.T, string) {}, ""},
		{"missing", func(t *testing.T, s string) { must(t, os.Remove(s)) }, at + "does not exist: install it, or correct the path"},
		{"not executable", func(t *testing.T, s string) { must(t, os.Chmod(s, 0o644)) }, at + "is not executable: chmod +x DIR/restart"},
		{"directory", func(t *testing.T, s string) {
			must(t, os.Remove(s))
			must(t, os.Mkdir(s, 0o755))
		}, at + "is a directory: name the script in it, like DIR/restart/restart"},
		{"fifo", func(t *testing.T, s string) {
			must(t, os.Remove(s))
			must(t, mkfifo(s))
		}, at + "is not a regular file: name a script"},
		{"written by all", func(t *testing.T, s string) { must(t, os.Chmod(s, 0o777)) },
			"refused " + at + "is writable by everybody (mode 0777): chmod go-w DIR/restart"},
		{"in a directory written by a group", func(t *testing.T, s string) { must(t, os.Chmod(filepath.Dir(s), 0o770)) },
			"refused " + at + "cannot be trusted: DIR on the way to it is writable by its group (mode 0770): chmod go-w DIR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := home(t)
			c.do(t, filepath.Join(dir, "restart"))
			v := read(dir+"/conf.d/a.yaml", readFile(t, dir+"/conf.d/a.yaml"))
			g := guard{uid: uint32(os.Geteuid()), strict: true, hangs: &hang.Guard{}}
			g.checkFiles(v)
			want, refused := strings.CutPrefix(c.want, "refused ")
			if got := strings.TrimSpace(strings.ReplaceAll(show(v.problems), dir, "DIR")); strings.TrimPrefix(got, "warning: ") != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if v.bad() != refused {
				t.Errorf("refused: %v", v.bad())
			}
			// One that is not root is only warned, and with AnyOwner not even that.
			g.strict = false
			v.problems = nil
			if g.checkFiles(v); v.bad() || refused && len(v.problems) != 1 {
				t.Errorf("not strict: %s", show(v.problems))
			}
			g.off = true
			v.problems = nil
			if g.checkFiles(v); refused && len(v.problems) > 0 {
				t.Errorf("off: %s", show(v.problems))
			}
		})
	}
}

// TestRefusedDropin: as root, what somebody else may write is refused; at reload its
// last good version stays.
func TestRefusedDropin(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: only root refuses")
	}
	dir := home(t)
	a := filepath.Join(dir, "conf.d/a.yaml")
	l := NewLoader(filepath.Join(dir, "conf.d"), Options{})
	expect := func(want string) {
		t.Helper()
		c, err := l.Load()
		must(t, err)
		if got := strings.ReplaceAll(told(c), dir, "DIR"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	must(t, os.Chmod(a, 0o664))
	expect("nothing\nDIR/conf.d/a.yaml left out\nDIR/conf.d/a.yaml: is refused: DIR/conf.d/a.yaml is writable by its group (mode 0664): chmod go-w DIR/conf.d/a.yaml")
	must(t, os.Chmod(a, 0o644))
	expect("a")
	must(t, os.Chown(a, 54321, -1))
	expect("a\nDIR/conf.d/a.yaml stale\nDIR/conf.d/a.yaml: is refused: DIR/conf.d/a.yaml belongs to the user 54321: chown root DIR/conf.d/a.yaml")
	must(t, os.Chown(a, 0, -1))
	must(t, os.Chmod(filepath.Join(dir, "restart"), 0o777))
	expect("a\nDIR/conf.d/a.yaml stale\nDIR/conf.d/a.yaml:4:20: processes.a.restart.run: DIR/restart is writable by everybody (mode 0777): chmod go-w DIR/restart")
	must(t, os.Chmod(filepath.Join(dir, "restart"), 0o755))
	expect("a")
	must(t, os.Chmod(filepath.Join(dir, "conf.d"), 0o777))
	expect("a\nDIR/conf.d: cannot be read, so the last configuration stays: DIR/conf.d is writable by everybody (mode 0777): chmod go-w DIR/conf.d")
	if c, err := NewLoader(filepath.Join(dir, "conf.d"), Options{}).Load(); err == nil ||
		!strings.HasSuffix(err.Error(), "/conf.d is writable by everybody (mode 0777): chmod go-w "+dir+"/conf.d") {
		t.Errorf("a first load of a directory that all may write: %v, %v", c, err)
	}
	if _, err := NewLoader(filepath.Join(dir, "conf.d"), Options{AnyOwner: true}).Load(); err != nil {
		t.Error(err)
	}
}

// A file that a probe reads is a warning while it cannot be used.
func TestFilesOfProbes(t *testing.T) {
	dir := home(t)
	drop := filepath.Join(dir, "conf.d/a.yaml")
	must(t, os.WriteFile(drop, []byte(`monitors:
  m: {http: {url: 'https://a/', auth-file: `+dir+`/secret, tls: {ca-file: `+dir+`}}}
`), 0o644))
	check := func() string {
		v := read(drop, readFile(t, drop))
		guard{uid: uint32(os.Geteuid()), strict: true, hangs: &hang.Guard{}}.checkFiles(v)
		if v.bad() {
			t.Error("the drop-in is refused")
		}
		return strings.TrimSpace(strings.ReplaceAll(show(v.problems), dir, "DIR"))
	}
	at := "warning: DIR/conf.d/a.yaml:2:"
	missing := at + "44: monitors.m.http.auth-file: DIR/secret does not exist: until it does, the probe tells nothing"
	ca := "monitors.m.http.tls.ca-file: DIR is not a regular file"
	if got := check(); !strings.HasPrefix(got, missing) || !strings.HasSuffix(got, ca) {
		t.Errorf("got %s", got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "secret"), nil, 0o600))
	if got := check(); strings.Contains(got, "auth-file") || !strings.HasSuffix(got, ca) {
		t.Errorf("got %s", got)
	}
	must(t, os.Chmod(filepath.Join(dir, "secret"), 0o666))
	if got := check(); !strings.Contains(got, "auth-file: DIR/secret is writable by everybody") {
		t.Errorf("got %s", got)
	}
}

// TestSocketDirectory holds that the directory of a notify socket is looked at, and doubted
// where others may write it.
func TestSocketDirectory(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, os.Mkdir(dir+"/run", 0o755))
	for _, c := range []struct {
		do   func()
		want string
	}{
		{func() {}, ""},
		{func() { must(t, os.Chmod(dir+"/run", 0o775)) }, "whoever may write DIR/run can put another socket in the place of this one: DIR/run is writable by its group (mode 0775): chmod go-w DIR/run"},
		{func() { must(t, os.Remove(dir+"/run")) }, "DIR/run does not exist: until it does, the probe tells nothing"},
	} {
		c.do()
		text := "processes:\n  a:\n    match: {name: a}\n    restart: {run: [/bin/true]}\n    stall: [{notify: {socket: " + dir + "/run/s, max-age: 1m}}]\n"
		v := read("a.yaml", []byte(text))
		guard{uid: uint32(os.Geteuid()), strict: true, hangs: &hang.Guard{}}.checkFiles(v)
		want := c.want
		if want != "" {
			want = "warning: a.yaml:5:31: processes.a.stall[0].notify.socket: " + want
		}
		if got := strings.TrimSpace(strings.ReplaceAll(show(v.problems), dir, "DIR")); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
