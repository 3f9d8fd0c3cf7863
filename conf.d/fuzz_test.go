package confd

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// FuzzLoad holds of every text that it is loaded or refused without a panic; that what
// is accepted is valid; that a refusal says why; and that every problem has a place in
// the text.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.yaml", "*.yaml", "../examples/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := loadOne(t, "a.yaml", data)
		revalidate(t, c)
		if c.AllRejected() != hasErrors(c.Problems) {
			t.Errorf("rejected: %v, problems:\n%s", c.AllRejected(), show(c.Problems))
		}
		if len(data) <= maxSize {
			checkPlaces(t, data, c.Problems)
		}
		c.Scripts()
		c.OSRungs()
	})
}

// FuzzCompose splits a text into two drop-ins, which must load together as well.
func FuzzCompose(f *testing.F) {
	f.Add([]byte(procs(proc("a", ", group: g, after: [b]"))), []byte(procs(proc("b", ", group: g"))+"groups: {g: {depends-on: [h]}}\n"))
	f.Add([]byte(procs(proc("a", ""))), []byte(procs(proc("a", ""))))
	f.Add([]byte("groups: {a: {depends-on: [b]}}\n"), []byte("groups: {b: {depends-on: [a]}}\n"))
	f.Add([]byte("daemon:\n"), []byte("daemon:\n"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		c, err := Load(fstest.MapFS{"a.yaml": {Data: a}, "b.yaml": {Data: b}})
		if err != nil {
			t.Fatal(err)
		}
		revalidate(t, c)
		if faults := c.faults(func(string) int { return 0 }); len(faults) > 0 {
			t.Errorf("left in: %+v", faults)
		}
	})
}
