package state

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// disk is a disk whose writes take time, and fail on request.
type disk struct {
	takes  time.Duration
	mu     sync.Mutex
	fail   error
	writes []string // "VALUE" or "VALUE sync"
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
	text := string(payload)
	if disk {
		text += " sync"
	}
	d.writes = append(d.writes, text)
	return nil
}

// breaks makes each write fail from now on, nil: work.
func (d *disk) breaks(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = err
}

// take gives the writes until now, which are forgotten.
func (d *disk) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	writes := d.writes
	d.writes = nil
	return writes
}

// story runs a Writer on a disk, on a virtual clock, and expects these writes.
func story(t *testing.T, takes time.Duration, tell func(w *Writer, d *disk), want ...string) *disk {
	t.Helper()
	d := &disk{takes: takes}
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(d.save, func(err error) { d.told = append(d.told, err) })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		synctest.Wait()
		tell(w, d)
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

func TestLatestWins(t *testing.T) {
	story(t, time.Second, func(w *Writer, d *disk) {
		w.Save([]byte("1"))
		synctest.Wait() // it is being written
		w.Save([]byte("2"))
		w.Save([]byte("3"))
		w.Save([]byte("4"))
		if err := w.Written(context.Background()); err != nil {
			t.Error(err)
		}
	}, "1", "4", "4 sync")
}

func TestToTheDiskByItself(t *testing.T) {
	story(t, time.Millisecond, func(w *Writer, d *disk) {
		w.Save([]byte("1"))
		time.Sleep(10 * time.Second)
		for n := range 30 { // never quiet for a second
			w.Save(fmt.Appendf(nil, "%d", n))
			time.Sleep(100 * time.Millisecond)
		}
		synced := 0
		writes := d.take()
		for _, text := range writes {
			if len(text) > 5 {
				synced++
			}
		}
		if synced < 3 || synced > 5 {
			t.Errorf("%d writes with sync: %q", synced, writes)
		}
		time.Sleep(10 * time.Second)
	}, "29 sync")
}

func TestFlush(t *testing.T) {
	story(t, time.Second, func(w *Writer, d *disk) {
		if err := w.Flush(context.Background()); err != nil { // nothing was given
			t.Error(err)
		}
		w.Save([]byte("1"))
		for range 3 {
			if err := w.Flush(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}, "1 sync")
}

func TestFlushOfADiskThatHangs(t *testing.T) {
	story(t, time.Hour, func(w *Writer, d *disk) {
		w.Save([]byte("1"))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := w.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		w.Save([]byte("2")) // does not wait for it
		time.Sleep(10 * time.Hour)
	}, "1 sync", "2", "2 sync")
}

func TestFailure(t *testing.T) {
	d := story(t, 0, func(w *Writer, d *disk) {
		d.breaks(unix.ENOSPC)
		w.Save([]byte("1"))
		if err := w.Flush(context.Background()); !errors.Is(err, unix.ENOSPC) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		w.Save([]byte("2"))
		if err := w.Written(context.Background()); !errors.Is(err, unix.ENOSPC) {
			t.Error(err)
		}
		d.breaks(unix.EIO)
		time.Sleep(time.Minute)
		d.breaks(nil)
		time.Sleep(time.Minute) // by itself
		if err := w.Flush(context.Background()); err != nil {
			t.Error(err)
		}
	}, "2 sync")
	if len(d.told) != 3 || !errors.Is(d.told[0], unix.ENOSPC) || !errors.Is(d.told[1], unix.EIO) || d.told[2] != nil {
		t.Errorf("told %v", d.told)
	}
}

func TestEnd(t *testing.T) {
	var kept *Writer
	story(t, 0, func(w *Writer, d *disk) {
		kept = w
		w.Save([]byte("1"))
		synctest.Wait()
		w.Save([]byte("2"))
	}, "1", "2", "2 sync")
	synctest.Test(t, func(t *testing.T) {
		kept.wake, kept.advanced = make(chan struct{}, 1), make(chan struct{})
		kept.Save([]byte("3"))
		if err := kept.Flush(t.Context()); !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
	})
}
