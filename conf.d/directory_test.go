package confd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf.d")
	l := NewLoader(dir, Options{AnyOwner: true})
	if c, err := l.Load(); err == nil || c != nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("loaded %v, %v", c, err)
	}
	must(t, os.Mkdir(dir, 0o755))
	if c, err := l.Load(); err != nil || c.AllRejected() || len(c.Files) > 0 {
		t.Errorf("an empty directory: %v, %v", c, err)
	}
}

// TestDirectoryGoesAway: what cannot be read is not gone.
func TestDirectoryGoesAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf.d")
	must(t, os.Mkdir(dir, 0o755))
	apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""))})
	l := NewLoader(dir, Options{AnyOwner: true})
	if _, err := l.Load(); err != nil {
		t.Fatal(err)
	}
	must(t, os.Rename(dir, dir+".old"))
	for range 2 {
		c, err := l.Load()
		if err != nil || told(c) != "a\n"+dir+": cannot be read, so the last configuration stays: open "+dir+": no such file or directory" {
			t.Fatalf("removed: %v\n%s", err, told(c))
		}
	}
	must(t, os.Mkdir(dir, 0o755))
	if c, err := l.Load(); err != nil || told(c) != "nothing" {
		t.Fatalf("remade empty: %v\n%s", err, told(c))
	}
}

// TestWhatIsRead holds which names are read, and what is said of the others.
func TestWhatIsRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"10-a.yaml", "9-b.yaml", "B.yaml", "a.b.yaml", // read, in byte order
		"c.yml", "D.YAML", "e.yaml.rpmnew", "f.yaml.dpkg-dist", // not read, and doubtful
		".g.yaml", ".h.yaml.swp", "i.yaml~", "j.yaml.bak", "#k.yaml#", "README", "l.json", "4913", ".yaml", "m.yaml.dpkg-tmp",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	must(t, os.Mkdir(filepath.Join(dir, "sub.yml"), 0o755))
	c, err := NewLoader(dir, Options{AnyOwner: true}).Load()
	must(t, err)
	var read []string
	for _, f := range c.Files {
		read = append(read, filepath.Base(f.Name))
	}
	if got, want := strings.Join(read, " "), "10-a.yaml 9-b.yaml B.yaml a.b.yaml"; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	want := `warning D.YAML: is not read, only *.yaml is: rename it to D.yaml
warning c.yml: is not read, only *.yaml is: rename it to c.yaml
warning e.yaml.rpmnew: is not read; a package left its newer version here: compare it with e.yaml, then remove it
warning f.yaml.dpkg-dist: is not read; a package left its newer version here: compare it with f.yaml, then remove it`
	if got := strings.ReplaceAll(told(c), dir+"/", ""); got != "nothing\n"+want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOddFiles holds that what is no readable file is a problem of its own, and does
// not hang the load.
func TestOddFiles(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "dir.yaml"), 0o755))
	must(t, mkfifo(filepath.Join(dir, "fifo.yaml")))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "link.yaml")))
	must(t, os.WriteFile(filepath.Join(dir, "large.yaml"), []byte(strings.Repeat("# 16 characters\n", 1<<16)+"#"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "most.yaml"), []byte(strings.Repeat("# 16 characters\n", 1<<16)), 0o644))
	apply(t, dir, map[string]string{"good.yaml": procs(proc("a", ""))})
	want := `a
dir.yaml left out
fifo.yaml left out
large.yaml left out
link.yaml left out
dir.yaml: cannot be read: it is not a regular file: remove it, or give it another name
fifo.yaml: cannot be read: it is not a regular file: remove it, or give it another name
large.yaml: is larger than 1 MiB: split it into several drop-ins
link.yaml: cannot be read: open link.yaml: no such file or directory`
	for _, opts := range []Options{{AnyOwner: true}, {}} {
		c, err := NewLoader(dir, opts).Load()
		must(t, err)
		got := strings.ReplaceAll(told(c), dir+"/", "")
		got = strings.ReplaceAll(got, "check fifo.yaml: not a regular file", "it is not a regular file: remove it, or give it another name")
		got = strings.ReplaceAll(strings.ReplaceAll(got, "open nowhere", "open link.yaml"), "warning ", "")
		if i := strings.Index(got, "good.yaml:"); i >= 0 { // about the script
			got = got[:i] + got[i+strings.IndexByte(got[i:], '\n')+1:]
		}
		if got != want {
			t.Errorf("%+v: got\n%s\nwant\n%s", opts, got, want)
		}
	}
}

// TestUnreadableFile: its last good version stays while it cannot be read.
func TestUnreadableFile(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read everything")
	}
	dir := t.TempDir()
	apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""))})
	l := NewLoader(dir, Options{AnyOwner: true})
	if _, err := l.Load(); err != nil {
		t.Fatal(err)
	}
	must(t, os.Chmod(filepath.Join(dir, "a.yaml"), 0))
	c, err := l.Load()
	must(t, err)
	if got := strings.ReplaceAll(told(c), dir+"/", ""); got != "a\na.yaml stale\na.yaml: cannot be read: open a.yaml: permission denied" {
		t.Error(got)
	}
}
