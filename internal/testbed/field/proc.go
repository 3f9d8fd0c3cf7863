package field

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"procward/internal/ktime"
	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// proc is one process, which a reused PID is not taken for.
type proc struct {
	pid   int
	start uint64 // field 22 of /proc/PID/stat
}

// look reads the process that has this PID now.
func look(pid int) (proc, bool) {
	s, err := procfile.Read(pid)
	return proc{pid, s.Start}, err == nil && s.State != 'Z' && s.State != 'X'
}

// alive reports whether it is still there, and no zombie.
func (p proc) alive() bool {
	now, there := look(p.pid)
	return there && now == p
}

// age is how long it has lived.
func (p proc) age() time.Duration {
	return ktime.Boottime() - time.Duration(p.start)*procfile.Tick
}

// signal sends to this very process.
func (p proc) signal(sig unix.Signal) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return fmt.Errorf("pid %d: %w", p.pid, err)
	}
	defer unix.Close(fd)
	if !p.alive() {
		return fmt.Errorf("pid %d has ended already", p.pid)
	}
	return unix.PidfdSendSignal(fd, sig, nil, 0)
}

// background is a program that a story has started and not waited for.
type background struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// begin starts a program in a session of its own.
func (p *player) begin(name, line string) error {
	out, err := p.output()
	if err != nil {
		return err
	}
	defer out.Close()
	b := &background{exec.Command("/bin/sh", "-euc", "exec "+line), make(chan struct{})}
	b.cmd.Dir, b.cmd.Env, b.cmd.Stdout, b.cmd.Stderr = p.work(), environ(), out, out
	b.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	if err := b.cmd.Start(); err != nil {
		return err
	}
	p.procs[name], _ = look(b.cmd.Process.Pid)
	p.own[name] = b
	go func() {
		_ = b.cmd.Wait() // how it ended is in its ProcessState
		close(b.ended)
	}()
	return nil
}

// groupPrefix begins the names of control groups that tests make. No other is ever ended.
const groupPrefix = "procward-test-"

// ownGroup is the directory of this process's control group, or empty where that is not
// one of a test.
var ownGroup = sync.OnceValue(func() string {
	if path := procfile.GroupOf(os.Getpid()); strings.Contains(path, groupPrefix) {
		return procfile.OwnMounts().Dir("", path)
	}
	return ""
})
