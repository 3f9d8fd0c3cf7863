package procscan

import "time"

// Judge tells, after deaths, the processes that carry on from those that were left over.
// sel is what a match finds now; dead are the processes of it that have ended, died is
// when (on the clock of Boottime), settle the time a new program is given to come up,
// and mainPID what systemd calls the main process of the unit, or 0. Survivors are
// processes that were selected before the deaths already and still are.
//
// A selected process carries on if the pidfile or systemd names it, if it has a matching
// child of its own, or if it is a survivor or descends from one that carries on. Else it
// is an orphan if one of the dead was of its session and left a matching process there
// which had been up for longer than settle: these are the workers of a master that was
// killed. Else it carries on: the heir of a daemon that replaces itself has none but
// young relatives, or a session of its own.
//
// With one orphan all matching processes of its session are orphans, whether selected or
// not, but for those that carry on and their descendants.
func Judge(sel Selection, dead []Process, died, settle time.Duration, mainPID int, survivors ...ID) (successors, orphans []Process) {
	f := newFamily(sel.Matching, dead)
	for _, id := range survivors {
		f.heirs[id.PID] = f.alive[id.PID].ID == id
	}
	bereaved := f.bereaved(dead, died-settle)
	candidates := without(sel.Selected, dead)
	for _, p := range candidates {
		named := p.PID == sel.Hint || p.PID == mainPID
		if named || f.parent[p.PID] || !bereaved[p.Session] {
			f.heirs[p.PID] = true
		}
	}
	lost := make(map[int]bool)
	for _, p := range candidates {
		if f.descends(p) {
			successors = append(successors, p)
		} else {
			lost[p.Session] = true
		}
	}
	for _, p := range without(sel.Matching, dead) {
		if lost[p.Session] && !f.descends(p) {
			orphans = append(orphans, p)
		}
	}
	return successors, orphans
}

// family is the matching processes that live, by PID.
type family struct {
	alive  map[int]Process
	parent map[int]bool // has a child among them
	heirs  map[int]bool // carries on by itself
}

func newFamily(matching, dead []Process) family {
	f := family{alive: make(map[int]Process), parent: make(map[int]bool), heirs: make(map[int]bool)}
	for _, p := range without(matching, dead) {
		f.alive[p.PID] = p
		f.parent[p.PPID] = true
	}
	return f
}

// bereaved are the sessions in which one of the dead left a process that started before
// the given time and does not belong to an heir.
func (f family) bereaved(dead []Process, before time.Duration) map[int]bool {
	of := make(map[int]bool)
	for _, d := range dead {
		of[d.Session] = d.Session != 0
	}
	out := make(map[int]bool)
	for _, p := range f.alive {
		if of[p.Session] && p.Started() < before && !f.descends(p) {
			out[p.Session] = true
		}
	}
	return out
}

// descends says that p is an heir, or descends from one through living processes.
func (f family) descends(p Process) bool {
	for range len(f.alive) + 1 { // a PID that was reused between two reads could close a circle
		if f.heirs[p.PID] {
			return true
		}
		parent, ok := f.alive[p.PPID]
		if !ok {
			return false
		}
		p = parent
	}
	return false
}

// without are the processes of ps that are not among the dead.
func without(ps, dead []Process) []Process {
	gone := make(map[ID]bool, len(dead))
	for _, d := range dead {
		gone[d.ID] = true
	}
	var out []Process
	for _, p := range ps {
		if !gone[p.ID] {
			out = append(out, p)
		}
	}
	return out
}
