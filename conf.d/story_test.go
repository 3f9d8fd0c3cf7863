package confd

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// proc is a process entry; more keys follow its name.
func proc(name, more string) string {
	return fmt.Sprintf("  %s: {match: {exe: /bin/%s}, restart: {run: /bin/sh}%s}\n", name, name, more)
}

func procs(entries ...string) string { return "processes:\n" + strings.Join(entries, "") }

const syntaxError1 = "processes: [\n"

// load is one step of a story: files are written or, with the content "-", removed;
// then the directory is loaded, and this is what stands.
type load struct {
	do   map[string]string
	want string // the names in force; then each file that is not simply good; then each problem
}

// tell plays a story on a real directory.
func tell(t *testing.T, loads ...load) {
	t.Helper()
	dir := t.TempDir()
	l := NewLoader(dir, Options{AnyOwner: true})
	for i, step := range loads {
		apply(t, dir, step.do)
		c, err := l.Load()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.ReplaceAll(told(c), dir+"/", ""), step.want; got != want {
			t.Fatalf("load %d: got\n%s\nwant\n%s", i+1, got, want)
		}
	}
}

func apply(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if content == "-" {
			must(t, os.Remove(path))
		} else {
			must(t, os.WriteFile(path, []byte(content), 0o644))
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told is a configuration in short.
func told(c *Config) string {
	names := append(slices.Sorted(maps.Keys(c.Processes)), slices.Sorted(maps.Keys(c.Groups))...)
	lines := []string{cmp.Or(strings.Join(names, " "), "nothing")}
	for _, f := range c.Files {
		switch {
		case f.Stale:
			lines = append(lines, f.Name+" stale")
		case f.Rejected:
			lines = append(lines, f.Name+" left out")
		}
		if f.Stale && !f.Rejected {
			lines = append(lines, f.Name+" stale and not rejected")
		}
	}
	for _, p := range c.Problems {
		what := ""
		if p.Warning {
			what = "warning "
		}
		lines = append(lines, what+p.String())
	}
	return strings.Join(lines, "\n")
}

func TestBadFileLeavesTheOthers(t *testing.T) {
	tell(t, load{
		map[string]string{"a.yaml": procs(proc("a", "")), "b.yaml": syntaxError1, "c.yaml": procs(proc("c", "")), "d.yaml": procs(proc("d", ", restrat: {}"))},
		`a c
b.yaml left out
d.yaml left out
b.yaml:1:12: is not YAML: did not find expected node content: a value is missing, or a bracket or brace is not closed
d.yaml:2:54: processes.d.restrat: unknown key restrat: did you mean restart? known here: group, after, match, absent, excess, restart, stall, limits, escalate`,
	})
}

func TestLastGoodVersionStays(t *testing.T) {
	tell(t,
		load{map[string]string{"a.yaml": procs(proc("a", ""), proc("a2", "")), "b.yaml": procs(proc("b", ""))}, "a a2 b"},
		load{map[string]string{"a.yaml": "a: 1\n", "b.yaml": procs(proc("b2", ""))},
			"a a2 b2\na.yaml stale\na.yaml:1:1: a: unknown key a: remove it; known here: daemon, processes, groups, monitors"},
		load{nil, "a a2 b2\na.yaml stale\na.yaml:1:1: a: unknown key a: remove it; known here: daemon, processes, groups, monitors"},
		load{map[string]string{"a.yaml": procs(proc("a3", ""))}, "a3 b2"},
		load{map[string]string{"a.yaml": ""}, "b2"},
		load{map[string]string{"a.yaml": "-", "b.yaml": "-"}, "nothing"},
	)
}

func TestDeletedFileIsGoneAlsoWhenItWasBad(t *testing.T) {
	tell(t,
		load{map[string]string{"a.yaml": procs(proc("a", ""))}, "a"},
		load{map[string]string{"a.yaml": "a"}, "a\na.yaml stale\na.yaml:1:1: is a word: write a section of keys (daemon, processes, groups, monitors)"},
		load{map[string]string{"a.yaml": "-"}, "nothing"},
		load{map[string]string{"a.yaml": "a"}, "nothing\na.yaml left out\na.yaml:1:1: is a word: write a section of keys (daemon, processes, groups, monitors)"},
	)
}

func TestSameName(t *testing.T) {
	again := "a.yaml:2:3 as processes.x: rename one of them"
	tell(t,
		load{map[string]string{"a.yaml": procs(proc("x", "")), "b.yaml": procs(proc("x", ""), proc("y", ""))},
			"x\nb.yaml left out\nb.yaml:2:3: processes.x: stands already at " + again},
		// A group of the same name is no better.
		load{map[string]string{"b.yaml": "groups: {x: }\n"},
			"x\nb.yaml left out\nb.yaml:1:10: groups.x: stands already at " + again},
		load{map[string]string{"a.yaml": procs(proc("a", ", group: x"))}, "a x"},
	)
}

func TestSameNameAtReload(t *testing.T) {
	tell(t,
		load{map[string]string{"b.yaml": procs(proc("x", ""))}, "x"},
		// The one that changed is rejected, though its name comes first.
		load{map[string]string{"a.yaml": procs(proc("x", ""), proc("y", ""))},
			"x\na.yaml left out\na.yaml:2:3: processes.x: stands already at b.yaml:2:3 as processes.x: rename one of them"},
		load{nil,
			"x\na.yaml left out\na.yaml:2:3: processes.x: stands already at b.yaml:2:3 as processes.x: rename one of them"},
		load{map[string]string{"b.yaml": "-"}, "x y"},
	)
}

func TestNameMovesBetweenFiles(t *testing.T) {
	tell(t,
		load{map[string]string{"a.yaml": procs(proc("x", ""), proc("a", "")), "b.yaml": procs(proc("b", ""))}, "a b x"},
		load{map[string]string{"a.yaml": procs(proc("a", "")), "b.yaml": procs(proc("b", ""), proc("x", ""))}, "a b x"},
		// Back again; but the file that gives it away is bad, so it keeps it.
		load{map[string]string{"a.yaml": procs(proc("a", ""), proc("x", "")), "b.yaml": "oops"},
			`a b x
a.yaml stale
b.yaml stale
a.yaml:3:3: processes.x: stands already at b.yaml:3:3 as processes.x: rename one of them
b.yaml:1:1: is a word: write a section of keys (daemon, processes, groups, monitors)`},
		load{map[string]string{"b.yaml": procs(proc("b", ""))}, "a b x"},
	)
}

// TestFallBackTakesTheNameBack: b gives x away and takes y, which c has; so b falls
// back to its last good version, and a, which took x meanwhile, must give it back.
func TestFallBackTakesTheNameBack(t *testing.T) {
	tell(t,
		load{map[string]string{"a.yaml": procs(proc("a", "")), "b.yaml": procs(proc("x", "")), "c.yaml": procs(proc("y", ""))}, "a x y"},
		load{map[string]string{"a.yaml": procs(proc("x", "")), "b.yaml": procs(proc("y", ""))},
			`a x y
a.yaml stale
b.yaml stale
a.yaml:2:3: processes.x: stands already at b.yaml:2:3 as processes.x: rename one of them
b.yaml:2:3: processes.y: stands already at c.yaml:2:3 as processes.y: rename one of them`},
	)
}

func TestDaemonInOneFileOnly(t *testing.T) {
	tell(t,
		load{map[string]string{"a.yaml": "daemon: {observe: true}\n", "b.yaml": procs(proc("b", "")) + "daemon:\n"},
			"nothing\nb.yaml left out\nb.yaml:3:1: daemon: stands already at a.yaml:1:1 as daemon: put all daemon keys into one file"},
		load{map[string]string{"a.yaml": "-"}, "b"},
	)
}
