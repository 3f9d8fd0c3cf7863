package life

import (
	"fmt"
	"slices"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
)

// sight is a turn that concerns a look: who is new, who is in doubt, and what follows in
// the present state of the process.
type sight struct {
	*turn
	Finding
	began time.Duration
	of    LookFor
	news  []procscan.Process // processes that match, carry on, and were not tracked
}

// judge takes the result of a look.
func (s *sight) judge() {
	_, held := s.at.(*inHand)
	switch {
	case s.stopped != "" && !held: // until the operator starts it
		return
	case s.Unasked != "":
		s.doubt(nil, s.Unasked)
		return
	case s.Err != nil:
		s.doubt(message.Unreadable, s.Err.Error())
		return
	case len(s.dead) > 0 && !s.of.Judged: // the look was begun before the death
		s.look()
		return
	}
	s.forgive()
	s.newcomers()
	if len(s.news) > 0 || s.Enough() {
		s.forgetDoubt()
	}
	s.adopt()
	s.sayUntold()
	s.sayExcess()
	if !s.Enough() {
		if s.began < s.newest.changed { // a successor of the last loss may be there since
			s.look()
			return
		}
		if s.inDoubt() {
			return
		}
	}
	s.newest.at, s.newest.blind = s.Now, false
	s.found()
	s.excess()
	s.do(Seen{Began: s.began, Unit: s.Unit})
}

// forgive treats a stop of the unit as procward's own if an earlier daemon has asked for
// it and did not live to undo it: systemd does not say who stopped the unit.
func (s *sight) forgive() {
	if s.unit.forgiven && s.Unit.Hands == StoppedOnRequest {
		s.Unit.Hands = ""
	}
}

// newcomers finds the matching processes that carry on and are not yet tracked.
func (s *sight) newcomers() {
	sel, j := s.Selection, &judging{s}
	if s.rematch {
		s.dropUnmatched()
	}
	if len(s.dead)+len(s.remains.kept) > 0 {
		sel = sel.Without(j.remaining(), s.Spec.Match.Select)
	} else {
		j.see(sel.Matching, sel.Selected)
	}
	j.count(sel)
	s.news = slices.DeleteFunc(slices.Clone(sel.Selected), func(q procscan.Process) bool {
		_, tracked := s.tracked[q.ID]
		return tracked
	})
	if len(s.dead) > 0 && len(s.news) == 0 {
		j.sift()
	}
}

// dropUnmatched untracks what the changed match no longer describes.
func (s *sight) dropUnmatched() {
	s.rematch = false
	for _, id := range s.Tracks() {
		if !slices.ContainsFunc(s.Selection.Selected, func(q procscan.Process) bool { return q.ID == id }) {
			s.untrack(id)
		}
	}
}

func (t *turn) untrack(id procscan.ID) {
	t.moved = true
	delete(t.tracked, id)
	delete(t.traits, id)
	t.do(Untrack{id})
}

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
func (l *judging) see(matching, selected []procscan.Process) {
	apart := map[procscan.ID]bool{}
	if len(matching) > len(selected) && len(l.tracked) > 0 {
		byPID := map[int]procscan.Process{}
		for _, q := range matching {
			byPID[q.PID] = q
		}
		for _, q := range matching {
			if !l.descends(q, byPID) {
				apart[q.ID] = true
			}
		}
	}
	l.remains.apart = apart
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

// adopt tracks newly found processes.
func (s *sight) adopt() {
	for _, q := range s.news {
		s.tracked[q.ID] = q
		if got, ok := s.Finding.Traits[q.ID]; ok {
			s.traits[q.ID] = got.Traits
		}
		s.do(Track{Process: q})
		s.sayRival(q)
	}
	if len(s.news) > 0 {
		s.moved = true
		if u := procscan.UnitOf(s.news[0].Unit); u != "" {
			s.unit.name = u
		}
	}
}

// sayRival warns once that the parent of a process restarts it as well.
func (s *sight) sayRival(q procscan.Process) {
	up, is := s.Supervisors[q.PPID]
	if !is || s.rivals[up.Comm] {
		return
	}
	if s.rivals == nil {
		s.rivals = map[string]bool{}
	}
	s.rivals[up.Comm] = true
	s.say(message.Rival, func(m *message.Message) {
		m.PID = q.PID
		m.Detail = fmt.Sprintf("it is a child of %s (pid %d, of %s), so that two restarters fight", up.Comm, up.PID, up.Of)
	})
}

// sayUntold warns of newcomers that are only assumed to be successors.
func (s *sight) sayUntold() {
	for _, q := range s.news {
		if j := s.remains.carry[q.ID]; j.Verdict == succession.Untold {
			s.say(message.Untold, func(m *message.Message) { m.PID, m.Detail = q.PID, j.String() })
		}
	}
}

// sayExcess reports more than count.max, once until it is over.
func (s *sight) sayExcess() {
	e := &s.surplus
	_, held := s.at.(*inHand)
	was, over := e.told, s.over()
	e.told = over && (was || !held)
	switch {
	case !over:
		e.since = 0
	case e.since == 0:
		e.since = s.Now
	}
	e.endured = e.endured && over
	if was || !e.told {
		return
	}
	s.say(message.Excess, func(m *message.Message) {
		m.Detail = fmt.Sprintf("%d match, at most %d are wanted (pids %s)", len(s.tracked), s.Spec.Match.Count.Max.N, pids(s.Tracks()))
	})
}

// excess restarts processes that are more than count.max, if that is asked for and it
// lasts.
func (s *sight) excess() {
	if !s.over() || s.Spec.Excess.Action != confd.ExcessRestart || s.State() != Up || s.surplus.endured || s.quiet() != "" {
		return
	}
	if until := s.surplus.since + s.Spec.Excess.For.D(); s.Now < until {
		s.next = min(s.next, until) // count.max is given, so there is one
		return
	}
	if s.Observe {
		s.surplus.endured = true
		s.sayObserved()
		return
	}
	s.fail("count")
	s.plan(restart.Down)
}

func pids(ids []procscan.ID) string {
	var b strings.Builder
	for i, id := range ids {
		if i == 20 {
			return b.String() + " …"
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprint(&b, id.PID)
	}
	return b.String()
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

// inDoubt reports whether a process that could be the one cannot be read, and was not
// there in this form when all was well: then nothing is done.
func (s *sight) inDoubt() bool {
	for _, u := range s.Selection.Unreadable {
		if !s.unreadable[u.ID] {
			s.doubt(message.Unreadable, fmt.Sprintf("%s of pid %d (%s): %v", u.What, u.PID, u.Comm, u.Err))
			return true
		}
	}
	return false
}

func (s *sight) forgetDoubt() {
	s.unreadable = map[procscan.ID]bool{}
	for _, u := range s.Selection.Unreadable {
		s.unreadable[u.ID] = true
	}
}

// doubt reports that nothing is known, once per outage, and looks again a little later.
func (s *sight) doubt(kind *message.Kind, why string) {
	var of standing
	switch at := s.at.(type) {
	case *unknown:
		of = &looking{}
	case *looking:
		of = at
	case *waiting:
		if !s.Observe {
			of = at
		}
	}
	switch {
	case of != nil:
		s.sayDoubt(kind, why)
		s.enter(&unclear{of})
	case !s.newest.blind && (s.attempt().ready != 0 || s.Awaited()):
		s.sayDoubt(kind, why)
		fallthrough
	default:
		if s.next == 0 || s.next > s.Now+lookLast {
			s.next = s.Now + lookLast
		}
	}
	s.waits, s.newest.blind = why, true
}

// sayDoubt says nothing if kind is nil: the reason why the look shows nothing was
// reported already.
func (s *sight) sayDoubt(kind *message.Kind, why string) {
	if kind != nil {
		s.say(kind, func(m *message.Message) { m.Detail = why + "; nothing is done while in doubt" })
	}
}
