package life

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
)

// remains is what is known of processes that match and do not count, and of those that a
// death has left to be judged.
type remains struct {
	found     []succession.Judgement               // by the newest look of this outage
	undecided time.Duration                        // until when one may still begin to count, or 0
	why       string                               // which, in words
	beside    bool                                 // it is one that was tracked beside the dead
	open      []succession.Candidate               // all judgements, while one is undecided
	carry     map[procscan.ID]succession.Judgement // those that count
	kept      map[procscan.ID]Remains              // what does not count: a judgement stays valid as long as its process lives
	apart     map[procscan.ID]bool                 // they existed beside the tracked ones, and descend from none of them
}

// anew forgets the judgements of the last look, but not the processes. Only processes
// that have ended are forgotten: one that could not be read, or did not match for a
// moment, is the same.
func (r *remains) anew(gone []procscan.ID) {
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
		r.keeps(Remains{ID: j.ID, Verdict: j.Verdict, Killed: j.Killed, Held: j.Holds, Shares: j.Shares})
	}
}

func (r *remains) keeps(k Remains) {
	if r.kept == nil {
		r.kept = map[procscan.ID]Remains{}
	}
	if len(k.Held) == 0 { // perhaps only not read now
		k.Held = r.kept[k.ID].Held
	}
	k.Shares = k.Shares || r.kept[k.ID].Shares
	r.kept[k.ID] = k
}

// keptIDs is the processes with a judgement.
func (r *remains) keptIDs() []procscan.ID {
	if len(r.kept) == 0 {
		return nil
	}
	return slices.SortedFunc(maps.Keys(r.kept), func(a, b procscan.ID) int { return a.PID - b.PID })
}

func (r *remains) saved() []Remains {
	return slices.SortedFunc(maps.Values(r.kept), func(a, b Remains) int { return a.PID - b.PID })
}

func (r *remains) claim(kept []Remains, apart []procscan.ID) {
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

func undecidedWords(j succession.Judgement) string { return fmt.Sprintf("pid %d: %s", j.PID, j.Proof) }

// toEnd is what a restart ends of the processes that were left over: only proven workers,
// as the policy says.
func (r *remains) toEnd(how restart.Orphans) []procscan.ID {
	var out []procscan.ID
	for _, j := range r.found {
		if j.Verdict == succession.LeftOver && how.Ends(j.Killed, j.Shares) {
			out = append(out, j.ID)
		}
	}
	return out
}

// EndAtStop is what a stop ends: the tracked processes and, as the policy says, those
// that were left over. The workers of a process are stopped with it.
func (l *Life) EndAtStop() []procscan.ID {
	how := restart.KillOrphans
	if l.Spec.Restart.Orphans == restart.LeaveOrphans {
		how = restart.LeaveOrphans
	}
	return append(l.Tracks(), l.remains.toEnd(how)...)
}

// known is the tracked processes and the dead.
func (l *Life) known() map[procscan.ID]bool {
	if len(l.dead)+len(l.remains.kept) == 0 {
		return nil
	}
	out := make(map[procscan.ID]bool, len(l.tracked)+len(l.dead))
	for id := range l.tracked {
		out[id] = true
	}
	for _, d := range l.dead {
		out[d.ID] = true
	}
	return out
}

// caseOf is what the judgement of a process needs.
func (l *Life) caseOf(now time.Duration, f Finding) succession.Case {
	known := l.known()
	c := succession.Case{
		Named: map[int]bool{}, Now: now, Young: l.Spec.Restart.StartTimeout.D(), Begun: l.begun, Patience: causeWait,
	}
	for _, pid := range []int{f.Selection.Hint, f.Unit.MainPID} {
		c.Named[pid] = pid != 0
	}
	c.Dead = l.deaths()
	for _, t := range l.traits {
		c.Served = append(c.Served, t.Serves...)
	}
	for _, q := range f.Selection.Matching {
		if known[q.ID] {
			continue
		}
		got, kept := f.Traits[q.ID], l.remains.kept[q.ID]
		if len(l.dead) == 0 && kept.Verdict == "" {
			continue
		}
		c.Candidates = append(c.Candidates, succession.Candidate{
			Process: q, Has: got.Traits, Parent: got.Parent, Clients: got.Clients,
			Apart: l.remains.apart[q.ID], Was: kept.Verdict, Killed: kept.Killed, Held: kept.Held, Shared: kept.Shares,
		})
	}
	for _, h := range f.Holders {
		if !known[h.ID] {
			c.Candidates = append(c.Candidates, succession.Candidate{Process: h.Process, Has: h.Traits, Parent: h.Parent, Outside: true})
		}
	}
	return c
}

// endJudgement is called at the end of the outage. What is still undecided is judged by
// what is known now. Most that are undecided then do not serve: such a process is let be
// until it does.
func (l *Life) endJudgement(now time.Duration) {
	r := &l.remains
	if len(r.open) > 0 && len(l.dead) > 0 {
		c := l.caseOf(now, Finding{})
		c.Candidates = r.open
		for _, j := range succession.Judge(c) {
			if j.Verdict == succession.Undecided {
				j.Verdict = cmp.Or(j.Else, succession.LetBe)
			}
			if !j.Carries() {
				r.keeps(Remains{ID: j.ID, Verdict: j.Verdict, Killed: j.Killed, Held: j.Holds, Shares: j.Shares})
			}
		}
	}
	r.anew(nil)
}

// maxBeside is how many processes that live on beside a death are judged; more are not
// read for it.
const maxBeside = 64

// beside returns the tracked processes that live on after a death, if one is enough and
// what is known of the dead makes it necessary to ask whether one of these does its work.
// If the operator has said how many are needed, that is believed.
func (l *Life) beside() map[procscan.ID]bool {
	if l.State() != Looking || l.Spec.Match.Count.Min != 1 || len(l.tracked) == 0 || len(l.tracked) > maxBeside || l.Stalled() {
		return nil
	}
	out, served := map[procscan.ID]bool{}, !succession.Lacking(l.deaths())
	for id, q := range l.tracked {
		if served || l.bore(q) {
			out[id] = true
		}
	}
	return out
}

// bore reports whether a dead process was the parent of a process when that was found.
func (o *outage) bore(q procscan.Process) bool {
	return slices.ContainsFunc(o.dead, func(d death) bool { return q.PPID == d.PID && q.Start >= d.Start })
}
