package state

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// TestBookReordered: at every instant, also between the steps of a snapshot, where the
// kernel has brought the journals to the disk before state.json, or state.json before the
// journals, what was on the disk or something newer is read. The journals are full often.
func TestBookReordered(t *testing.T) {
	if _, err := os.Stat("/dev/shm"); err == nil {
		t.Setenv("TMPDIR", "/dev/shm") // the loss is imagined: nothing need reach a disk
	}
	for _, garbage := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			b, _, stop := running(t, dir)
			defer func() { stop() }()
			l := &bookLoss{t: t, imagined: loss{t: t, dir: dir, garbage: garbage, disk: map[uint64][]byte{}}, synced: -1, journals: map[string][]byte{}}
			random := rand.New(rand.NewPCG(9, 10))
			for n := range 25 {
				switch random.IntN(10) {
				case 0:
					stop()
					l.synced = n - 1
					l.keepJournals()
					b, _, stop = running(t, dir)
				case 1, 2:
					time.Sleep(2 * lazily) // after which it is on the disk by itself
					synctest.Wait()
					l.synced = n - 1
					l.keepJournals()
				}
				l.watch(b)
				l.put(n, random.IntN(8) == 0)
			}
		})
	}
}

// bookLoss is an imagined loss of power of a Book.
type bookLoss struct {
	t        *testing.T
	imagined loss
	book     *Book
	synced   int               // the last number that is on the disk
	journals map[string][]byte // as they then were
}

// watch has the power lost at the steps of each snapshot from now on.
func (l *bookLoss) watch(b *Book) {
	if l.book == b {
		return
	}
	l.book, l.imagined.store = b, b.store
	b.journal.size = 1 << 10
	b.store.swap = func(fd int, from, to string) error {
		l.happen()
		return exchange(fd, from, to)
	}
}

func (l *bookLoss) put(n int, flush bool) {
	l.t.Helper()
	l.book.Put(map[string]any{"n": n, "pad": pad(n, 300)})
	wait := l.book.Written
	if flush {
		wait = l.book.Flush
	}
	if err := wait(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	synctest.Wait()
	if flush {
		l.synced = n
		l.keepJournals()
	}
	l.happen()
}

func (l *bookLoss) keepJournals() {
	for _, name := range list(l.t, l.imagined.dir) {
		if strings.HasPrefix(name, "journal") {
			content, err := os.ReadFile(filepath.Join(l.imagined.dir, name))
			if err != nil {
				l.t.Fatal(err)
			}
			l.journals[name] = content
		}
	}
}

// happen reads what is there after a loss now, with the journals as they are, and as they
// were on the disk.
func (l *bookLoss) happen() {
	l.t.Helper()
	for _, late := range []bool{false, true} {
		after := l.imagined.leave()
		for name, content := range l.journals {
			if !late {
				continue
			}
			if err := os.WriteFile(filepath.Join(after, name), content, 0o600); err != nil {
				l.t.Fatal(err)
			}
		}
		_, kept, _, err := OpenBook(after, func(error) {})
		if got := kept.number("n"); err != nil || got < l.synced {
			l.t.Errorf("%d was on the disk, %d is read, %v; late: %v", l.synced, got, err, late)
		}
		if err := os.RemoveAll(after); err != nil {
			l.t.Error(err)
		}
	}
}

// TestBookLostSnapshot: the records that went on from a version of state.json that was
// lost, or taken away, never go on from another one.
func TestBookLostSnapshot(t *testing.T) {
	for _, anew := range []bool{false, true} {
		dir := t.TempDir()
		b, _, stop := running(t, dir)
		b.Put(map[string]any{"a": 1})
		if err := b.Written(t.Context()); err != nil {
			t.Fatal(err)
		}
		stop()
		before, err := os.ReadFile(filepath.Join(dir, current))
		if err != nil {
			t.Fatal(err)
		}
		b, _, stop = running(t, dir)
		for _, n := range []int{2, 3, 4} { // in a snapshot, then in the journal
			b.Put(map[string]any{"a": n})
			if err := b.Written(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		for _, name := range []string{current, old, spare} {
			_ = os.Remove(filepath.Join(dir, name)) // one may not be there
		}
		want := -1
		if !anew {
			want = 1
			if err := os.WriteFile(filepath.Join(dir, current), before, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b, _, stop = running(t, dir)
		b.Put(map[string]any{"b": 1})
		if err := b.Written(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, kept, _, err := OpenBook(dir, func(error) {}) // as if it were killed now
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if got := kept.number("a"); got != want || kept.number("b") != 1 {
			t.Errorf("read %s", kept.Values)
		}
	}
}

// TestBookFullDisk: once there was room there is room for every later change; what does
// not fit is said not to be there, and what was there stays.
func TestBookFullDisk(t *testing.T) {
	for name, dir := range map[string]func(*testing.T) string{
		"tmpfs": func(t *testing.T) string { return mountTmpfs(t, "4m") },
		"ext4":  func(t *testing.T) string { return newLoop(t, t.TempDir()).dir },
	} {
		t.Run(name, func(t *testing.T) { bookFullDisk(t, dir(t)) })
	}
}

func bookFullDisk(t *testing.T, mount string) {
	dir := filepath.Join(mount, "procward")
	b, _, stop := running(t, dir)
	written := func(n int, flush bool) error {
		b.Put(map[string]any{"n": n})
		if flush {
			return b.Flush(t.Context())
		}
		return b.Written(t.Context())
	}
	for n := range 2 { // one in a snapshot, one in the journal
		if err := written(n, false); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	stuffing := stuff(t, mount)
	if err := os.WriteFile(filepath.Join(mount, "more"), []byte("more"), 0o600); err == nil {
		t.Skip("the disk does not get full")
	}
	b, _, stop = running(t, dir)
	for n := range 50 {
		if err := written(n, n%5 == 0); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
	}
	b.Put(map[string]any{"big": pad(0, 2*journalSize)})
	if err := b.Written(t.Context()); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("two megabytes more: %v", err)
	}
	stop()
	b, kept, stop := running(t, dir)
	if got := kept.number("n"); got != 49 {
		t.Errorf("then read %d", got)
	}
	if err := os.Remove(stuffing); err != nil {
		t.Fatal(err)
	}
	if err := written(50, true); err != nil {
		t.Errorf("with room again: %v", err)
	}
	stop()
}

// TestBookFailingDisk: each operation fails with EIO. Nothing is said to be saved that is
// not, and what was there is there when the disk works again.
func TestBookFailingDisk(t *testing.T) {
	l := newLoop(t, t.TempDir())
	b, _, stop := running(t, l.dir)
	put(b, 1)
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.cut()
	put(b, 2)
	if err := b.Written(t.Context()); err == nil {
		t.Error("written without a disk")
	}
	if err := b.Flush(t.Context()); err == nil {
		t.Error("flushed without a disk")
	}
	if _, kept, problems, err := OpenBook(l.dir, func(error) {}); err == nil && kept == nil {
		t.Errorf("a disk that fails is read as empty: %v", problems)
	}
	stop()
	l.unmount()
	l.mount()
	b, kept, stop := running(t, l.dir)
	defer stop()
	if got := kept.number("n"); got != 1 {
		t.Errorf("read %d", got)
	}
	put(b, 3)
	if err := b.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}
