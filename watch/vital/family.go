package vital

import (
	"cmp"
	"slices"
	"time"

	"procward/internal/procfile"
)

// family is the parents and children on this host, and the memory of each process: one
// pass over the process table, made only if a limit needs it.
type family struct {
	at   time.Duration // on the watcher's clock; 0: never
	kin  []kin         // by parent
	pids []int
	todo []int
}

type kin struct {
	parent, pid int
	rss         int64 // bytes
	counted     bool
}

// descent sums the RSS of a process and its descendants, as often as a limit on it needs;
// in between it leaves the last sum as it is.
func (rd *reader) descent(p *proc) error {
	pace := p.life.plan.paces[fromFamily]
	if p.treeAt == 0 || rd.now-p.treeAt >= pace {
		if f := &rd.family; f.at == 0 || rd.now-f.at >= pace/2 {
			if err := rd.pass(); err != nil {
				f.at = 0
				return err
			}
			f.at = rd.now
		}
		p.treeAt, p.tree, p.r.summed = rd.now, p.r.rss+rd.family.below(p.id.PID), true
	}
	p.r.tree = p.tree
	return nil
}

// pass reads the process table. Processes that end meanwhile are left out.
func (rd *reader) pass() (err error) {
	f := &rd.family
	name := []byte{'.', 0}
	if f.pids, err = rd.dir.Numbers(&name[0], rd.buf, f.pids[:0]); err != nil {
		return err
	}
	f.kin = f.kin[:0]
	for _, pid := range f.pids {
		var s procfile.Stat
		if rd.dir.Stat(pid, 0, rd.buf, &s) != nil || s.Dead() {
			continue
		}
		if s.State == 'Z' { // the leading thread has exited, the others live
			_, live, _ := rd.dir.LiveThread(pid, rd.buf)
			s.RSS = live.RSS
		}
		f.kin = append(f.kin, kin{parent: s.PPID, pid: pid, rss: s.RSS * rd.page})
	}
	slices.SortFunc(f.kin, func(a, b kin) int { return cmp.Compare(a.parent, b.parent) })
	return nil
}

// below is the RSS of all descendants of a process. Each counts once, also if a PID was
// reused during the pass and makes a circle.
func (f *family) below(pid int) int64 {
	var sum int64
	for i := range f.kin {
		f.kin[i].counted = f.kin[i].pid == pid
	}
	for f.todo = append(f.todo[:0], pid); len(f.todo) > 0; {
		last := len(f.todo) - 1
		parent := f.todo[last]
		f.todo = f.todo[:last]
		i, _ := slices.BinarySearchFunc(f.kin, parent, func(k kin, pid int) int { return cmp.Compare(k.parent, pid) })
		for ; i < len(f.kin) && f.kin[i].parent == parent; i++ {
			if k := &f.kin[i]; !k.counted {
				k.counted = true
				sum += k.rss
				f.todo = append(f.todo, k.pid)
			}
		}
	}
	return sum
}
