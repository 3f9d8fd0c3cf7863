package succession

import "time"

// takeover is how long after a death a process that was tracked beside the dead one, as a
// standby, may take to serve in its place.
const takeover = 3 * time.Second

// Survive judges those that were tracked beside the dead ones and are alive, where one is
// enough: is there proof that none of them does the work? A process that counted until
// now needs a proof that it does not: it was forked from the dead one and is left over;
// it is a session of it; or it serves nowhere, while the dead one had a place of its own,
// and does not begin to. One that serves elsewhere is another instance.
func Survive(c Case) []Judgement {
	out := Judge(c)
	fixed := false
	for _, d := range c.Dead {
		fixed = fixed || !loose(d.Had.Serves)
	}
	for i := range out {
		j, q := &out[i], &c.Candidates[i]
		idle := fixed && len(q.Has.Serves) == 0
		switch until := died(c) + takeover; {
		case j.Carries() || j.Verdict == LeftOver || j.Verdict == LetBe && len(q.Clients) > 0:
		case j.Verdict == LetBe && idle && c.Now < until:
			j.Verdict, j.Until = Undecided, until
		case j.Verdict == LetBe && idle || j.Verdict == Undecided && (idle || !q.Apart):
		default:
			j.Verdict, j.Proof = Heir, "another instance, which was there before"
		}
	}
	return out
}

// died is the time of the last death.
func died(c Case) time.Duration {
	out := time.Duration(0)
	for _, d := range c.Dead {
		out = max(out, d.At)
	}
	return out
}

// Lacking reports whether there is no reason to judge those that were beside the dead
// ones: these served nowhere, or only at a port that the kernel chose.
func Lacking(dead []Dead) bool {
	for _, d := range dead {
		if !loose(d.Had.Serves) {
			return false
		}
	}
	return true
}
