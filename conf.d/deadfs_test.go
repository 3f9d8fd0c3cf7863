package confd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"procward/internal/testbed/deadfs"
)

// TestDeadFileSystems holds that what lies on a file system that does not answer is a
// problem of its own, and of nobody else: a script, a drop-in that is a link, and the
// directory itself after it was read once.
func TestDeadFileSystems(t *testing.T) {
	dead := deadfs.Mount(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "conf.d")
	must(t, os.Mkdir(conf, 0o755))
	dropin := func(name, script string) {
		text := "processes:\n  " + name + ":\n    match: {exe: /bin/" + name + "}\n    restart: {run: " + script + "}\n"
		must(t, os.WriteFile(filepath.Join(conf, name+".yaml"), []byte(text), 0o644))
	}
	dropin("good", "/bin/true")
	dropin("lost", filepath.Join(dead.Dir, deadfs.Lost, "script"))
	must(t, os.Symlink(filepath.Join(dead.Dir, deadfs.Held), filepath.Join(conf, "linked.yaml")))

	l := NewLoader(conf, Options{AnyOwner: true})
	cfg, err := l.Load()
	must(t, err)
	if len(cfg.Processes) != 2 {
		t.Errorf("%d processes, want good and lost: %s", len(cfg.Processes), show(cfg.Problems))
	}
	for _, want := range []string{"lost.yaml:4:20: processes.lost.restart.run: cannot be looked at: ", "linked.yaml: cannot be read: "} {
		if text := show(cfg.Problems); !strings.Contains(text, want) || strings.Count(text, "does not answer") != 2 {
			t.Errorf("want a problem with %q:\n%s", want, text)
		}
	}

	must(t, os.Rename(conf, conf+".old"))
	must(t, os.Symlink(filepath.Join(dead.Dir, deadfs.Dir), conf))
	cfg, err = l.Load()
	must(t, err)
	if text := show(cfg.Problems); len(cfg.Processes) != 2 || !strings.Contains(text, "the last configuration stays: the file system of "+conf+" does not answer") {
		t.Errorf("%d processes:\n%s", len(cfg.Processes), text)
	}
	if _, err := NewLoader(conf, Options{AnyOwner: true}).Load(); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("the first load of a dead directory: %v", err)
	}
}
