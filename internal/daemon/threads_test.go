package daemon

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestReservedThreadsAreThere(t *testing.T) {
	const n = 60
	reserveThreads(n)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if len(threads) < n {
		t.Errorf("%d threads, %d were reserved", len(threads), n)
	}
}

func TestRoomForThreads(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	groups := filepath.Join(dir, "groups")
	room := func() int { return roomForThreads(groups, filepath.Join(dir, "fs")) }
	if got := room(); got != math.MaxInt {
		t.Errorf("no control group: %d", got)
	}
	write("groups", "8:pids:/a/b\n4:memory:/x\n0::/c\n")
	write("fs/pids/a/b/pids.max", "max\n")
	write("fs/pids/a/b/pids.current", "3\n")
	write("fs/pids/a/pids.max", "50\n")
	write("fs/pids/a/pids.current", "10\n")
	if got := room(); got != 40 {
		t.Errorf("version 1: %d", got)
	}
	write("fs/c/pids.max", "20\n")
	write("fs/c/pids.current", "20\n")
	if got := room(); got != 0 {
		t.Errorf("version 2: %d", got)
	}
}
