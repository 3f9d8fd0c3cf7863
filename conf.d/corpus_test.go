package confd

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"procward/escalate"
	"procward/internal/kind"
	"procward/watch/probe"
	"procward/watch/vital"
)

var update = flag.Bool("update", false, "write the expected errors of testdata/bad anew")

// TestBad holds the exact errors of a corpus of bad drop-ins: NAME.txt beside NAME.yaml. In
// them {signs}, {probes}, {limits} and {rungs} stand for the names of all kinds, in the order of their
// tables.
func TestBad(t *testing.T) {
	for _, name := range corpus(t, "testdata/bad") {
		t.Run(name, func(t *testing.T) {
			data := readFile(t, filepath.Join("testdata/bad", name))
			c := loadOne(t, name, data)
			if !c.AllRejected() || len(c.Processes) > 0 || len(c.Groups) > 0 {
				t.Error("the file is not left out")
			}
			checkPlaces(t, data, c.Problems)
			got := strings.NewReplacer(
				strings.Join(kind.Names[vital.Sign](), ", "), "{signs}",
				strings.Join(kind.Names[probe.Kinds](), ", "), "{probes}",
				strings.Join(kind.Names[vital.Limits](), ", "), "{limits}",
				strings.Join(kind.Names[escalate.Rung](), ", "), "{rungs}",
			).Replace(show(c.Problems))
			beside := filepath.Join("testdata/bad", strings.TrimSuffix(name, ".yaml")+".txt")
			if *update {
				if err := os.WriteFile(beside, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(readFile(t, beside)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestGood holds that nothing at all is found wrong with a corpus of good drop-ins.
func TestGood(t *testing.T) {
	for _, name := range corpus(t, "testdata/good") {
		t.Run(name, func(t *testing.T) {
			c := loadOne(t, name, readFile(t, filepath.Join("testdata/good", name)))
			if len(c.Problems) > 0 {
				t.Errorf("problems:\n%s", show(c.Problems))
			}
			revalidate(t, c)
		})
	}
}

// corpus is the drop-ins of a directory of test data.
func corpus(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no drop-ins in %s: %v", dir, err)
	}
	for i, p := range paths {
		paths[i] = filepath.Base(p)
	}
	return paths
}

func loadOne(t testing.TB, name string, data []byte) *Config {
	t.Helper()
	c, err := Load(fstest.MapFS{name: {Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func show(ps []Problem) string {
	var b strings.Builder
	for _, p := range ps {
		if p.Warning {
			b.WriteString("warning: ")
		}
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

// checkPlaces holds that every problem has a line and a column within the text.
func checkPlaces(t testing.TB, data []byte, ps []Problem) {
	t.Helper()
	lines := strings.Split(string(data), "\n")
	for _, p := range ps {
		switch {
		case p.Line < 1 || p.Line > len(lines):
			t.Errorf("line %d of %d: %s", p.Line, len(lines), p)
		case p.Column < 1 || p.Column > len([]rune(lines[p.Line-1]))+1:
			t.Errorf("column %d of %q: %s", p.Column, lines[p.Line-1], p)
		}
	}
}

// revalidate holds that what was accepted is valid.
func revalidate(t testing.TB, c *Config) {
	t.Helper()
	if err := c.Daemon.Validate(); err != nil {
		t.Error(err)
	}
	for name, p := range c.Processes {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, g := range c.Groups {
		if err := g.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
