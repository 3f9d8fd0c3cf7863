package probe

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
)

// beating is a heartbeat check on a clock of its own.
type beating struct {
	*listener
	now time.Duration
}

func newBeating(t *testing.T, file string) *beating {
	t.Helper()
	b := &beating{now: time.Hour}
	b.listener = newListener(&Heartbeat{file, scalar.Duration(10 * time.Second)}, func() time.Duration { return b.now }, b.now)
	return b
}

// after is what a check shows some time later.
func (b *beating) after(t *testing.T, d time.Duration, outcome Outcome, words string) {
	t.Helper()
	b.now += d
	once(t, b, long).is(t, outcome, false, words)
}

// touch sets the mtime.
func touch(t *testing.T, file string, mtime time.Time) {
	t.Helper()
	if err := os.Chtimes(file, mtime, mtime); err != nil {
		t.Fatal(err)
	}
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "beat")
	b := newBeating(t, file)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b.after(t, 0, Early, "has not moved yet")
	b.after(t, 9*time.Second, Early, "has not moved yet")
	b.after(t, time.Second, Failure, "does not exist")
	write(t, file, "")
	touch(t, file, at)
	b.after(t, 5*time.Second, Success, "it moves")
	b.after(t, 9*time.Second, Success, "it moves")
	b.after(t, time.Second, Failure, "has not moved for 10s")
	touch(t, file, at.Add(time.Nanosecond))
	b.after(t, time.Minute, Success, "it moves")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	b.after(t, 9*time.Second, Success, "it moves")
	b.after(t, time.Second, Failure, "does not exist")
}

// TestHeartbeatOnASteppedClock holds that what the mtime says does not matter.
func TestHeartbeatOnASteppedClock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "beat")
	write(t, file, "")
	b := newBeating(t, file)
	b.after(t, 0, Early, "has not moved yet")
	for _, mtime := range []time.Time{time.Unix(0, 0), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), time.Now(), time.Now().Add(-24 * time.Hour)} {
		touch(t, file, mtime)
		b.after(t, time.Minute, Success, "it moves")
		b.after(t, 9*time.Second, Success, "it moves")
	}
	b.after(t, time.Second, Failure, "has not moved for 10s")
}

// TestHeartbeatIsReplaced holds that another file with the same mtime is a beat.
func TestHeartbeatIsReplaced(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "beat")
	at := time.Now()
	for _, name := range []string{file, file + ".new"} {
		write(t, name, "")
		touch(t, name, at)
	}
	b := newBeating(t, file)
	b.after(t, 0, Early, "")
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	b.after(t, time.Minute, Success, "it moves")
}

// TestHeartbeatThatCannotBeRead holds that this is no failure.
func TestHeartbeatThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	newBeating(t, loop).after(t, time.Hour, Unknown, unix.ELOOP.Error())
	b := newBeating(t, filepath.Join(dir, "beat"))
	hangsIn(t, &b.busy, "file") // an earlier stat has not come back
	b.after(t, time.Hour, Unknown, "does not answer")
	write(t, filepath.Join(dir, "file"), "")
	newBeating(t, filepath.Join(dir, "file", "beat")).after(t, time.Hour, Unknown, "not a directory")
}
