package engine

import (
	"maps"
	"slices"
	"time"

	"procward/procscan"
	"procward/procscan/succession"
)

// remains is what is known of processes that match and do not count, and of those that a
// death has left to be judged.
type remains struct {
	found     []succession.Judgement               // by the newest look of this outage
	undecided time.Duration                        // until when one may still come to count, or 0
	why       string                               // which, in words
	beside    bool                                 // it is one that was tracked beside the dead
	open      []succession.Candidate               // all, while one is undecided
	carry     map[procscan.ID]succession.Judgement // those that count
	kept      map[procscan.ID]savedRemains         // what does not count: a judgement stands as long as its process lives
	apart     map[procscan.ID]bool                 // they were there beside what is tracked, and descend from none of it
}

// begin forgets the judgements of the look before, but not what was judged. Only what has
// ended is forgotten: one that could not be read, or did not match for a moment, is the same.
func (r *remains) begin(gone []procscan.ID) {
	r.found, r.undecided, r.why, r.beside, r.open, r.carry = nil, 0, "", false, nil, map[procscan.ID]succession.Judgement{}
	for _, id := range gone {
		delete(r.kept, id)
	}
}

// take takes one judgement.
func (r *remains) take(j succession.Judgement) {
	switch {
	case j.Carries():
		r.carry[j.ID] = j
		delete(r.kept, j.ID)
	case j.Verdict == succession.Undecided:
		r.undecided, r.why = max(r.undecided, j.Until), undecidedWords(j)
	default:
		r.found = append(r.found, j)
		if j.Outside && j.Verdict != succession.LeftOver {
			return // it does not matter but now
		}
		r.keeps(savedRemains{ID: j.ID, Verdict: j.Verdict, Killed: j.Killed, Held: j.Holds, Shares: j.Shares})
	}
}

func (r *remains) keeps(k savedRemains) {
	if r.kept == nil {
		r.kept = map[procscan.ID]savedRemains{}
	}
	if len(k.Held) == 0 { // not read now, perhaps
		k.Held = r.kept[k.ID].Held
	}
	k.Shares = k.Shares || r.kept[k.ID].Shares
	r.kept[k.ID] = k
}

// ids is what a judgement stands of.
func (r *remains) ids() []procscan.ID {
	if len(r.kept) == 0 {
		return nil
	}
	return slices.SortedFunc(maps.Keys(r.kept), func(a, b procscan.ID) int { return a.PID - b.PID })
}

func (r *remains) save() []savedRemains {
	return slices.SortedFunc(maps.Values(r.kept), func(a, b savedRemains) int { return a.PID - b.PID })
}

func (r *remains) restore(kept []savedRemains, apart []procscan.ID) {
	for _, k := range kept {
		r.keeps(k)
	}
	for _, id := range apart {
		if r.apart == nil {
			r.apart = map[procscan.ID]bool{}
		}
		r.apart[id] = true
	}
}
