package state

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
	"procward/procscan"
)

func mustOpen(t testing.TB, dir string) (*Store, *Saved, []Problem) {
	t.Helper()
	s, saved, problems, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, saved, problems
}

func mustSave(t testing.TB, s *Store, n int, sync bool) {
	t.Helper()
	if err := s.Save([]byte(strconv.Itoa(n)), sync); err != nil {
		t.Fatal(err)
	}
}

// number is the value, -1 if there is none.
func number(t testing.TB, saved *Saved) int {
	t.Helper()
	if saved == nil {
		return -1
	}
	var n int
	if err := json.Unmarshal(saved.Payload, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lib", "procward")
	s, saved, problems := mustOpen(t, dir)
	if saved != nil || problems != nil {
		t.Errorf("in no directory: %+v, %v", saved, problems)
	}
	before := procscan.Boottime()
	for n := range 20 {
		mustSave(t, s, n, n%3 == 0)
		next, saved, problems := mustOpen(t, dir)
		if number(t, saved) != n || len(problems) > 0 {
			t.Fatalf("%d was saved, %+v is read, with %v", n, saved, problems)
		}
		if saved.Boot != s.Boot() || saved.Boottime < before || saved.Boottime > procscan.Boottime() || time.Since(saved.Wall) > time.Minute {
			t.Errorf("wrong stamp %+v", saved)
		}
		if n%5 == 0 {
			s = next
		}
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if names := list(t, dir); strings.Join(names, " ") != "state.json state.json.old state.json.spare" {
		t.Errorf("the directory has %v", names)
	}
	if err := s.Save([]byte("{"), false); err == nil {
		t.Error("no JSON is saved")
	}
}

func list(t testing.TB, dir string) []string {
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

// TestBadFiles: whatever stands in the place of state.json is set aside and reported,
// the version before is used, and the next Save works.
func TestBadFiles(t *testing.T) {
	newer := resum([]byte("{\"format\":\"procward-state\",\"version\":2}\n{}\n"))
	write := func(content string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(content), 0o600) }
	}
	for name, c := range map[string]struct {
		put  func(path string) error
		want error
	}{
		"empty":     {write(""), ErrTorn},
		"zeros":     {write(string(make([]byte, 4096))), ErrTorn},
		"torn":      {write(`{"format":"procward-state","ver`), ErrTorn},
		"foreign":   {write(`{"hello": "world"}`), ErrForeign},
		"newer":     {write(string(newer)), ErrNewer},
		"directory": {func(path string) error { return os.Mkdir(path, 0o700) }, nil},
		"fifo":      {func(path string) error { return unix.Mkfifo(path, 0o600) }, nil},
		"link":      {func(path string) error { return os.Symlink("nowhere", path) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, _, _ := mustOpen(t, dir)
			mustSave(t, s, 1, false)
			mustSave(t, s, 2, false)
			path := filepath.Join(dir, current)
			if err := errors.Join(os.Remove(path), c.put(path)); err != nil {
				t.Fatal(err)
			}
			s, saved, problems := mustOpen(t, dir)
			if number(t, saved) != 1 {
				t.Errorf("read %+v", saved)
			}
			if name == "link" { // to a file that does not exist: like no file
				if len(problems) != 1 {
					t.Errorf("problems: %v", problems)
				}
			} else if len(problems) != 1 || problems[0].Path != path || !errors.Is(problems[0], c.want) && c.want != nil {
				t.Fatalf("problems: %v", problems)
			} else if _, err := os.Lstat(problems[0].Aside); err != nil {
				t.Error(err)
			}
			mustSave(t, s, 3, true)
			if _, saved, problems := mustOpen(t, dir); number(t, saved) != 3 || len(problems) > 0 {
				t.Errorf("then read %+v, %v", saved, problems)
			}
		})
	}
}

func TestNothingLeft(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := mustOpen(t, dir)
	mustSave(t, s, 1, true)
	mustSave(t, s, 2, true)
	for _, name := range list(t, dir) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("?"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, saved, problems := mustOpen(t, dir)
	if saved != nil || len(problems) != 3 {
		t.Errorf("read %+v, %v", saved, problems)
	}
	mustSave(t, s, 3, true)
	if _, saved, _ := mustOpen(t, dir); number(t, saved) != 3 {
		t.Errorf("then read %+v", saved)
	}
}

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := mustOpen(t, dir)
	mustSave(t, s, 1, true)
	mustSave(t, s, 2, true)
	if err := os.Remove(filepath.Join(dir, current)); err != nil {
		t.Fatal(err)
	}
	if _, saved, problems := mustOpen(t, dir); number(t, saved) != 1 || len(problems) != 1 {
		t.Errorf("read %+v, %v", saved, problems)
	}
}

func TestThreeAreKept(t *testing.T) {
	dir := t.TempDir()
	for range 6 {
		if err := os.WriteFile(filepath.Join(dir, current), []byte("?"), 0o600); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, dir)
	}
	if names := list(t, dir); len(names) != keep {
		t.Errorf("kept are %v", names)
	}
}

// TestSpareIsNotOurs: nothing that somebody puts in the place of the spare is written
// through, and the next Save works.
func TestSpareIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := mustOpen(t, dir)
	elsewhere, path := filepath.Join(dir, "elsewhere"), filepath.Join(dir, spare)
	if err := os.WriteFile(elsewhere, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for n, put := range []func() error{
		func() error { return nil },
		func() error { return os.Link(elsewhere, path) },
		func() error { return os.Symlink(elsewhere, path) },
		func() error { return os.Mkdir(path, 0o700) },
		func() error { return unix.Mkfifo(path, 0o600) },
	} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := put(); err != nil {
			t.Fatal(err)
		}
		mustSave(t, s, n, true)
		if _, saved, _ := mustOpen(t, dir); number(t, saved) != n {
			t.Errorf("%d: read %+v", n, saved)
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
	dir := t.TempDir()
	s, _, _ := mustOpen(t, dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var why *trust.Error
	if err := s.Save([]byte("1"), true); !errors.As(err, &why) {
		t.Error(err)
	}
	if s, _, _, err := Open(dir); s != nil || !errors.As(err, &why) {
		t.Error(s, err)
	}
	if names := list(t, dir); len(names) > 0 {
		t.Error(names)
	}
}

func TestNotADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), "relative"} {
		if s, _, _, err := Open(dir); s != nil || err == nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// TestPowerLoss: at every instant between the steps of a Save, where of all files that
// are not known to be on the disk there is garbage, or what they had when they last were,
// the last version that is on the disk, or a newer one, is read.
func TestPowerLoss(t *testing.T) {
	for _, simple := range []bool{false, true} { // without RENAME_EXCHANGE too
		for _, garbage := range []bool{false, true} {
			l := &loss{t: t, dir: t.TempDir(), garbage: garbage, disk: map[uint64][]byte{}, synced: -1}
			l.store, _, _ = mustOpen(t, l.dir)
			l.store.swap = func(fd int, a, b string) error {
				l.happen()
				if simple {
					return unix.EINVAL
				}
				return exchange(fd, a, b)
			}
			random := rand.New(rand.NewPCG(1, 2))
			for n := range 40 {
				sync := random.IntN(4) == 0
				mustSave(t, l.store, n, sync)
				if sync {
					l.synced = n
				}
				l.happen()
			}
		}
	}
}

// loss is a loss of power that is imagined.
type loss struct {
	t       *testing.T
	dir     string
	store   *Store
	garbage bool
	disk    map[uint64][]byte // by inode
	synced  int               // the last version that is on the disk
}

func (l *loss) happen() {
	l.t.Helper()
	if _, saved, _ := mustOpen(l.t, l.leave()); number(l.t, saved) < l.synced {
		l.t.Errorf("%d was on the disk, %d is read; durable: %v", l.synced, number(l.t, saved), l.store.durable)
	}
}

// leave makes the directory as it is after a loss now; other files than the store's are
// in it as they are.
func (l *loss) leave() string {
	l.t.Helper()
	after := l.t.TempDir()
	for _, name := range list(l.t, l.dir) {
		path := filepath.Join(l.dir, name)
		content, err := os.ReadFile(path)
		if err != nil {
			l.t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			l.t.Fatal(err)
		}
		switch {
		case !strings.HasPrefix(name, current):
		case l.store.durable[name]:
			l.disk[st.Ino] = content
		case l.garbage:
			content = content[:len(content)/3]
		default:
			content = l.disk[st.Ino]
		}
		if err := os.WriteFile(filepath.Join(after, name), content, 0o600); err != nil {
			l.t.Fatal(err)
		}
	}
	return after
}

// TestWithoutExchange: on a file system that cannot exchange names.
func TestWithoutExchange(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := mustOpen(t, dir)
	s.swap = func(int, string, string) error { return unix.EINVAL }
	for n := range 10 {
		mustSave(t, s, n, n%2 == 0)
		if _, saved, problems := mustOpen(t, dir); number(t, saved) != n || len(problems) > 0 {
			t.Fatalf("read %+v, %v", saved, problems)
		}
	}
}

func TestGrowing(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := mustOpen(t, dir)
	for _, size := range []int{10, 100_000, 3, 50_000, 20_000} {
		want := `"` + strings.Repeat("x", size) + `"`
		if err := s.Save([]byte(want), false); err != nil {
			t.Fatal(err)
		}
		_, saved, problems := mustOpen(t, dir)
		if string(saved.Payload) != want || len(problems) > 0 {
			t.Errorf("%d: %d are read, %v", size, len(saved.Payload), problems)
		}
		for _, name := range []string{old, spare} {
			if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Size() < int64(size) {
				t.Errorf("%s has no room for %d: %v", name, size, err)
			}
		}
	}
}
