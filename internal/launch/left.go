package launch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"procward/internal/ktime"
	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// Hung means that a start had not ended when its context was done: what it waits for does
// not answer.
type Hung struct {
	err  error
	kill chan struct{}
	left chan struct{}
}

// Error is a sentence; the error of the context is wrapped.
func (h *Hung) Error() string { return h.err.Error() }

// Unwrap gives the error of the context.
func (h *Hung) Unwrap() error { return h.err }

// Kill prevents the execution of the program, whenever that would be. It may be called
// once. Without it the program runs as soon as it is executed.
func (h *Hung) Kill() { close(h.kill) }

// Left is closed when nothing of the start is left: if the program was executed in the
// end, it is reaped.
func (h *Hung) Left() <-chan struct{} { return h.left }

// leave leaves a launcher behind with the program that it starts.
func (p *Launchers) leave(ctx context.Context, l *launcher, prog Program) *Hung {
	h := &Hung{fmt.Errorf("start %s: its execution hangs, in execve(2) or before it: %w", prog.Argv[0], context.Cause(ctx)), make(chan struct{}), make(chan struct{})}
	p.say("%v; its launcher is left behind with it, and another takes its place", h)
	p.mu.Lock()
	p.left++
	p.mu.Unlock()
	go func() {
		defer close(h.left)
		p.awaitLeft(h, l)
		p.mu.Lock()
		p.left--
		p.mu.Unlock()
	}()
	return h
}

// awaitLeft waits for the end of a start, and of what was started.
func (p *Launchers) awaitLeft(h *Hung, l *launcher) {
	var a answer
	ok, killed := false, false
	select {
	case a, ok = <-l.answers:
	case <-h.kill:
		killed = true
		if pids := unborn(l); len(pids) > 0 {
			kill(pids...)
		} else {
			l.end() // it has not got that far
		}
		a, ok = <-l.answers
	}
	if !ok { // one may just have been born
		if killed {
			kill(unborn(l)...)
		}
		reapUnborn(l)
		p.mu.Lock()
		p.flying--
		p.mu.Unlock()
		return
	}
	if a.PID == 0 {
		reapUnborn(l)
		p.give(l)
		return
	}
	s, _ := p.answered(l, a)
	if !killed {
		select {
		case <-h.kill:
			killed = true
		default:
		}
	}
	if killed {
		_ = unix.Kill(-s.PID, unix.SIGKILL) // it is not reaped yet
	}
	reap(s.PID)
	p.Reaped(s.PID)
	if s.End != nil {
		s.End(killed)
	}
}

func kill(pids ...int) {
	for _, pid := range pids {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// lost finds out what a launcher has done that ended without an answer: what it has
// started is ours.
func (p *Launchers) lost(ctx context.Context, l *launcher, prog Program, since time.Duration) (Started, error) {
	p.say("a launcher was lost while it started %s", prog.Argv[0])
	defer func() {
		p.mu.Lock()
		p.flying--
		p.mu.Unlock()
	}()
	for len(unborn(l)) > 0 && ctx.Err() == nil { // in the middle of its execution
		time.Sleep(time.Millisecond)
	}
	if ctx.Err() != nil {
		kill(unborn(l)...)
		go reapUnborn(l)
		return Started{}, fmt.Errorf("start %s: its execution hangs: %w", prog.Argv[0], context.Cause(ctx))
	}
	reapUnborn(l) // the execution failed, and nobody can say why
	for _, c := range childrenOf(procfile.PIDs()) {
		if c.session == c.pid && c.started >= since-procfile.Tick && p.claim(c.pid) {
			if c.is(prog) {
				return Started{PID: c.pid, At: ktime.Boottime()}, nil
			}
			p.Reaped(c.pid)
		}
	}
	return Started{}, errLost
}

// claim makes a child known, once.
func (p *Launchers) claim(pid int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[pid] {
		return false
	}
	if p.known == nil {
		p.known = map[int]bool{}
	}
	p.known[pid] = true
	return true
}

// unborn are the children of a launcher, and so ours, that have not been executed.
func unborn(l *launcher) []int {
	var pids []int
	for _, c := range children() {
		if c.name == l.name && c.pid != l.pid && !c.zombie {
			pids = append(pids, c.pid)
		}
	}
	return pids
}

// reapUnborn reaps those of them whose execution has failed.
func reapUnborn(l *launcher) {
	for _, c := range children() {
		if c.name == l.name && c.pid != l.pid {
			reap(c.pid)
		}
	}
}

// child is what proc_pid_stat(5) says of one of our children.
type child struct {
	pid     int
	name    string
	zombie  bool
	session int
	started time.Duration // since the boot
}

// children are those of this process, whoever made them.
func children() []child { return childrenOf(childPIDs()) }

func childrenOf(pids []int) []child {
	var out []child
	for _, pid := range pids {
		if c, ppid := readChild(pid); ppid == os.Getpid() {
			out = append(out, c)
		}
	}
	return out
}

// childPIDs reads /proc/self/task/TID/children (proc_tid_children(5)). It may miss a
// child if others end meanwhile. If the kernel was built without it every process is a
// candidate.
func childPIDs() []int {
	files, _ := filepath.Glob("/proc/self/task/*/children")
	var pids []int
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(text)) {
			pid, _ := strconv.Atoi(word)
			pids = append(pids, pid)
		}
	}
	if len(files) == 0 {
		return procfile.PIDs()
	}
	return pids
}

// readChild reads what is known of a process; ppid is 0 if it is gone.
func readChild(pid int) (c child, ppid int) {
	s, err := procfile.Read(pid)
	if err != nil {
		return child{}, 0
	}
	return child{s.PID, string(s.Comm), s.State == 'Z', s.Session, time.Duration(s.Start) * procfile.Tick}, s.PPID
}

// is reports whether a child is the program. A child that has ended, or is about to, or
// was executed just now, has only its name, which is that of the file.
func (c child) is(prog Program) bool {
	args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c.pid))
	if c.zombie || len(args) == 0 {
		name := filepath.Base(prog.Argv[0])
		return c.name == name[:min(len(name), 15)]
	}
	env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", c.pid))
	if len(env) > 0 && strings.TrimRight(string(env), "\x00") != strings.Join(prog.Env, "\x00") {
		return false
	}
	return slices.Contains(strings.Split(string(args), "\x00"), prog.Argv[0])
}
