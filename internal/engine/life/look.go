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
	if s.early() {
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

// deathNews is how long the report of an end may take after a look has seen it.
const deathNews = 100 * time.Millisecond

// early reports whether the look may have come between the end of a tracked process and the
// report of it: this one is not there, and others are. These are judged by that end, and not
// taken as newcomers beside it.
func (s *sight) early() bool {
	absent := func(id procscan.ID) bool {
		return !slices.ContainsFunc(s.Selection.Matching, func(q procscan.Process) bool { return q.ID == id })
	}
	other := func(q procscan.Process) bool { _, tracked := s.tracked[q.ID]; return !tracked }
	if len(s.dead) > 0 || s.rematch || !slices.ContainsFunc(s.Selection.Selected, other) || !slices.ContainsFunc(s.Tracks(), absent) {
		s.newest.odd = 0
		return false
	}
	if s.newest.odd == 0 {
		s.newest.odd = s.Now
	}
	return s.Now < s.newest.odd+deathNews
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
