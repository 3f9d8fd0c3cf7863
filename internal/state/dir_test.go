package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

func list(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestThreeAreKept(t *testing.T) {
	dir := t.TempDir()
	for range 6 {
		must(t, os.WriteFile(filepath.Join(dir, logs[0]), []byte("?\n"), 0o600))
		if _, _, problems, err := OpenBook(dir, func(error) {}); err != nil || len(problems) != 1 || !strings.Contains(problems[0].Aside, bad) {
			t.Fatal(problems, err)
		}
	}
	if names := list(t, dir); len(names) != keep {
		t.Errorf("kept are %v", names)
	}
}

// TestOtherIsNotOurs: nothing that somebody puts in the place of the other log is written
// through, and everything is written anew all the same.
func TestOtherIsNotOurs(t *testing.T) {
	w := newWorld(t, 4)
	must(t, w.put(true))
	elsewhere := filepath.Join(w.dir, "elsewhere")
	must(t, os.WriteFile(elsewhere, []byte("precious"), 0o600))
	for n, place := range []func(path string) error{
		func(string) error { return nil },
		func(path string) error { return os.Link(elsewhere, path) },
		func(path string) error { return os.Symlink(elsewhere, path) },
		func(path string) error { return os.Mkdir(path, 0o700) },
		func(path string) error { return unix.Mkfifo(path, 0o600) },
	} {
		path := filepath.Join(w.dir, logs[1-w.book.log.at])
		must(t, os.RemoveAll(path))
		must(t, place(path))
		for life := w.book.log.life; w.book.log.life == life; {
			must(t, w.put(true))
		}
		w.open()
		if got, _ := w.state(); got != w.n || len(w.told) > 0 {
			t.Errorf("%d: read %d, not %d; told %v", n, got, w.n, w.told)
		}
	}
	if b, err := os.ReadFile(elsewhere); err != nil || string(b) != "precious" {
		t.Errorf("the other file now has %.20q, %v", b, err)
	}
}

func TestUntrustedDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root is strict")
	}
	w := newWorld(t, 5)
	must(t, os.Chmod(w.dir, 0o777))
	var why *trust.Error
	if err := w.put(true); !errors.As(err, &why) {
		t.Error(err)
	}
	if b, _, _, err := OpenBook(w.dir, func(error) {}); b != nil || !errors.As(err, &why) {
		t.Error(b, err)
	}
	if names := list(t, w.dir); len(names) > 0 {
		t.Error(names)
	}
}

func TestNotADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{file, filepath.Join(file, "below"), "relative"} {
		if b, _, _, err := OpenBook(dir, func(error) {}); b != nil || err == nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestNoRoomAtAll(t *testing.T) {
	mount := mountTmpfs(t, "64k")
	stuffing := stuff(t, mount)
	b, kept, problems, err := OpenBook(mount, func(error) {})
	if kept != nil || len(problems) > 0 || err != nil {
		t.Errorf("read %+v, %v, %v", kept, problems, err)
	}
	put(b, 1)
	if err := b.work(true, true); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("saved: %v", err)
	}
	must(t, os.Remove(stuffing))
	put(b, 2)
	must(t, b.work(true, true))
	if _, kept, problems, err := OpenBook(mount, func(error) {}); kept.number("n") != 2 || len(problems) > 0 || err != nil {
		t.Errorf("read %+v, %v, %v", kept, problems, err)
	}
}
