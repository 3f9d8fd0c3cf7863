package succession

// outside: it does not match and has a socket of a dead one open, so that a new process
// could not bind it. It is no successor. It is a worker if the dead one led its session
// (a process gets into a session only as the fork of a member) and its layout is that of
// the dead one. Any other one is only reported.
func outside(k court, q *Candidate) (Judgement, bool) {
	if !q.Outside {
		return no()
	}
	d, ok := latest(k.Dead, func(d Dead) bool { return d.Had.Session == d.PID && q.Session == d.PID && k.forked(q, d) })
	switch {
	case !ok || d.End == Clean || k.obscured(q, d):
		return as(LetBe, "it does not match, and holds a socket that the dead one has served at: a new one may not be able to")
	case k.Now-q.Started() < ripe:
		j, _ := as(Undecided, "it was forked from the dead pid %d just now, and may be about to execute another program", d.PID)
		j.Until = q.Started() + ripe
		return j, true
	}
	j, _ := as(LeftOver, "a worker of the dead pid %d, though it does not match: of its session, forked from it, with the same layout", d.PID)
	if j.Killed = d.End != Unknown; !j.Killed {
		j.Proof += "; how that ended is not known"
	}
	return j, true
}
