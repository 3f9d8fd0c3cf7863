package evidence

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"procward/internal/trust"
)

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Only the newest are kept, of all processes together; what is not ours is left alone.
func TestKeep(t *testing.T) {
	w := &Writer{Dir: t.TempDir(), Keep: 3}
	for _, name := range []string{"notes.txt", "b-19690101T000000.000000Z.txt.bak"} {
		if err := os.WriteFile(filepath.Join(w.Dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"b", "a", "b", "a", "b"} {
		collect(t, w, Case{Process: name, At: time.Unix(int64(i), 0)})
	}
	want := []string{"a-19700101T000003.000000Z.txt", "b-19690101T000000.000000Z.txt.bak", "b-19700101T000002.000000Z.txt", "b-19700101T000004.000000Z.txt", "notes.txt"}
	if got := list(t, w.Dir); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// After a step of the clock the new one is the oldest by its name, and stays.
	collect(t, w, Case{Process: "c", At: time.Unix(-1e6, 0)})
	if got := list(t, w.Dir); len(got) != 5 || !strings.HasPrefix(got[3], "c-") {
		t.Errorf("%q", got)
	}
}

// The files are bounded in their sum; two of the same instant are two.
func TestMaxTotal(t *testing.T) {
	w := &Writer{Dir: t.TempDir()}
	one := int64(len(collect(t, w, Case{At: time.Unix(0, 0)})))
	collect(t, w, Case{At: time.Unix(0, 0)})
	if got := list(t, w.Dir); !slices.Equal(got, []string{"victim-19700101T000000.000000Z+1.txt", "victim-19700101T000000.000000Z.txt"}) {
		t.Fatalf("%q", got)
	}
	w.MaxTotal = one * 5 / 2
	collect(t, w, Case{At: time.Unix(1, 0)})
	if got := list(t, w.Dir); len(got) != 2 || !slices.Contains(got, "victim-19700101T000001.000000Z.txt") {
		t.Errorf("%q", got)
	}
}

// A directory that others may write is refused to root.
func TestUntrusted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	w := &Writer{Dir: t.TempDir()}
	if err := os.Chmod(w.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var refused *trust.Error
	if _, err := w.Collect(context.Background(), Case{Process: "victim"}); !errors.As(err, &refused) {
		t.Error(err)
	}
	if got := list(t, w.Dir); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestSafe(t *testing.T) {
	for name, want := range map[string]string{
		"web@1.a_b-c": "web@1.a_b-c", ".": "_.", "..": "_..", "": "_", "-rf": "_-rf", "../../etc/x": "_.._.._etc_x",
		"a\x00b\nc é": "a_b_c__", strings.Repeat("x", 99): strings.Repeat("x", 64),
	} {
		if got := safe(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzSafe(f *testing.F) {
	f.Add("..")
	f.Add("a/b")
	f.Fuzz(func(t *testing.T, name string) {
		file := safe(name) + "-" + time.Unix(0, 0).UTC().Format(stamp) + ".txt"
		if !fileName.MatchString(file) || filepath.Base(file) != file || file[0] == '.' || file[0] == '-' {
			t.Errorf("%q makes %q", name, file)
		}
	})
}

// A page holds one line for each added, nothing that is not printable, and stays within
// its limit but for the line that says so.
func FuzzPage(f *testing.F) {
	f.Add("a\nb\x1b[0m\xff", 100)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		p := newPage(limit & 0xffff)
		added := p.linef("%s", text)
		got := string(p.take(""))
		first, rest, _ := strings.Cut(got, "\n")
		if added && first != printable(text) || strings.ContainsFunc(first, func(r rune) bool { return r < ' ' && r != '\t' }) {
			t.Errorf("%q makes %q", text, got)
		}
		if !added && rest != "" {
			t.Errorf("%q left %q", text, rest)
		}
	})
}
