package vital

import "errors"

// leaderless takes state and memory of a thread that lives: the exited leader shows
// neither. CPU time and threads are the whole process's in any case.
func (rd *reader) leaderless(p *proc) error {
	for range 3 { // a thread may start another one and end between two looks
		if p.live != 0 {
			if s, err := rd.task(p.id.PID, p.live); err == nil && s.state != 'Z' && s.state != 'X' {
				p.r.stat.state, p.r.rss = s.state, s.rss*rd.page
				return nil
			}
		}
		if err := rd.threads(p, false); err != nil {
			return err
		}
		p.live = 0
		for _, tid := range rd.tids {
			if s, err := rd.task(p.id.PID, tid); err == nil && s.state != 'Z' && s.state != 'X' {
				p.live = tid
				break
			}
		}
		if p.live == 0 {
			continue
		}
	}
	return errors.New("the leading thread has exited and no other could be read")
}

// task reads the stat file of one thread.
func (rd *reader) task(pid, tid int) (stat, error) {
	var s stat
	text, err := once(rd.dir, rd.path.of(pid, tid, "stat"), rd.buf)
	if err != nil {
		return s, err
	}
	return s, s.parse(text)
}

// threads lists the TIDs of a process into tids. Of a process with one thread it is
// known without a look.
func (rd *reader) threads(p *proc, alone bool) (err error) {
	rd.tids = rd.tids[:0]
	if alone {
		rd.tids = append(rd.tids, p.id.PID)
		return nil
	}
	rd.tids, err = numbers(rd.dir, rd.path.of(p.id.PID, 0, "task"), rd.buf, rd.tids)
	return err
}

func (p *proc) alone() bool { return p.r.stat.threads == 1 && p.live == 0 }
