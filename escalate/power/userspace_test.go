package power

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/internal/scalar"
	"procward/internal/testbed"
)

// runHere is a Run whose process is limited as this one is.
func runHere(ctx context.Context, argv []string) (int, error) {
	child, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Dir: "/", Env: []string{"GOTRACEBACK=none"}, Files: []*os.File{nil, nil, nil},
	})
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() { _ = child.Kill() })
	defer stop()
	state, err := child.Wait()
	return state.ExitCode(), err
}

func TestUserspaceWorks(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if err := ProveUserspace(t.Context(), dir, runHere); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, ".prove-userspace")); err != nil || string(text) != "procward was here\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestUserspaceCannotWrite(t *testing.T) {
	err := ProveUserspace(t.Context(), t.TempDir()+"/gone", runHere)
	if err == nil || !strings.HasSuffix(err.Error(), "/gone cannot be written and synced") {
		t.Error(err)
	}
}

// The file of the proof is a FIFO that nobody reads: the open hangs in the kernel.
func TestUserspaceHangs(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, ".prove-userspace"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := NewProver(Userspace{Interval: scalar.Duration(time.Hour), Timeout: scalar.Duration(200 * time.Millisecond)}, dir, runHere)
	if err := p.Prove(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, ".prove-userspace")); err != nil {
		t.Fatal(err)
	}
	p.spec.Timeout = scalar.Duration(time.Minute)
	testbed.Until(t, "the one that was killed is gone", func() bool {
		err := p.Prove(t.Context())
		if err != nil && !strings.Contains(err.Error(), "still hangs") {
			t.Fatal(err)
		}
		return err == nil
	})
}

// From no PID at all to enough, one by one: what is said is what lacks.
func TestUserspaceWithoutPIDs(t *testing.T) {
	dir, is := uncounted(t)
	if !is {
		return
	}
	hang.Threads(2 * spareThreads)
	noMorePIDs(t)
	var last string
	var said []string
	for n := uint64(1); n < 4000; n++ {
		limitPIDs(t, n)
		err := ProveUserspace(t.Context(), dir, runHere)
		if err == nil {
			break
		}
		if strings.Contains(err.Error(), "no process") {
			err = errors.New("no process")
		}
		if err.Error() != last {
			last = err.Error()
			said = append(said, last)
		}
	}
	want := "no process; user space: no thread can be started"
	if got := strings.Join(said, "; "); got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestProver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var ill error
		var hang chan struct{}
		var said []string
		p := NewProver(Userspace{Interval: scalar.Duration(30 * time.Second), Timeout: scalar.Duration(time.Minute)}, "/", nil)
		p.prove = func(context.Context, string) error {
			mu.Lock()
			err, over := ill, hang
			mu.Unlock()
			if over != nil {
				<-over
			}
			return err
		}
		set := func(err error, over chan struct{}) {
			mu.Lock()
			defer mu.Unlock()
			ill, hang = err, over
		}
		alive := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			got := ""
			if err := p.Alive(); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("alive: %q, want %q", got, want)
			}
		}
		set(errors.New("never worked"), nil)
		go p.Run(t.Context(), func(err error) {
			if err == nil {
				err = errors.New("well")
			}
			mu.Lock()
			defer mu.Unlock()
			said = append(said, err.Error())
		})
		alive(time.Hour, "")
		set(nil, nil)
		alive(time.Hour, "")
		set(errors.New("no process"), nil)
		alive(80*time.Second, "")
		alive(time.Minute, "no process")
		set(nil, nil)
		alive(time.Minute, "")
		over := make(chan struct{})
		set(nil, over)
		alive(time.Minute, "")
		alive(time.Minute, "user space: the process of the last proof still hangs")
		set(nil, nil)
		close(over)
		alive(time.Minute, "")
		want := "never worked; well; no process; well; user space: no proof: context deadline exceeded; well"
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(said, "; "); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	})
}

func TestUserspaceValidate(t *testing.T) {
	if err := DefaultUserspace().Validate(); err != nil {
		t.Error(err)
	}
	err := Userspace{}.Validate()
	if err == nil || err.Error() != "interval: must be above 0s\ntimeout: must be above 0s" {
		t.Error(err)
	}
}
