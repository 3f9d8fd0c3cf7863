package confd

import (
	"strings"
	"testing"
)

// TestCopyBesideAnEditedFile holds that a copy which was left beside a drop-in does not take
// its place, at a reload or after a restart of the daemon, whatever its name.
func TestCopyBesideAnEditedFile(t *testing.T) {
	for _, old := range []string{"a-old.yaml", "a.old.yaml", "0-a.yaml", "a copy.yaml", "b.yaml"} {
		t.Run(old, func(t *testing.T) {
			dir := t.TempDir()
			want := func(l *Loader, what, rejected string) {
				t.Helper()
				c, err := l.Load()
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.ReplaceAll(told(c), dir+"/", ""); !strings.HasPrefix(got, what) || strings.Contains(got, rejected+" left out") != (rejected != "") || strings.Contains(got, "a.yaml stale") {
					t.Errorf("got\n%s\nwant\n%s, without %s", got, what, rejected)
				}
			}
			l := NewLoader(dir, Options{AnyOwner: true})
			apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""), proc("first", ""))})
			want(l, "a first", "")
			apply(t, dir, map[string]string{old: procs(proc("a", ""), proc("first", ""))})
			want(l, "a first", old)
			apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""), proc("second", ""))})
			want(l, "a second\n", old)
			for range 2 {
				l = NewLoader(dir, Options{AnyOwner: true, Claims: l.Claims()})
				want(l, "a second\n", old)
			}
			// Edited while no daemon runs, and then the copy as well.
			apply(t, dir, map[string]string{"a.yaml": procs(proc("a", ""), proc("third", ""))})
			l = NewLoader(dir, Options{AnyOwner: true, Claims: l.Claims()})
			want(l, "a third\n", old)
			apply(t, dir, map[string]string{old: procs(proc("a", ""), proc("fourth", ""))})
			want(l, "a third\n", old)
			apply(t, dir, map[string]string{"a.yaml": "-"})
			want(l, "a fourth", "")
		})
	}
}

// TestOrderWithoutClaims holds who wins where nothing is known: the shorter of two names of
// which one begins with the other.
func TestOrderWithoutClaims(t *testing.T) {
	for _, names := range [][2]string{{"a.yaml", "a-old.yaml"}, {"a.yaml", "a copy.yaml"}, {"a.yaml", "a.bak.yaml"}, {"a.yaml", "b.yaml"}} {
		tell(t, load{map[string]string{names[0]: procs(proc("x", "")), names[1]: procs(proc("x", ""), proc("y", ""))},
			"x\n" + names[1] + " left out\n" + names[1] + ":2:3: processes.x: stands already at a.yaml:2:3 as processes.x: rename one of them"})
	}
}

// TestLeftovers holds that what editors and packages leave behind is never read.
func TestLeftovers(t *testing.T) {
	files := map[string]string{"a.yaml": procs(proc("a", ""))}
	for _, name := range []string{"a.yaml~", ".a.yaml.swp", "a.yaml.rpmsave", "a.yaml.dpkg-old", "#a.yaml#", ".#a.yaml", "a.yaml.bak", "a.yaml.orig", "4913"} {
		files[name] = procs(proc("a", ""), proc("b", ""))
	}
	tell(t, load{files, "a"})
}
