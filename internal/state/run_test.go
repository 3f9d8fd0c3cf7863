package state

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// story runs a Book on a virtual clock, on a disk that fails and hangs as the test likes.
type story struct {
	book   *Book
	fails  atomic.Pointer[error] // each write
	blind  atomic.Pointer[error] // each sync
	takes  atomic.Int64          // a sync
	writes atomic.Int64
	syncs  atomic.Int64
	told   []error
}

// rest lets a time pass, and waits until the Book is at rest.
func rest(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// toldAfter is what was reported until after a time.
func (s *story) toldAfter(d time.Duration) []error {
	rest(d)
	return s.told
}

func told(t *testing.T, tell func(t *testing.T, s *story)) {
	synctest.Test(t, func(t *testing.T) {
		s := &story{}
		b, _, _, err := OpenBook(t.TempDir(), func(err error) { s.told = append(s.told, err) })
		if err != nil {
			t.Fatal(err)
		}
		s.book = b
		b.log.writeAt = func(f *os.File, text []byte, at int64) error {
			s.writes.Add(1)
			if fail := s.fails.Load(); fail != nil {
				return *fail
			}
			_, err := f.WriteAt(text, at)
			return err
		}
		b.log.fsync = func(*os.File) error {
			s.syncs.Add(1)
			time.Sleep(time.Duration(s.takes.Load()))
			if blind := s.blind.Load(); blind != nil {
				return *blind
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx) }()
		synctest.Wait()
		tell(t, s)
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func of(err error) *error { return &err }

func TestChangesAreJoined(t *testing.T) {
	told(t, func(t *testing.T, s *story) {
		put(s.book, 0)
		_ = s.book.Written(t.Context())
		before := s.writes.Load()
		for n := range 100 {
			put(s.book, n)
		}
		put(s.book, 7)
		_ = s.book.Written(t.Context())
		put(s.book, 7) // nothing new
		if n := s.writes.Load() - before; n > 3 {
			t.Errorf("%d writes", n)
		}
	})
}

func TestToTheDiskByItself(t *testing.T) {
	told(t, func(t *testing.T, s *story) {
		s.takes.Store(int64(10 * time.Second))
		put(s.book, 1)
		if rest(lazily + time.Millisecond); s.syncs.Load() != 1 {
			t.Errorf("%d syncs after %v", s.syncs.Load(), lazily)
		}
		begin := time.Now()
		put(s.book, 2) // beside the sync
		if err := s.book.Written(t.Context()); err != nil || time.Since(begin) > 0 {
			t.Errorf("written after %v, with %v", time.Since(begin), err)
		}
		rest(30 * time.Second)
		s.takes.Store(0)
		if n := s.syncs.Load(); n != 2 || s.book.disk != 2 {
			t.Errorf("%d syncs, %d of 2 on the disk", n, s.book.disk)
		}
	})
}

func TestFlushOfADiskThatHangs(t *testing.T) {
	told(t, func(t *testing.T, s *story) {
		s.takes.Store(int64(time.Hour))
		put(s.book, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.book.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		s.takes.Store(0)
	})
}

// A failure is told once, and its end; meanwhile nothing is said to be written.
func TestFailure(t *testing.T) {
	told(t, func(t *testing.T, s *story) {
		put(s.book, 1)
		_ = s.book.Written(t.Context())
		for _, fault := range []error{unix.ENOSPC, unix.EDQUOT, unix.EIO} {
			synctest.Wait()
			s.told = nil
			s.fails.Store(of(fault))
			for n := range 10 {
				put(s.book, 10+n)
				if err := s.book.Written(t.Context()); !errors.Is(err, fault) {
					t.Errorf("written with %v", err)
				}
			}
			before := s.writes.Load()
			if rest(10 * again); s.writes.Load()-before > 30 {
				t.Errorf("%d writes in %v", s.writes.Load()-before, 10*again)
			}
			s.fails.Store(nil)
			if told := s.toldAfter(2 * again); len(told) != 2 || !errors.Is(told[0], fault) || told[1] != nil {
				t.Errorf("told %v", told)
			}
			if err := s.book.Written(t.Context()); err != nil {
				t.Error(err)
			}
			put(s.book, 0)
			_ = s.book.Written(t.Context())
		}
	})
}

// After a sync that has failed the kernel takes for written what is not: until everything was
// written anew nothing is on the disk, whatever fsync(2) says.
func TestSyncThatFails(t *testing.T) {
	told(t, func(t *testing.T, s *story) {
		put(s.book, 1)
		_ = s.book.Flush(t.Context())
		life := s.book.log.life
		s.blind.Store(of(unix.EIO))
		put(s.book, 2)
		if err := s.book.Written(t.Context()); err != nil {
			t.Error(err)
		}
		if told := s.toldAfter(2 * lazily); len(told) != 1 || !errors.Is(told[0], unix.EIO) {
			t.Errorf("told %v", told)
		}
		s.blind.Store(nil)
		s.fails.Store(of(unix.EIO))
		if err := s.book.Flush(t.Context()); err == nil {
			t.Error("flushed, and nothing was written anew")
		}
		s.fails.Store(nil)
		rest(2 * again)
		err := s.book.Flush(t.Context())
		if told := s.toldAfter(0); err != nil || s.book.log.life == life || told[len(told)-1] != nil {
			t.Errorf("%v, life %d, told %v", err, s.book.log.life, told)
		}
	})
}

func TestEnd(t *testing.T) {
	b, _, stop := running(t, t.TempDir())
	put(b, 1)
	stop()
	put(b, 2)
	if err := b.Written(t.Context()); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	_, kept, _, err := OpenBook(b.log.dir, func(error) {})
	if err != nil || kept.number("n") != 1 {
		t.Errorf("read %v, %v", kept, err)
	}
}

func put(b *Book, n int) { b.Put(map[string]any{"n": n}) }
