package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// disk is a disk whose snapshots take time, and fail on request.
type disk struct {
	store  *Store
	takes  time.Duration
	mu     sync.Mutex
	fail   error
	writes []string // of snapshots: "VALUES" or "VALUES sync"
	told   []error
}

func (d *disk) save(payload []byte, disk bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	fail := d.fail
	time.Sleep(d.takes)
	if fail != nil {
		return fmt.Errorf("save: %w", fail)
	}
	_, text, _ := strings.Cut(strings.TrimSuffix(string(payload), "}"), `"values":`)
	if disk {
		text += " sync"
	}
	d.writes = append(d.writes, text)
	return d.store.Save(payload, disk)
}

// breaks makes each write fail from now on, nil: work.
func (d *disk) breaks(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = err
}

// story runs a Book on a disk, on a virtual clock, and expects these snapshots.
func story(t *testing.T, takes time.Duration, tell func(t *testing.T, b *Book, d *disk), want ...string) *disk {
	t.Helper()
	d := &disk{takes: takes}
	synctest.Test(t, func(t *testing.T) {
		b, _, _, err := OpenBook(t.TempDir(), func(err error) { d.told = append(d.told, err) })
		if err != nil {
			t.Fatal(err)
		}
		d.store, b.save = b.store, d.save
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx) }()
		synctest.Wait()
		tell(t, b, d)
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if !reflect.DeepEqual(d.writes, want) {
		t.Errorf("written %q, not %q", d.writes, want)
	}
	return d
}

func put(b *Book, n int) { b.Put(map[string]any{"n": n}) }

func TestChangesAreJoined(t *testing.T) {
	story(t, time.Second, func(t *testing.T, b *Book, d *disk) {
		put(b, 1)
		synctest.Wait() // it is being written
		put(b, 2)
		b.Put(map[string]any{"m": 3})
		put(b, 4)
		if err := b.Written(t.Context()); err != nil {
			t.Error(err)
		}
		records, _, err := replay(b.store.dir, b.journal.generation)
		if err != nil || len(records) != 1 || len(records[0].Set) != 2 || string(records[0].Set["n"]) != "4" {
			t.Errorf("the journal has %v, %v", records, err)
		}
	}, `{"n":1}`, `{"m":3,"n":4} sync`)
}

func TestToTheDiskByItself(t *testing.T) {
	story(t, time.Millisecond, func(t *testing.T, b *Book, d *disk) {
		put(b, 1)
		time.Sleep(10 * time.Second)
		if reached := b.onDisk(); reached != 1 {
			t.Errorf("%d is on the disk", reached)
		}
		var reached []uint64
		for n := range 30 { // never quiet for a second
			put(b, n)
			time.Sleep(100 * time.Millisecond)
			reached = append(reached, b.onDisk())
		}
		if syncs := len(slices.Compact(reached)) - 1; syncs < 2 || syncs > 4 {
			t.Errorf("brought to the disk %d times: %d", syncs, reached)
		}
		time.Sleep(10 * time.Second)
		if reached := b.onDisk(); reached != 31 {
			t.Errorf("%d is on the disk", reached)
		}
	}, `{"n":1}`, `{"n":29} sync`)
}

// onDisk is how many calls of Put are on the disk.
func (b *Book) onDisk() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.disk
}

func TestFlush(t *testing.T) {
	story(t, time.Second, func(t *testing.T, b *Book, d *disk) {
		put(b, 1)
		for range 3 {
			if err := b.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
		put(b, 2)
		time.Sleep(10 * time.Second) // it comes to the disk by itself
		if err := b.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	}, `{"n":1} sync`, `{"n":2} sync`)
}

func TestFlushOfADiskThatHangs(t *testing.T) {
	story(t, time.Hour, func(t *testing.T, b *Book, d *disk) {
		put(b, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		put(b, 2) // does not wait for it
		time.Sleep(10 * time.Hour)
		if reached := b.onDisk(); reached != 2 {
			t.Errorf("%d is on the disk", reached)
		}
	}, `{"n":1} sync`, `{"n":2} sync`)
}

func TestFailure(t *testing.T) {
	d := story(t, 0, func(t *testing.T, b *Book, d *disk) {
		d.breaks(unix.ENOSPC)
		put(b, 1)
		if err := b.Flush(t.Context()); !errors.Is(err, unix.ENOSPC) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		put(b, 2)
		if err := b.Written(t.Context()); !errors.Is(err, unix.ENOSPC) {
			t.Error(err)
		}
		d.breaks(unix.EIO)
		time.Sleep(time.Minute)
		d.breaks(nil)
		time.Sleep(time.Minute) // by itself
		if err := b.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	}, `{"n":2} sync`, `{"n":2} sync`)
	if len(d.told) != 3 || !errors.Is(d.told[0], unix.ENOSPC) || !errors.Is(d.told[1], unix.EIO) || d.told[2] != nil {
		t.Errorf("told %v", d.told)
	}
}

// TestSyncThatFails: what cannot be brought to the disk beside the writing is written anew
// until it can be.
func TestSyncThatFails(t *testing.T) {
	d := story(t, 0, func(t *testing.T, b *Book, d *disk) {
		put(b, 1)
		if err := b.Written(t.Context()); err != nil {
			t.Error(err)
		}
		d.breaks(unix.EIO)
		path := filepath.Join(b.store.dir, current)
		if err := errors.Join(os.Remove(path), os.Symlink("nowhere", path)); err != nil { // which is never followed
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if reached := b.onDisk(); reached != 0 {
			t.Errorf("%d is on the disk", reached)
		}
		d.breaks(nil)
		time.Sleep(time.Minute)
		if reached := b.onDisk(); reached != 1 {
			t.Errorf("%d is on the disk", reached)
		}
	}, `{"n":1}`, `{"n":1} sync`, `{"n":1} sync`)
	if len(d.told) != 2 || !errors.Is(d.told[0], unix.EIO) || d.told[1] != nil {
		t.Errorf("told %v", d.told)
	}
}

// TestEnd: Run brings everything to the disk, and after it nothing touches the directory.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		b, _, stop := running(t, dir)
		for n := range 3 {
			put(b, n)
			if err := b.Written(t.Context()); err != nil {
				t.Error(err)
			}
		}
		stop()
		if b.onDisk() != 3 {
			t.Errorf("%d is on the disk", b.onDisk())
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		put(b, 3)
		if err := b.Flush(t.Context()); !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("the directory is there again: %v", err)
		}
	})
}
