package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// world is a directory with a Book of small logs, whose writes and syncs fail as the test
// likes, and whose power can be cut.
type world struct {
	t      *testing.T
	dir    string
	boot   int
	luck   *rand.Rand
	book   *Book
	kept   *Kept
	told   []Problem
	writes func(line []byte) (n int, err error) // how much of a write is carried out; nil: all
	syncs  func() error                         // nil: it works
	mu     sync.Mutex                           // of disk, while a sync is under way
	disk   map[string][]byte                    // what is on the disk, by name
	n      int                                  // put last
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, dir: t.TempDir(), luck: rand.New(rand.NewPCG(seed, 1)), disk: map[string][]byte{}}
	if _, err := os.Stat("/dev/shm"); err == nil { // the disk is imagined: nothing need reach one
		dir, err := os.MkdirTemp("/dev/shm", "state")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		w.dir = dir
	}
	w.open()
	return w
}

// open is another daemon.
func (w *world) open() {
	w.t.Helper()
	l := newLog(w.dir, "boot "+strconv.Itoa(w.boot))
	l.room, l.base = 3<<10, 3<<10
	l.writeAt = func(f *os.File, b []byte, at int64) error {
		n, failed := len(b), error(nil)
		if w.writes != nil {
			n, failed = w.writes(b)
		}
		_, err := f.WriteAt(b[:n], at)
		return errors.Join(failed, err)
	}
	l.fsync = func(f *os.File) error {
		if w.syncs != nil {
			if err := w.syncs(); err != nil {
				return err
			}
		}
		w.mu.Lock() // a sync beside the writing ends here as well
		defer w.mu.Unlock()
		path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		must(w.t, err)
		w.disk[filepath.Base(path)] = contentOf(w.t, path, w.dir)
		return nil
	}
	w.book = newBook(l, func(error) {})
	var err error
	if w.kept, w.told, err = l.read(); err != nil {
		w.t.Fatal(err)
	}
	if w.kept != nil {
		merge(w.book.values, w.kept.Values)
	}
}

func contentOf(t *testing.T, name, dir string) []byte {
	b, err := os.ReadFile(filepath.Join(dir, filepath.Base(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put writes the next number, and says whether that is acknowledged.
func (w *world) put(disk bool) error {
	w.n++
	w.book.Put(map[string]any{"n": w.n, strconv.Itoa(w.n % 5): w.n, "pad": pad(w.n, w.luck.IntN(300))})
	return w.book.work(disk, true)
}

// state is the number read and whether what goes with it was read too.
func (w *world) state() (n int, whole bool) {
	n = max(w.kept.number("n"), 0)
	return n, n == 0 || w.kept.number(strconv.Itoa(n%5)) == n
}

// lose cuts the power: of what is not on the disk the kernel may have written any page.
func (w *world) lose() {
	for _, name := range append(logs[:], "state.0.new", "state.1.new") {
		path := filepath.Join(w.dir, name)
		now, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		old := append(bytes.Clone(w.disk[name]), make([]byte, max(len(now)-len(w.disk[name]), 0))...)
		for at := 0; at < len(now); at += 512 {
			if w.luck.IntN(2) == 0 {
				copy(now[at:min(at+512, len(now))], old[at:])
			}
		}
		if err := os.WriteFile(path, now, 0o600); err != nil {
			w.t.Fatal(err)
		}
		w.disk[name] = now
	}
	w.boot++
}

// faults are those of a disk.
var faults = []error{unix.ENOSPC, unix.EDQUOT, unix.EIO}

// TestWritesThatFail: whatever is written of a record before a write fails, all of it too, what
// was acknowledged is read after the death of the daemon, and nothing is called damage.
func TestWritesThatFail(t *testing.T) {
	for seed := range uint64(150) {
		w := newWorld(t, seed)
		last := 0
		for range 60 {
			w.writes, w.syncs = nil, nil
			switch w.luck.IntN(4) {
			case 0:
				fault := faults[w.luck.IntN(3)]
				w.writes = func(b []byte) (int, error) { return []int{0, w.luck.IntN(len(b)), len(b)}[w.luck.IntN(3)], fault }
			case 1:
				w.syncs = func() error { return faults[w.luck.IntN(3)] }
			}
			if w.put(w.luck.IntN(6) == 0) == nil {
				last = w.n
			}
			if w.luck.IntN(8) > 0 {
				continue
			}
			w.writes, w.syncs = nil, nil
			w.open()
			if n, whole := w.state(); n < last || !whole || len(w.told) > 0 {
				t.Fatalf("seed %d: %d was acknowledged, %d is read, whole: %v, told: %v", seed, last, n, whole, w.told)
			}
		}
	}
}

// TestEachWriteCutShort: the same for many bytes of each write of a little history, in which
// everything is written anew as well, with the daemon's death right then and a little later.
func TestEachWriteCutShort(t *testing.T) {
	for _, later := range []int{0, 1, 3} {
		for cut := 0; ; cut += 29 {
			w, done, last := newWorld(t, 1), 0, 0
			w.writes = func(b []byte) (int, error) {
				if was := done; was <= cut && cut < was+len(b)+29 {
					done = 1 << 30
					return min(cut-was, len(b)), unix.ENOSPC
				}
				done += len(b)
				return len(b), nil
			}
			for left := later; w.n < 40; {
				if w.put(false) == nil {
					last = w.n
				}
				if done >= 1<<30 {
					if left--; left < 0 {
						break
					}
				}
			}
			if done < 1<<30 {
				break
			}
			w.open()
			if n, whole := w.state(); n < last || !whole || len(w.told) > 0 {
				t.Fatalf("cut at byte %d, and %d later: %d was acknowledged, %d is read, whole: %v, told: %v", cut, later, last, n, whole, w.told)
			}
		}
	}
}

// TestPowerLost: after the loss of power in any state of the files and of the kernel's pages what
// was on the disk or something newer is read, as it was at one time, and nothing is called damage.
func TestPowerLost(t *testing.T) {
	for seed := range uint64(300) {
		w := newWorld(t, seed)
		flushed := 0
		for range 60 {
			switch w.luck.IntN(10) {
			case 0:
				if err := w.put(true); err != nil {
					t.Fatal(err)
				}
				flushed = w.n
			case 1:
				w.book.beginSync()
				for range w.luck.IntN(4) {
					_ = w.put(false)
				}
				if w.book.syncing != nil {
					w.book.endSync(<-w.book.syncing)
				}
			case 2:
				w.lose()
				fallthrough
			case 3:
				w.open()
				n, whole := w.state()
				if n < flushed || !whole || len(w.told) > 0 && flushed > 0 {
					t.Fatalf("seed %d: %d was on the disk, %d is read, whole: %v, told: %v", seed, flushed, n, whole, w.told)
				}
				w.n = n
			default:
				if err := w.put(false); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestEachBit: one bit is wrong. What was kept is read, or it is told; but for the last record,
// which cannot be told from one that was never written to its end.
func TestEachBit(t *testing.T) {
	w := newWorld(t, 2)
	for w.n < 25 {
		if err := w.put(w.n%4 == 0); err != nil {
			t.Fatal(err)
		}
	}
	w.book.log.close()
	seen := map[string]int{}
	for _, name := range logs {
		good := contentOf(t, name, w.dir)
		for at := 0; at < min(len(good), 12<<10); at += 1 + w.luck.IntN(16) { // blanks follow
			bad := bytes.Clone(good)
			bad[at] ^= 1 << w.luck.IntN(8)
			dir := t.TempDir()
			for _, other := range logs {
				text := contentOf(t, other, w.dir)
				if other == name {
					text = bad
				}
				if err := os.WriteFile(filepath.Join(dir, other), bytes.TrimRight(text, "\x00"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			kept, told, err := newLog(dir, "boot 0").read()
			if err != nil {
				t.Fatal(err)
			}
			switch n := kept.number("n"); {
			case len(told) > 0:
				seen["told"]++
			case n == w.n && kept.number(strconv.Itoa(n%5)) == n:
				seen["read"]++
			case n == w.n-1:
				seen["torn"]++
			default:
				t.Fatalf("bit in byte %d of %s: %d is read, and nothing told", at, name, n)
			}
		}
	}
	if t.Log(seen); seen["told"] == 0 || seen["read"] == 0 || seen["torn"] == 0 || seen["torn"] > 100 {
		t.Errorf("this tells nothing: %v", seen)
	}
}

// TestWhatIsMissingIsTold: a log is taken away, or everything is foreign.
func TestWhatIsMissingIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string, newest int)
		told  bool
		read  bool
	}{
		"nothing":            {func(*testing.T, string, int) {}, false, true},
		"the newest is away": {func(t *testing.T, dir string, at int) { must(t, os.Remove(filepath.Join(dir, logs[at]))) }, true, true},
		"the former is away": {func(t *testing.T, dir string, at int) { must(t, os.Remove(filepath.Join(dir, logs[1-at]))) }, false, true},
		"both are away": {func(t *testing.T, dir string, at int) {
			must(t, os.Remove(filepath.Join(dir, logs[0])))
			must(t, os.Remove(filepath.Join(dir, logs[1])))
		}, false, false},
		"the newest is foreign": {func(t *testing.T, dir string, at int) {
			must(t, os.WriteFile(filepath.Join(dir, logs[at]), []byte("what is this"), 0o600))
		}, true, true},
		"the former is foreign": {func(t *testing.T, dir string, at int) {
			must(t, os.WriteFile(filepath.Join(dir, logs[1-at]), []byte("what is this"), 0o600))
		}, true, true},
		"the newest is zeros": {func(t *testing.T, dir string, at int) {
			must(t, os.WriteFile(filepath.Join(dir, logs[at]), make([]byte, 9000), 0o600))
		}, true, true},
		"the former is a link": {func(t *testing.T, dir string, at int) {
			must(t, os.Remove(filepath.Join(dir, logs[1-at])))
			must(t, os.Symlink("/etc/passwd", filepath.Join(dir, logs[1-at])))
		}, true, true},
		"the newest is a FIFO": {func(t *testing.T, dir string, at int) {
			must(t, os.Remove(filepath.Join(dir, logs[at])))
			must(t, unix.Mkfifo(filepath.Join(dir, logs[at]), 0o600))
		}, true, true},
		"of the version before": {func(t *testing.T, dir string, at int) {
			must(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte("{}"), 0o600))
		}, true, true},
		"the beginning is broken": {func(t *testing.T, dir string, at int) { flip(t, filepath.Join(dir, logs[at]), 3) }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 3)
			for w.n < 25 || w.book.log.left != nil {
				if err := w.put(true); err != nil {
					t.Fatal(err)
				}
			}
			c.spoil(t, w.dir, w.book.log.at)
			w.book.log.close()
			w.open()
			if (len(w.told) > 0) != c.told || (w.kept != nil) != c.read {
				t.Errorf("told %v, kept %v", w.told, w.kept)
			}
			for range 30 { // whatever it was, it goes on from there
				if err := w.put(true); err != nil {
					t.Fatal(err)
				}
			}
			w.open()
			if n, whole := w.state(); n != w.n || !whole || len(w.told) > 0 {
				t.Errorf("%d is read, not %d; told %v", n, w.n, w.told)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	b := make([]byte, 1)
	_, err = io.ReadFull(io.NewSectionReader(f, at, 1), b)
	must(t, err)
	b[0] ^= 1
	_, err = f.WriteAt(b, at)
	must(t, err)
}

// FuzzRecords: no bytes make the reading panic, and only records with a checksum are taken.
func FuzzRecords(f *testing.F) {
	line, err := record{number: 7, Whole: true}.line()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(append(append([]byte("\x00\x00"), line...), line...))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, r := range records(text, 0) {
			line, _ := record(r.record).line()
			if again, ok := parse(line); !ok || fmt.Sprint(again) != fmt.Sprint(r.record) {
				t.Errorf("%+v is read again as %+v", r.record, again)
			}
		}
		all := records(text, 0)
		_ = newLog("/", "boot").follow(all)
	})
}
