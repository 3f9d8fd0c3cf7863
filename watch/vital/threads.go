package vital

import "procward/internal/procfile"

// leaderless takes state and memory of a living thread: the leader that has exited shows
// neither. CPU time and threads are those of the whole process in any case.
func (rd *reader) leaderless(p *proc) (err error) {
	var s procfile.Stat
	if p.live == 0 || rd.dir.Stat(p.id.PID, p.live, rd.buf, &s) != nil || s.State == 'Z' || s.State == 'X' {
		p.live, s, err = rd.dir.LiveThread(p.id.PID, rd.buf)
	}
	if err == nil {
		p.r.stat.State, p.r.rss = s.State, s.RSS*rd.page
	}
	return err
}

// threads lists the TIDs of a process into tids. For a process with one thread no look is
// needed.
func (rd *reader) threads(p *proc, alone bool) (err error) {
	rd.tids = rd.tids[:0]
	if alone {
		rd.tids = append(rd.tids, p.id.PID)
		return nil
	}
	rd.tids, err = rd.dir.Numbers(rd.path.Of(p.id.PID, 0, "task"), rd.buf, rd.tids)
	return err
}

func (p *proc) alone() bool { return p.r.stat.Threads == 1 && p.live == 0 }
