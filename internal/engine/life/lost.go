package life

import (
	"slices"

	"procward/internal/message"
	"procward/restart"
	"procward/watch"
)

// bereft is a turn that concerns a death.
type bereft struct{ *turn }

// lost takes the exit of one tracked process.
func (t *bereft) lost(ev watch.Event) {
	info, ok := t.tracked[ev.ID]
	if !ok {
		return
	}
	t.moved = true
	stalled := t.Stalled()
	d := death{Process: info, traits: t.traits[ev.ID], cause: ev.Cause, at: ev.At}
	delete(t.tracked, ev.ID)
	delete(t.traits, ev.ID)
	d.expected = t.beingStopped() || stalled && t.stall.ids[ev.ID] && t.endsIt()
	t.bury(d)
	if d.expected {
		return // it is being stopped by procward
	}
	t.cause, t.lastCause, t.lastDown = ev.Cause, ev.Cause.String(), ev.At
	switch t.State() {
	case Up, Settling, Looking, Unclear:
		t.lostOne()
	default:
		if stalled && !t.Stalled() {
			t.stalledLost()
		}
	}
}

// lostOne looks once more before anything is done about a loss.
func (t *bereft) lostOne() {
	if t.quiet() != "" && t.State() == Up && !t.Enough() {
		t.sayDown("")
		t.enter(&unknown{})
		return
	}
	t.enter(&looking{attempt: *t.attempt()})
	t.look()
}

// bury remembers a death: processes that are found later are judged by it.
func (t *turn) bury(d death) {
	t.newest.changed = max(t.newest.changed, d.at)
	t.outage.bury(d)
	t.do(Bury{d.ID})
}

// beingStopped reports whether procward itself caused an exit: an operation has taken the
// process, or what is left of it is being killed.
func (t *bereft) beingStopped() bool {
	switch s := t.at.(type) {
	case *inHand:
		return true
	case *restarting:
		return !s.attempt.started
	}
	return false
}

// endsIt reports whether procward is ending the stalled process, or lets it write a dump,
// which may end it as well.
func (t *bereft) endsIt() bool {
	return t.State() == Restarting || t.evidence != 0 && t.Spec.Restart.Dump != nil
}

// causeKnown takes the cause of an exit that was reported before.
func (t *bereft) causeKnown(ev watch.Event) {
	i := slices.IndexFunc(t.dead, func(d death) bool { return d.ID == ev.ID })
	if i < 0 || t.dead[i].expected {
		return
	}
	t.dead[i].cause = ev.Cause
	t.recall()
	s, looks := t.at.(*looking)
	if !looks && !t.dead[i].passing() { // else the message about the death is still to come, and contains it
		t.say(message.CauseKnown, func(s *message.Message) {
			s.PID = ev.ID.PID
			about(ev.Cause, s)
		})
	}
	if looks && s.causeBy != 0 {
		s.causeBy = 0
		t.look()
	}
}

// stalledLost is the loss of the last of a stalled process while it waits for its
// restart: from here on it is like any exit.
func (t *bereft) stalledLost() {
	switch t.State() {
	case Waiting:
		if !t.Observe {
			t.enter(&looking{})
			t.look()
			return
		}
		fallthrough
	case Climbing, GaveUp, Held, Handed:
		t.sayDown("it was stalled")
		t.look()
	}
}

// expected forgets what was killed before its exit is reported: it is no loss, and no
// script gets its PID.
func (t *turn) expected(ended []restart.Ended) {
	for _, e := range ended {
		if e.Outcome == restart.Unkillable || e.Outcome == restart.Refused {
			continue
		}
		info, ok := t.tracked[e.ID]
		if !ok {
			continue
		}
		if t.event == "stall" {
			t.died = t.Now // some processes that are found later may be older than the stall
		}
		d := death{Process: info, traits: t.traits[e.ID], expected: true, at: t.Now}
		t.untrack(e.ID)
		t.bury(d)
	}
}
