package engine

import (
	"slices"

	"procward/procscan"
	"procward/procscan/succession"
)

// maxBeside is how many are judged that live on beside a death: more are not read for it.
const maxBeside = 64

// beside is those that are tracked and live on after a death, where one is enough and what is
// known of the dead asks whether one of these does its work. Who has said how many are needed
// has counted them.
func (p *process) beside() map[procscan.ID]bool {
	if p.state != Looking || p.spec.Match.Count.Min != 1 || len(p.tracked) == 0 || len(p.tracked) > maxBeside || p.isStalled() {
		return nil
	}
	out, served := map[procscan.ID]bool{}, !succession.Lacking(p.deaths())
	for id, q := range p.tracked {
		if served || p.bore(q) {
			out[id] = true
		}
	}
	return out
}

// bore reports whether a dead one was the parent of a process when that was found.
func (p *process) bore(q procscan.Process) bool {
	return slices.ContainsFunc(p.dead, func(d death) bool { return q.PPID == d.PID && q.Start >= d.Start })
}

// sift takes away what lives on beside a death and is shown not to do the work of the dead one,
// where nobody is left who does: a session, a job, a worker.
func (m *Machine) sift(p *process, f Finding) {
	beside := m.looking.of[p.name].Beside
	if len(beside) != len(p.tracked) || len(beside) == 0 || p.state != Looking {
		return
	}
	c := p.caseOf(m.now, f)
	c.Candidates = nil
	for _, q := range f.Selection.Matching {
		if known, tracked := p.tracked[q.ID]; tracked {
			got := f.Traits[q.ID]
			c.Candidates = append(c.Candidates, succession.Candidate{Process: q, Has: got.Traits, Parent: got.Parent, Clients: got.Clients, Apart: !p.bore(known)})
		}
	}
	if len(c.Candidates) != len(p.tracked) {
		return // one matches no more, or has just ended
	}
	judged := succession.Survive(c)
	if slices.ContainsFunc(judged, succession.Judgement.Carries) {
		return
	}
	r := &p.remains
	for _, j := range judged {
		if j.Verdict == succession.Undecided {
			r.undecided, r.why, r.beside = max(r.undecided, j.Until), undecidedWords(j), true
		}
	}
	if r.beside {
		return
	}
	for _, j := range judged {
		m.untrack(p, j.ID)
		r.take(j)
	}
}
