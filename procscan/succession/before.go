package succession

import "slices"

// before: an earlier judgement stays valid, also if little is known of the process at
// this moment, until something new is proven: a left over worker stays one unless its
// parent turns out to have ended by itself; every other one may come to serve.
func before(k court, q *Candidate) (Judgement, bool) {
	switch q.Was {
	case LeftOver:
		return k.stillLeft(q)
	case LetBe, Stranger:
		if at := without(shared(q.Has.Serves, k.places), q.Held); len(at) > 0 {
			return as(Heir, "it has come to serve at %s", list(at))
		}
		return as(q.Was, "as it was before: it has not come to serve in the place of the dead one")
	}
	return no()
}

// without returns the sockets that are not among the given ones, by their inodes.
func without(sockets, held []Socket) []Socket {
	return slices.DeleteFunc(slices.Clone(sockets), func(s Socket) bool {
		return slices.ContainsFunc(held, func(h Socket) bool { return h.Inode == s.Inode })
	})
}

func (k court) stillLeft(q *Candidate) (Judgement, bool) {
	if j, ok := worker(k, q); ok && j.Verdict == LeftOver {
		j.Killed = j.Killed || q.Killed
		return j, true
	}
	if d, ok := latest(k.Dead, func(d Dead) bool { return k.forked(q, d) }); ok && d.End == Clean && !q.Killed {
		return no()
	}
	j, _ := as(LeftOver, "it was left over by an earlier death")
	j.Killed = q.Killed
	return j, true
}
