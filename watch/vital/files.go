package vital

import (
	"errors"
	"os"
	"slices"

	"procward/internal/procfile"

	"golang.org/x/sys/unix"
)

// tasks reads every living thread, and the switches of suspect ones, if the life of the
// process needs it now.
func (rd *reader) tasks(p *proc) error {
	if !p.life.wantsTasks(&p.r, rd.now) {
		return nil
	}
	if err := rd.threads(p, p.alone()); err != nil {
		return err
	}
	slices.Sort(rd.tids)
	for _, tid := range rd.tids {
		var s procfile.Stat
		err := rd.dir.Stat(p.id.PID, tid, rd.buf, &s)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if s.State == 'Z' || s.State == 'X' {
			continue
		}
		t := task{tid: tid, start: s.Start, state: s.State, cpu: s.CPU}
		if p.life.threadMarks.suspect(&t) {
			if err := rd.switches(p.id.PID, &t); errors.Is(err, os.ErrNotExist) {
				continue
			} else if err != nil {
				return err
			}
		}
		p.r.tasks = append(p.r.tasks, t)
	}
	p.r.swept = true
	return nil
}

// switches reads how many times a thread gave up the CPU, and how many times it was taken
// away.
func (rd *reader) switches(pid int, t *task) error {
	text, err := rd.dir.Once(rd.path.Of(pid, t.tid, "status"), rd.buf)
	if err != nil {
		return err
	}
	waits, ok := procfile.Line(text, "voluntary_ctxt_switches:")
	pushed, too := procfile.Line(text, "nonvoluntary_ctxt_switches:")
	if !ok || !too {
		return procfile.ErrForm
	}
	t.counted, t.waits, t.pushed = true, uint64(waits), uint64(pushed)
	return nil
}

// fds counts the open descriptors, without looking at what they are.
func (rd *reader) fds(p *proc) error {
	name := rd.path.Of(p.id.PID, p.live, "fd")
	if rd.counts {
		var st unix.Stat_t
		err := rd.dir.Inode(name, &st)
		p.r.fds = st.Size
		return err
	}
	var err error
	rd.tids, err = rd.dir.Numbers(name, rd.buf, rd.tids[:0])
	p.r.fds = int64(len(rd.tids))
	return err
}

// limits reads the soft limit on descriptors, once in a while.
func (rd *reader) limits(p *proc) error {
	if !p.known[fromLimits] {
		text, err := rd.dir.Once(rd.path.Of(p.id.PID, 0, "limits"), rd.buf)
		if err != nil {
			return err
		}
		p.limits, p.known[fromLimits] = 0, true
		if n, ok := procfile.Line(text, "Max open files"); ok { // otherwise the word unlimited
			p.limits = n
		}
	}
	p.r.fdLimit = p.limits
	return nil
}

// children counts them, and the zombies among them if these are needed. Each thread has
// its own children. Between two looks, a tenth of the time for which they must last, the
// last count is used.
func (rd *reader) children(p *proc) error {
	if p.kidsAt == 0 || rd.now-p.kidsAt >= p.life.plan.paces[fromChildren] {
		p.kids, p.zombies = 0, 0
		if err := rd.countChildren(p); err != nil {
			p.kidsAt = 0
			return err
		}
		p.kidsAt = rd.now
	}
	p.r.children, p.r.zombies = p.kids, p.zombies
	return nil
}

// childrenLimit is more children than there can be PIDs.
const childrenLimit = 64 << 20

func (rd *reader) countChildren(p *proc) error {
	if err := rd.threads(p, p.alone()); err != nil {
		return err
	}
	for _, tid := range rd.tids {
		var err error
		rd.kids, err = rd.dir.All(rd.path.Of(p.id.PID, tid, "children"), rd.kids, childrenLimit)
		if errors.Is(err, os.ErrNotExist) {
			if tid == p.id.PID && p.live == 0 {
				return rd.childless(p)
			}
			continue
		}
		if err != nil {
			return err
		}
		rd.count(p, rd.kids)
	}
	return nil
}

// childless says why the file of a living thread is not there.
func (rd *reader) childless(p *proc) error {
	var s procfile.Stat
	if err := rd.dir.Stat(p.id.PID, p.id.PID, rd.buf, &s); err != nil {
		return err
	}
	return errors.New("this kernel does not list the children of a process (CONFIG_PROC_CHILDREN)")
}

func (rd *reader) count(p *proc, kids []byte) {
	for {
		pid, rest, ok := procfile.Number(kids)
		if !ok {
			return
		}
		kids = rest
		p.kids++
		if !p.life.plan.needs[fromZombies] {
			continue
		}
		var s procfile.Stat
		if rd.dir.Stat(int(pid), 0, rd.buf, &s) == nil && s.Dead() && s.PPID == p.id.PID {
			p.zombies++
		}
	}
}

// memTotal is the memory of the host in bytes; 0 if it cannot be read.
func (rd *reader) memTotal() int64 {
	if rd.memory == 0 {
		name := append([]byte("meminfo"), 0)
		if text, err := rd.dir.Once(&name[0], rd.buf); err == nil {
			kib, _ := procfile.Line(text, "MemTotal:")
			rd.memory = kib << 10
		}
	}
	return rd.memory
}
