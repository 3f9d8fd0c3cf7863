package engine

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

// await waits for a script that an earlier daemon has started. It is no child of ours,
// so its pidfd tells of its end, and where the kernel can still tell, how it ended.
func (h *Host) await(e Await, s *scriptRun) {
	gone := ScriptGone{Token: e.Token}
	id := e.ID
	if id == (procscan.ID{}) {
		if id = h.findScript(e); id != (procscan.ID{}) {
			h.Engine.Send(h.ctx, ScriptStarted{Token: e.Token, ID: id, At: procscan.Boottime()})
		}
	}
	if id != (procscan.ID{}) {
		gone.Cause = h.outlive(id, e.Timeout, s)
	}
	h.mu.Lock()
	delete(h.scripts, e.Token)
	h.mu.Unlock()
	h.Engine.Send(h.ctx, gone)
}

// findScript looks for a script whose ID was not written down any more: the leader of a
// session of its own, started since, that runs the program. A daemon which the script has
// left behind runs another one.
func (h *Host) findScript(e Await) procscan.ID {
	const tick = 10 * time.Millisecond // of start times
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		p, err := h.FS.Read(pid)
		if err != nil || p.Session != pid || p.Dead() || p.Started() < e.Since-tick {
			continue
		}
		if args, err := os.ReadFile(dir + "/cmdline"); err == nil && runs(args, e.Path) {
			return p.ID
		}
	}
	return procscan.ID{}
}

// runs says that a command line is that of a program or script: the interpreter's name
// and up to two options may stand before it.
func runs(cmdline []byte, path string) bool {
	args := bytes.SplitN(cmdline, []byte{0}, 5)
	for _, arg := range args[:min(len(args), 4)] {
		if string(arg) == path {
			return true
		}
	}
	return false
}

// awaitSlice is how long one wait is, so that an order to end the script is noticed.
const awaitSlice = 200 * time.Millisecond

// outlive waits for the end of a script, or brings it about when its time is over or it
// is told to end.
func (h *Host) outlive(id procscan.ID, timeout time.Duration, s *scriptRun) watch.Cause {
	fd, err := h.Tracker.Open(id)
	if errors.Is(err, procscan.ErrGone) {
		return watch.Cause{}
	}
	deadline := procscan.Boottime() + timeout
	for h.ctx.Err() == nil {
		switch ended, known := h.ended(fd, id); {
		case ended && known:
			cause := watch.ExitOf(fd, reapTime)
			unix.Close(fd)
			return cause
		case ended:
			return watch.Cause{}
		}
		if h.unwanted(s, deadline) {
			restart.Kill{Signal: "TERM", Timeout: scalar.Duration(5 * time.Second)}.End(h.ctx, h.FS, h.session(id))
			deadline = procscan.Boottime() + time.Minute // for what cannot be killed
		}
	}
	return watch.Cause{}
}

// reapTime is how long init may take to reap an orphan.
const reapTime = 200 * time.Millisecond

// ended waits a little, and says whether the script has ended; known: by its pidfd.
func (h *Host) ended(fd int, id procscan.ID) (ended, known bool) {
	if fd < 0 { // no pidfds here
		wait(h.ctx, awaitSlice)
		p, err := h.FS.Read(id.PID)
		return errors.Is(err, os.ErrNotExist) || err == nil && (p.ID != id || p.Dead()), false
	}
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(awaitSlice/time.Millisecond))
	return n > 0 && err == nil, true
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// unwanted says that the script is to be ended.
func (h *Host) unwanted(s *scriptRun, deadline time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return s.ending || !s.held && procscan.Boottime() >= deadline
}

// session is the script and what still lives of its process group.
func (h *Host) session(id procscan.ID) []procscan.ID {
	ids := []procscan.ID{id}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if p, err := h.FS.Read(pid); err == nil && p.PGRP == id.PID && p.PID != id.PID && !p.Dead() {
			ids = append(ids, p.ID)
		}
	}
	return ids
}
