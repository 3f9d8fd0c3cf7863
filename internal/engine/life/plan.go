package life

import (
	"procward/escalate"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/restart"
	"procward/watch"
)

// fail begins a failure that is no death.
func (t *turn) fail(event string) {
	t.event, t.died, t.cause = event, t.Now, watch.Cause{}
}

// plan asks the policy what follows from a failure, and goes there.
func (t *turn) plan(in restart.Input) {
	t.letGo()
	t.sure = true
	if t.quiet() != "" {
		t.enter(&unknown{})
		return
	}
	if t.Observe {
		t.sayObserved()
		t.enter(&waiting{})
		t.observed()
		return
	}
	if t.Phase() == escalate.Handed {
		t.enter(plain(Handed))
		return
	}
	if group := t.HeldBy(); group != "" {
		t.held(group)
		return
	}
	var d restart.Decision
	t.History, d = t.Spec.Restart.Next(t.History, in, t.verdict(), t.Now, t.Luck())
	t.follow(d)
}

// held makes a failure wait until a dependency is up.
func (t *turn) held(group string) {
	t.say(message.Held, func(s *message.Message) { s.Detail = "group " + group + " is not up" })
	t.enter(plain(Held))
	t.waits = "group " + group
}

// follow does what the policy decided.
func (t *turn) follow(d restart.Decision) {
	switch d.Action {
	case restart.Wait:
		t.enter(&waiting{due: d.At})
		if wait := d.At - t.Now; wait > 0 {
			t.say(message.RestartLater, func(s *message.Message) {
				s.Attempt, s.Attempts, s.Detail = d.Attempt, t.Spec.Restart.Attempts.String(), scalar.Duration(wait).Rounded()
			})
		}
	case restart.CleanStop:
		t.say(message.Ended, t.aboutDead)
		t.enter(plain(Ended))
	case restart.Finish:
		t.finish()
	case restart.Exhaust:
		t.say(message.Exhausted, func(s *message.Message) { s.Attempts = t.Spec.Restart.Attempts.String() })
		t.spent()
	case restart.Nothing: // exhausted before, in this same outage
		t.spent()
	}
}

// finish is for an end after which no restart helps: no attempt is made and no rung
// follows.
func (t *turn) finish() {
	cause := t.verdict()
	t.say(message.Final, func(s *message.Message) {
		t.aboutDead(s)
		about(cause, s)
	})
	f := &final{}
	t.enter(f)
	t.remindFinal(f)
}

// remindFinal sets when a final end is reported again, by the remind of its group.
func (t *turn) remindFinal(f *final) {
	f.remindAt = 0
	t.waits = "procward recover, or a return by itself: " + t.lastCause + " is final"
	if every := t.Remind().Remind; !every.Never {
		f.remindAt = t.Now + every.D
	}
}

// stillFinal reports it again, as a given-up ladder does.
func (t *turn) stillFinal() {
	if t.quiet() == "" && !t.Remind().Remind.Never {
		t.say(message.Reminder, func(s *message.Message) { s.Detail = t.lastCause + " is final" })
	}
	t.remindFinal(t.at.(*final))
}

// spent is called when no attempt is left. Too many processes are no reason to climb: it
// is up.
func (t *turn) spent() {
	if t.event == "count" && t.Enough() {
		t.surplus.endured = true
		t.credit()
		t.endOutage()
		return
	}
	t.climb()
}

func (t *turn) climb() {
	t.enter(plain(Climbing))
	t.do(Spent{})
}

// sayObserved reports the restart that observe mode does not do.
func (t *turn) sayObserved() {
	t.say(message.Restart, func(s *message.Message) {
		s.Attempt, s.Attempts, s.Observed = 1, t.Spec.Restart.Attempts.String(), true
	})
}

// observed is what observe mode does instead of a restart.
func (t *turn) observed() {
	t.next, t.waits = t.Now+LookMissing, "a return by itself (observe mode)"
}
