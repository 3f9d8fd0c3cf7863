package succession

import "time"

// ripe is how old a fork must be before we believe that it will not execute another
// program.
const ripe = time.Second

// worker: it was forked from the dead one and has executed nothing since. If the dead one
// ended by itself with code 0 it may have handed its work to this one, and the next rows
// decide.
func worker(k court, q *Candidate) (Judgement, bool) {
	d, ok := latest(k.Dead, func(d Dead) bool { return k.forked(q, d) })
	if !ok || d.End == Clean {
		return no()
	}
	if k.obscured(q, d) {
		return no()
	}
	if age := k.Now - q.Started(); age < ripe {
		j, _ := as(Undecided, "it was forked from the dead pid %d just now, and may be about to execute another program", d.PID)
		j.Until = q.Started() + ripe
		return j, true
	}
	if d.End == Unknown && !k.beside(q, d) {
		return as(Untold, "it was forked from pid %d, and how that ended is not known: it may have left its work to this one", d.PID)
	}
	j, _ := as(LeftOver, "a worker of the dead pid %d: forked from it, with the same layout", d.PID)
	j.Killed = d.End != Unknown
	if !j.Killed {
		j.Proof += "; how that ended is not known"
	}
	return j, true
}

// parting is how long after the end of a process its forks may still be about to end with
// it: those that serve a connection of dnsmasq are told to by its own end.
const parting = 500 * time.Millisecond

// parts reports whether a candidate was forked from one that ended by itself a moment ago, and
// until when it may be about to end with it.
func (k court) parts(q *Candidate) (until time.Duration, yes bool) {
	d, ok := latest(k.Dead, func(d Dead) bool { return k.forked(q, d) })
	until = d.At + parting
	return until, ok && d.End == Clean && k.Now < until && !k.isRestarted(q)
}

// obscured reports whether another one died after d, not known to have been killed or to
// have failed, whose layout is not known: the candidate could be its fork and could have
// got its work.
func (k court) obscured(q *Candidate, d Dead) bool {
	for _, e := range k.Dead {
		if e.ID != d.ID && e.At >= d.At && younger(q, e) && !e.Had.Layout.Known() && (e.End == Clean || e.End == Unknown) {
			return true
		}
	}
	return false
}

// beside reports whether a fork lived at the same time as the dead one for longer than a
// handover takes, or is one of several.
func (k court) beside(q *Candidate, d Dead) bool {
	if d.At-q.Started() >= k.Young {
		return true
	}
	for i := range k.Candidates {
		if p := &k.Candidates[i]; p.ID != q.ID && p.PPID == q.PPID && k.forked(p, d) {
			return true
		}
	}
	return false
}

// forked reports whether it is proven that a candidate descends from a dead one by forks
// alone. All that have the same layout descend from the process that executed the
// program. If a candidate is not that process, and its parent has another layout, it has
// lost its first parent. If no other is known to be that parent, it is the dead one.
func (k court) forked(q *Candidate, d Dead) bool {
	for range len(k.Candidates) + 1 { // PIDs that were reused between two readings could close a circle
		if !q.Has.Layout.Same(d.Had.Layout) || q.Apart || !younger(q, d) {
			return false
		}
		up := q.Parent
		switch {
		case q.PPID <= 1:
			return true
		case up.PID != q.PPID:
			return false // not known
		case !up.Layout.Known():
			return false
		case up.Layout != d.Had.Layout:
			return true
		}
		next := k.byPID[q.PPID]
		if next == nil || next.ID != up.ID {
			return false // it has a parent of that layout which lives: a sibling of the dead one
		}
		q = next
	}
	return false
}

// younger reports whether a candidate began after a dead one. Within a hundredth of a
// second the PIDs decide.
func younger(q *Candidate, d Dead) bool {
	return q.Start > d.Start || q.Start == d.Start && q.PID > d.PID
}
