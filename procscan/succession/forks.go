package succession

// forks: it is only known of the dead one that it was killed or failed. This candidate is
// one of several that have lost their parent and have the same layout, so they are forks
// of one ancestor that is gone. They are workers and no successor. Whose workers is not
// proven, so nothing is done to them.
func forks(k court, q *Candidate) (Judgement, bool) {
	if k.last.End != Failed || k.last.Had.Layout.Known() || !k.lostOne(q) {
		return no()
	}
	for i := range k.Candidates {
		p := &k.Candidates[i]
		if p.ID != q.ID && p.PPID != q.PID && q.PPID != p.PID && p.Has.Layout.Same(q.Has.Layout) && k.lostOne(p) {
			return as(LetBe, "it and pid %d are forks of one process that is gone, with the same layout, and so workers; whose is not proven, for that of the dead pid %d is not known", p.PID, k.last.PID)
		}
	}
	return no()
}

// lostOne reports whether a candidate may be a fork of the last dead one and has lost its
// parent.
func (k court) lostOne(q *Candidate) bool {
	return q.Has.Layout.Known() && younger(q, k.last) && k.couldBeWorker(q)
}
