package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// pen is a control group (cgroups(7), version 2) with one launcher in it. What the
// launcher starts is in it from birth, and cannot leave it as it can leave a process
// group or a session.
type pen struct{ dir string }

// penPrefix begins the name of a pen, below our own control group; what follows is the PID
// and the start time of the procward that made it, and a number.
const penPrefix = "procward-checks-"

// ownGroup is the directory of our own control group.
func ownGroup() (string, error) {
	path := procfile.GroupOf(os.Getpid())
	if path == "" {
		return "", errors.New("this process is in no control group of version 2")
	}
	if dir := procfile.OwnMounts().Dir("", path); dir != "" {
		return dir, nil
	}
	return "", fmt.Errorf("the control group %s is not mounted here", path)
}

// newPen makes an empty pen. It must be possible to kill it as a whole (Linux 5.14).
func newPen(number int) (*pen, error) {
	base, err := ownGroup()
	if err != nil {
		return nil, err
	}
	self, _ := readChild(os.Getpid())
	p := &pen{filepath.Join(base, fmt.Sprintf("%s%d-%d-%d", penPrefix, self.pid, self.started/procfile.Tick, number))}
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		return nil, err
	}
	if err := unix.Access(filepath.Join(p.dir, "cgroup.kill"), unix.W_OK); err != nil {
		_ = os.Remove(p.dir)
		return nil, fmt.Errorf("cgroup.kill: %w", err)
	}
	return p, nil
}

// move moves a process into a control group; no other process can have its PID meanwhile.
func move(pid int, dir string) error {
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0)
}

// kill ends all that is in it, the launcher too.
func (p *pen) kill() { _ = os.WriteFile(filepath.Join(p.dir, "cgroup.kill"), []byte("1"), 0) }

// endPen ends all that is in a pen with us, and the pen.
func endPen() {
	dir, err := ownGroup()
	if err != nil || !strings.HasPrefix(filepath.Base(dir), penPrefix) {
		return
	}
	_ = move(os.Getpid(), filepath.Dir(dir))
	left := &pen{dir}
	left.kill()
	left.remove()
}

// others are the processes in it besides its launcher.
func (p *pen) others(launcher int) []int {
	text, _ := os.ReadFile(filepath.Join(p.dir, "cgroup.procs"))
	var pids []int
	for _, word := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil && pid != launcher {
			pids = append(pids, pid)
		}
	}
	return pids
}

// letGo moves what a program has left behind out of the pen, to our own group. If a
// process ends meanwhile no harm is done: another process with its PID is moved only if
// it is in a pen of ours.
func (p *pen) letGo(launcher int) {
	for range 3 {
		pids := p.others(launcher)
		for _, pid := range pids {
			_ = move(pid, filepath.Dir(p.dir))
		}
		if len(pids) == 0 {
			return
		}
	}
}

const (
	emptyRounds = 500 // what does not die in so many hangs in the kernel, and the pen is left
	emptyPause  = 10 * time.Millisecond
)

// remove removes a pen in which everything has been killed.
func (p *pen) remove() {
	for range emptyRounds {
		if err := unix.Rmdir(p.dir); err != unix.EBUSY {
			return
		}
		time.Sleep(emptyPause)
	}
}

// clearPens kills what an earlier procward that was killed has left in its pens.
func clearPens() {
	base, err := ownGroup()
	if err != nil {
		return
	}
	dirs, _ := filepath.Glob(filepath.Join(base, penPrefix+"*"))
	for _, dir := range dirs {
		var pid, started, number int
		if n, _ := fmt.Sscanf(filepath.Base(dir), penPrefix+"%d-%d-%d", &pid, &started, &number); n != 3 {
			continue
		}
		if owner, ppid := readChild(pid); (ppid != 0 || pid == 1) && int(owner.started/procfile.Tick) == started {
			continue // it lives
		}
		left := &pen{dir}
		left.kill()
		left.remove()
	}
}
