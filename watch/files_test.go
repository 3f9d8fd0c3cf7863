package watch

import (
	"errors"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRaiseFiles(t *testing.T) {
	limited := func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"/bin/sh", "-c", `ulimit -S -n 256; ulimit -H -n 1024; exec "$@"`, "sh", self(t)}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
	if !within(t, limited) {
		return
	}
	before := files()
	if got, err := RaiseFiles(500); err != nil || got < 500 || files() != before {
		t.Errorf("room for %d, %v; limit was %+v, is %+v: Go's own is enough", got, err, before, files())
	}
	got, err := RaiseFiles(2000)
	if errors.Is(err, unix.EPERM) { // not root, or root without CAP_SYS_RESOURCE
		if got != before.Cur-Headroom || files() != before {
			t.Errorf("not allowed: room for %d, limit %+v", got, files())
		}
		return
	}
	if err != nil || got < 2000 || files().Cur < 2000+Headroom {
		t.Errorf("room for %d, %v; limit %+v", got, err, files())
	}
}

func TestRaiseFilesWithinTheHardLimit(t *testing.T) {
	limited := func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"/bin/sh", "-c", `ulimit -n 1024; exec "$@"`, "sh", self(t)}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
	if !within(t, limited) {
		return
	}
	for _, need := range []uint64{50, 200, 500, 896} {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: 1024}); err != nil {
			t.Fatal(err)
		}
		got, err := RaiseFiles(need)
		if now := files(); err != nil || got < need || got != forPidfds(now.Cur) || now.Max != 1024 {
			t.Errorf("need %d: room for %d, %v; limit %+v", need, got, err, now)
		}
	}
}

// The headroom is 128, or a quarter of a small limit.
func TestForPidfds(t *testing.T) {
	for _, limit := range []uint64{0, 4, 40, 511, 512, 513, 1024, 524288} {
		if got := forPidfds(limit); got > limit || limit-got > Headroom || limit >= 512 && limit-got != Headroom {
			t.Errorf("limit %d: %d", limit, got)
		}
	}
}
