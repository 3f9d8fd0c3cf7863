package watch

import (
	"syscall"
	"testing"

	"procward/procscan"
)

func TestCauseString(t *testing.T) {
	for _, c := range []struct {
		status int
		want   string
		clean  bool
	}{
		{0, "exited with code 0", true},
		{3 << 8, "exited with code 3", false},
		{255 << 8, "exited with code 255", false},
		{9, "killed by SIGKILL", false},
		{11 | 0x80, "killed by SIGSEGV, core dumped", false},
		{35, "killed by signal 35", false},
	} {
		if got := FromStatus(c.status); got.String() != c.want || got.Clean() != c.clean || !got.Known {
			t.Errorf("%#x: %+v, %q, clean %t", c.status, got, got, got.Clean())
		}
	}
	if got := (Cause{}); got.String() != "cause unknown" || got.Clean() {
		t.Errorf("%q, clean %t", got, got.Clean())
	}
}

// The cause says what the macros of wait(2) say.
func FuzzFromStatus(f *testing.F) {
	for _, status := range []int{0, 1, 9, 11 | 0x80, 3 << 8, 0xff00, 0x137f, 0xffff, -1} {
		f.Add(status)
	}
	f.Fuzz(func(t *testing.T, status int) {
		c, w := FromStatus(status), syscall.WaitStatus(status&0xffff)
		switch {
		case !c.Known || c.String() == "" || c.Code < 0 || c.Code > 255 || c.Signal < 0 || c.Signal > 127:
			t.Errorf("%#x: %+v", status, c)
		case w.Exited() && (c.Signal != 0 || c.Code != w.ExitStatus()):
			t.Errorf("%#x: exited with %d: %+v", status, w.ExitStatus(), c)
		case w.Signaled() && (c.Signal != int(w.Signal()) || c.Core != w.CoreDump()):
			t.Errorf("%#x: killed by %v: %+v", status, w.Signal(), c)
		case c.Clean() != (w.Exited() && w.ExitStatus() == 0):
			t.Errorf("%#x: clean %t", status, c.Clean())
		}
	})
}

// An epoll key holds every ID that there can be.
func FuzzKey(f *testing.F) {
	f.Add(1, uint64(0))
	f.Add(1<<22, uint64(1)<<42-1)
	f.Add(4711, uint64(123456789))
	f.Fuzz(func(t *testing.T, pid int, start uint64) {
		id := procscan.ID{PID: pid & (1<<22 - 1), Start: start & (1<<42 - 1)}
		if got := fromKey(key(id)); got != id {
			t.Errorf("%v became %v", id, got)
		}
	})
}
