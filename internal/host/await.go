package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/engine"
	"procward/internal/launch"
	"procward/internal/procfile"
	"procward/internal/scalar"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

// await waits for a script that an earlier daemon has started. It is not our child, so
// its pidfd reports its end and, if the kernel can still tell, how it ended.
func (h *Host) await(e engine.Await, s *scriptRun) {
	gone := engine.ScriptGone{Token: e.Token}
	id := e.ID
	if id == (procscan.ID{}) {
		if id = h.findScript(e); id != (procscan.ID{}) {
			h.Loop.Send(h.ctx, engine.ScriptStarted{Token: e.Token, ID: id, At: procscan.Boottime()})
		}
	}
	if id != (procscan.ID{}) {
		gone.Cause = h.outlive(id, e.Timeout, s)
	}
	h.scripts.over(e.Token)
	h.Loop.Send(h.ctx, gone)
}

// unbornTime is how long to wait for the execution of a script that was forked, and
// unbornCheck how often to look for it meanwhile.
const (
	unbornTime  = 2 * time.Second
	unbornCheck = 5 * time.Millisecond
)

// findScript looks for a script whose ID was not recorded in time: the leader of a
// session of its own, started since, that runs the program and has the variable. A daemon
// which the script has left behind runs another program. If a daemon dies while it starts
// a script it leaves a child that still runs our own program: findScript waits for its
// execution.
func (h *Host) findScript(e engine.Await) procscan.ID {
	for deadline := procscan.Boottime() + unbornTime; ; wait(h.ctx, unbornCheck) {
		script, unborn := h.lookForScript(e)
		if late := procscan.Boottime() > deadline; script != (procscan.ID{}) || !unborn || late || h.ctx.Err() != nil {
			if late {
				h.endUnborn()
			}
			return script
		}
	}
}

// endUnborn kills launchers of earlier daemons, and their children, that hang in an
// execution: the script must not begin to run after it was given up and another one runs.
func (h *Host) endUnborn() {
	for _, pid := range procfile.PIDs() {
		if p, err := h.FS.Read(pid); err == nil && h.orphanedLauncher(p) {
			h.end(p)
		}
	}
}

// orphanedLauncher reports whether a process is a launcher of a procward that has ended,
// or a child of one that was not executed yet.
func (h *Host) orphanedLauncher(p procscan.Process) bool {
	args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
	own, _ := os.Readlink("/proc/self/exe")
	exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.PID))
	parent, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.PPID))
	return p.PPID != os.Getpid() && bytes.HasPrefix(args, []byte(launch.Word+"\x00")) &&
		sameProgram(exe, own) && !sameProgram(parent, own)
}

func (h *Host) end(p procscan.Process) {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if now, err := h.FS.Read(p.PID); err == nil && now.ID == p.ID && h.orphanedLauncher(now) {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// lookForScript looks once; unborn: something may still become the script.
func (h *Host) lookForScript(e engine.Await) (script procscan.ID, unborn bool) {
	own, _ := os.Readlink("/proc/self/exe")
	for _, pid := range procfile.PIDs() {
		p, err := h.FS.Read(pid)
		if err != nil || pid == os.Getpid() || p.Dead() || p.Started() < e.Since-procfile.Tick {
			continue
		}
		dir := "/proc/" + strconv.Itoa(pid)
		exe, err := os.Readlink(dir + "/exe")
		if err != nil { // a thread of the kernel, or gone
			continue
		}
		args, _ := os.ReadFile(dir + "/cmdline")
		env, unknown := os.ReadFile(dir + "/environ")
		leads := p.Session == pid
		switch {
		case leads && runs(args, e.Path) && (unknown != nil || hasVariable(env, e.Env)):
			return p.ID, false
		case p.PPID == os.Getpid(): // ours
		case sameProgram(exe, own), leads && unknown == nil && len(args)*len(env) == 0: // or in the midst of it
			unborn = true
		}
	}
	return procscan.ID{}, unborn
}

// sameProgram compares two links /proc/PID/exe; a program that an upgrade has replaced is
// "(deleted)".
func sameProgram(a, b string) bool {
	const gone = " (deleted)"
	return b != "" && strings.TrimSuffix(a, gone) == strings.TrimSuffix(b, gone)
}

// hasVariable reports whether an environment, as in proc_pid_environ(5), has a variable;
// an empty one is in any.
func hasVariable(env []byte, variable string) bool {
	return variable == "" || bytes.Contains(append([]byte{0}, env...), []byte("\x00"+variable+"\x00"))
}

// runs reports whether a command line is that of a program or script: the interpreter's
// name and up to two options may come before it.
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

// outlive waits for the end of a script, and ends it when its time is over or an order
// says so.
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
		if s.ending() || !s.held.Load() && procscan.Boottime() >= deadline {
			restart.Kill{Signal: "TERM", Timeout: scalar.Duration(5 * time.Second)}.End(h.ctx, h.FS, h.session(id))
			deadline = procscan.Boottime() + time.Minute // for what cannot be killed
		}
	}
	return watch.Cause{}
}

// reapTime is how long init may take to reap an orphan.
const reapTime = 200 * time.Millisecond

// ended waits a little, and reports whether the script has ended; known: by its pidfd.
func (h *Host) ended(fd int, id procscan.ID) (ended, known bool) {
	if fd < 0 { // no pidfds here
		wait(h.ctx, awaitSlice)
		p, err := h.FS.Read(id.PID)
		return errors.Is(err, os.ErrNotExist) || err == nil && (p.ID != id || p.Dead()), false
	}
	ended, _ = procfile.Ended(fd, awaitSlice)
	return ended, true
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// session is the script and what still lives of its process group.
func (h *Host) session(id procscan.ID) []procscan.ID {
	ids := []procscan.ID{id}
	for _, pid := range procfile.PIDs() {
		if p, err := h.FS.Read(pid); err == nil && p.PGRP == id.PID && p.PID != id.PID && !p.Dead() {
			ids = append(ids, p.ID)
		}
	}
	return ids
}
