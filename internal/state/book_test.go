package state

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"procward/internal/testbed"
)

// running opens a Book whose Run goes on until the test calls stop, which cuts the
// power first if it likes.
func running(t *testing.T, dir string) (b *Book, kept *Kept, stop func()) {
	t.Helper()
	b, kept, problems, err := OpenBook(dir, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Log(p)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = b.Run(ctx) // which fails without power
	}()
	return b, kept, func() { cancel(); <-ended }
}

// kept is the number under a key, -1 if there is none.
func (k *Kept) number(key string) int {
	if k == nil || k.Values[key] == nil {
		return -1
	}
	n, err := strconv.Atoi(string(k.Values[key]))
	if err != nil {
		return -1
	}
	return n
}

// TestBookPowerLoss: after the loss of power the Book has what was there at the last
// Flush or later, over daemons that begin with a Book of their own each.
func TestBookPowerLoss(t *testing.T) {
	l := newLoop(t, t.TempDir())
	random := rand.New(rand.NewPCG(7, 8))
	n, flushed := 0, -1
	for range 5 {
		b, kept, stop := running(t, l.dir)
		if got := kept.number("n"); got < flushed {
			t.Fatalf("%d was on the disk, %d is read", flushed, got)
		}
		for range random.IntN(12) {
			n++
			b.Put(map[string]any{"n": n, strconv.Itoa(n % 5): n})
			wait := b.Written
			if random.IntN(5) == 0 {
				wait, flushed = b.Flush, n
			}
			if err := wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		l.cut()
		stop()
		l.unmount()
		l.mount()
	}
}

// TestBookOldChanges: what the journal has held for long is on the disk, and is not lost
// because a daemon that has begun another journal loses its power.
func TestBookOldChanges(t *testing.T) {
	l := newLoop(t, t.TempDir())
	b, _, stop := running(t, l.dir)
	for n := range 10 {
		b.Put(map[string]any{"n": n})
		if err := b.Written(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stop() // which brings it to the disk
	b, kept, stop := running(t, l.dir)
	if got := kept.number("n"); got != 9 {
		t.Fatalf("read %d", got)
	}
	b.Put(map[string]any{"n": 10})
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 11; n < 20; n++ { // in the journal, and brought to the disk
		b.Put(map[string]any{"n": n})
		if err := b.Written(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.settled(t)
	stopFirst := stop // later: it does nothing any more, as if SIGKILL had ended it
	b, kept, stop = running(t, l.dir)
	if got := kept.number("n"); got != 19 {
		t.Fatalf("read %d", got)
	}
	for n := 20; n < 23; n++ {
		b.Put(map[string]any{"n": n})
		if err := b.Written(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.settled(t)
	l.cut()
	stop()
	stopFirst()
	l.unmount()
	l.mount()
	_, kept, stop = running(t, l.dir)
	stop()
	if got := kept.number("n"); got != 22 {
		t.Errorf("22 was on the disk, %d is read", got)
	}
}

// settled waits until the Book has brought by itself what was put to the disk.
func (b *Book) settled(t *testing.T) {
	t.Helper()
	testbed.Until(t, "it is brought to the disk", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.disk >= b.given
	})
}

// TestBookFlushOfNothing: there is always something to bring to the disk.
func TestBookFlushOfNothing(t *testing.T) {
	b, _, stop := running(t, t.TempDir())
	defer stop()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.Flush(ctx); err != nil {
		t.Error(err)
	}
}
