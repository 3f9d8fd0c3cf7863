package life

import (
	"fmt"
	"slices"
	"strings"

	"procward/internal/message"
	"procward/procscan"
	"procward/procscan/succession"
)

// judging is the part of a look that decides who counts.
type judging struct{ *sight }

// remaining judges the matching processes that are not tracked, and says for each whether
// it must be ignored.
func (s *judging) remaining() func(procscan.Process) bool {
	r := &s.remains
	r.anew(s.Gone)
	pass := map[procscan.ID]bool{}
	for i := range s.dead {
		d := &s.dead[i]
		d.moved = d.moved || s.Moved[d.ID] > d.traits.At
		pass[d.ID] = true
	}
	c := s.caseOf(s.Now, s.Finding)
	for _, j := range succession.Judge(c) {
		pass[j.ID] = !j.Carries()
		r.take(j)
	}
	if r.undecided != 0 {
		r.open = c.Candidates
	}
	if len(s.dead) == 0 {
		r.found = nil
	}
	return func(q procscan.Process) bool { return pass[q.ID] }
}

// sift removes tracked processes that live on after a death and are shown not to do the
// work of the dead one, if nobody is left who does: a session, a job, a worker.
func (s *judging) sift() {
	if beside := s.of.Beside; len(beside) != len(s.tracked) || len(beside) == 0 || s.State() != Looking {
		return
	}
	c := s.caseOf(s.Now, s.Finding)
	c.Candidates = nil
	for _, q := range s.Selection.Matching {
		if known, tracked := s.tracked[q.ID]; tracked {
			got := s.Finding.Traits[q.ID]
			c.Candidates = append(c.Candidates, succession.Candidate{Process: q, Has: got.Traits, Parent: got.Parent, Clients: got.Clients, Apart: !s.bore(known)})
		}
	}
	if len(c.Candidates) != len(s.tracked) {
		return // one does not match any more, or has just ended
	}
	judged := succession.Survive(c)
	if slices.ContainsFunc(judged, succession.Judgement.Carries) {
		return
	}
	r := &s.remains
	for _, j := range judged {
		if j.Verdict == succession.Undecided {
			r.undecided, r.why, r.beside = max(r.undecided, j.Until), undecidedWords(j), true
		}
	}
	if r.beside {
		return
	}
	for _, j := range judged {
		s.untrack(j.ID)
		r.take(j)
	}
}

// see remembers matching processes that exist beside the tracked ones, and descend from
// none of them.
func (s *judging) see(matching, selected []procscan.Process) {
	apart := map[procscan.ID]bool{}
	if len(matching) > len(selected) && len(s.tracked) > 0 {
		byPID := map[int]procscan.Process{}
		for _, q := range matching {
			byPID[q.PID] = q
		}
		for _, q := range matching {
			if !s.descends(q, byPID) {
				apart[q.ID] = true
			}
		}
	}
	s.remains.apart = apart
}

// descends reports whether a process is tracked, or descends from a tracked one through
// processes that match.
func (c *crowd) descends(q procscan.Process, byPID map[int]procscan.Process) bool {
	for range len(byPID) + 1 { // a PID that was reused between two readings could close a circle
		if _, tracked := c.tracked[q.ID]; tracked {
			return true
		}
		up, ok := byPID[q.PPID]
		if !ok {
			return false
		}
		q = up
	}
	return false
}

// maxTold is how many processes are reported one by one.
const maxTold = 4

// count compares the number of roots with that before the last restart. sel does not
// contain processes that do not count.
func (s *judging) count(sel procscan.Selection) {
	roots := sel.Roots()
	was := s.roots
	enough := len(roots) > 0 && (s.Enough() || len(roots) >= s.Spec.Match.Count.Min)
	if len(s.dead) > 0 || !enough {
		return
	}
	s.roots = len(roots)
	if !s.counting {
		return
	}
	s.counting = false
	if was > 0 && len(roots) > was {
		s.say(message.Doubled, func(m *message.Message) {
			m.PID = roots[len(roots)-1].PID
			m.Detail = fmt.Sprintf("%d, and %d before the restart: %s", len(roots), was, s.withParents(roots))
		})
	}
}

// withParents is some processes and who has started each, the newest first.
func (s *judging) withParents(roots []procscan.Process) string {
	var out []string
	for _, q := range slices.Backward(roots) {
		if len(out) == maxTold {
			out = append(out, "…")
			break
		}
		words := fmt.Sprintf("pid %d (%s), child of pid %d", q.PID, q.Comm, q.PPID)
		if up := s.Finding.Traits[q.ID].Parent; up.PID == q.PPID && up.PID != 0 {
			words += " (" + up.Comm + ")"
		}
		out = append(out, words)
	}
	return strings.Join(out, "; ")
}
