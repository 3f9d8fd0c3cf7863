package trust

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDir(t *testing.T) {
	dir := tree(t)
	deep := filepath.Join(dir, "a/new/newer")
	for range 2 {
		f, err := Dir(deep, 0o700)
		must(t, err)
		must(t, os.WriteFile(Within(f, "f"), []byte("x"), 0o600))
		must(t, f.Close())
		must(t, os.Remove(filepath.Join(deep, "f")))
	}
	for _, made := range []string{"a/new", "a/new/newer"} {
		info, err := os.Stat(filepath.Join(dir, made))
		must(t, err)
		if info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("%s: %v", made, info.Mode())
		}
	}
	if _, err := Dir(filepath.Join(dir, "a/b/f"), 0o700); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("a file: %v", err)
	}
}

// TestDirElsewhere holds that root makes nothing in a directory of another, nor where a link
// of his leads.
func TestDirElsewhere(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	dir := tree(t)
	must(t, os.Mkdir(filepath.Join(dir, "his"), 0o755))
	chown("his")(t, dir)
	must(t, os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "his/link")))
	for _, at := range []string{"his", "his/new", "his/link/new"} {
		if _, err := Dir(filepath.Join(dir, at), 0o755); err == nil || !strings.Contains(err.Error(), "belongs to the user 54321") {
			t.Errorf("%s: %v", at, err)
		}
	}
	for _, at := range []string{"his/new", "a/new"} {
		if _, err := os.Lstat(filepath.Join(dir, at)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was made: %v", at, err)
		}
	}
}

// TestWithin holds that a name in an open directory stays there, whatever its path becomes.
func TestWithin(t *testing.T) {
	dir := tree(t)
	f, err := Dir(filepath.Join(dir, "a/b"), 0o700)
	must(t, err)
	defer f.Close()
	must(t, os.Rename(filepath.Join(dir, "a/b"), filepath.Join(dir, "a/away")))
	must(t, os.Symlink("/", filepath.Join(dir, "a/b")))
	if data, err := os.ReadFile(Within(f, "f")); string(data) != "content" {
		t.Error(string(data), err)
	}
}
