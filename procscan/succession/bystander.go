package succession

import "slices"

// stranger: another program, by its file and by its name, at a terminal where the dead
// one had none, that does not serve where the dead one did: tail, an editor.
func stranger(k court, q *Candidate) (Judgement, bool) {
	d := k.last
	if d.PID == 0 || d.Had.TTY != 0 || q.Has.TTY == 0 || d.Had.At == 0 || d.Had.Comm == "" || q.Comm == d.Had.Comm || len(shared(q.Has.Serves, k.places)) > 0 {
		return no()
	}
	if !q.Has.Program.differs(d.Had.Program) {
		return no()
	}
	return as(Stranger, "another program at a terminal: %s, not %s", q.Has.Program.Path, d.Had.Program.Path)
}

// ending: it cannot be read where its parts are in memory, as with a process that is
// about to end, perhaps because of the death. A moment later this is clear. If nothing at
// all can be read it has just ended.
func ending(k court, q *Candidate) (Judgement, bool) {
	if until := min(max(q.Started(), k.last.At)+k.Patience, k.last.At+k.Young); q.Has.At == 0 && k.last.PID != 0 && !k.isRestarted(q) && k.Now < until {
		j, _ := as(Undecided, "nothing can be read of it: it may have just ended")
		j.Until = until
		return j, true
	}
	until := k.last.At + k.Patience
	orphan := q.PPID <= 1 || reaps(q.Parent.Comm)
	if !k.last.Had.Layout.Known() || q.Has.Layout.Known() || !orphan || k.began(q) || k.isRestarted(q) || k.Now >= until {
		return no()
	}
	j, _ := as(Undecided, "its layout cannot be read: it may be about to end")
	j.Until = until
	return j, true
}

// session: it has a connection that came in where the dead one served, and does not serve
// there itself.
func session(k court, q *Candidate) (Judgement, bool) {
	if len(q.Clients) == 0 || !q.Has.Whole || k.isRestarted(q) || len(shared(q.Has.Serves, k.places)) > 0 {
		return no()
	}
	return as(LetBe, "a session of the dead one: it has a connection at %s, and does not listen there", list(q.Clients))
}

// noServer: the dead one served somewhere, and this one serves at none of those places. A
// young process is given time to begin, but this time is counted from the death: where
// new jobs come all the time, the wait would never end. A process that came later and
// serves elsewhere is not a session or job of the dead one: the configuration has
// changed.
func noServer(k court, q *Candidate) (Judgement, bool) {
	if len(k.places) == 0 || !q.Has.Whole || k.isRestarted(q) || len(shared(q.Has.Serves, k.places)) > 0 {
		return no()
	}
	if len(q.Has.Serves) > 0 && (k.began(q) || loose(k.places) && loose(q.Has.Serves)) {
		return no()
	}
	if until := min(q.Started(), k.last.At) + k.Young; k.Now < until {
		j, _ := as(Undecided, "it does not serve at %s yet", list(k.places))
		j.Until = until
		return j, true
	}
	return as(LetBe, "it does not serve where the dead one did, at %s", list(k.places))
}

// loose reports whether all sockets have a port that the kernel chose.
func loose(sockets []Socket) bool {
	return !slices.ContainsFunc(sockets, func(s Socket) bool { return !s.Loose })
}
