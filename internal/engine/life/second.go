package life

import (
	"fmt"
	"time"

	"procward/internal/message"
	"procward/restart"
	"procward/watch"
)

// secondLook handles the look after a loss, before anything is done about it.
func (s *sight) secondLook() {
	switch {
	case s.Enough():
		s.secondEnough()
	case s.quiet() != "":
		if s.event != "" {
			s.sayDown("")
		}
		s.forget()
	case s.inHands(s.Unit):
	case s.undecided():
	case s.comingUp():
	case s.causeAwaited():
	case s.attempt().number > 0:
		(&trial{s.turn}).lostInSettle()
	case s.event == "":
		s.enter(&unknown{}) // in doubt at the start, and now known to be missing
		s.look()
	case s.cameAndWent():
		s.forgetDead()
		s.down()
	default:
		s.down()
	}
}

// secondEnough handles the second look if enough are there.
func (s *sight) secondEnough() {
	switch {
	case s.Stalled():
		s.stallSeen()
	case s.remains.beside && s.undecided():
	case s.sure:
		s.settle()
	case s.event == "":
		s.endOutage() // nothing was lost: the doubt is over
	case len(s.news) == 0:
		s.sayLost()
		s.endOutage()
	default:
		s.sayReplaced()
		s.sayRemains()
		s.credit()
		s.endOutage()
	}
}

func (s *sight) sayReplaced() {
	first := s.news[0]
	s.say(message.Replaced, func(m *message.Message) {
		s.aboutDead(m)
		m.PID = first.PID
		m.Detail = fmt.Sprintf("it took the place of pid %d", s.LastDead().PID)
		if j := s.remains.carry[first.ID]; j.Proof != "" {
			m.Detail += ": " + j.Proof
		}
	})
}

// stallSeen handles the look after a bad sign, or after a while in which somebody else
// was in charge.
func (s *sight) stallSeen() {
	if len(s.dead) > 0 && s.event == "exit" && !s.sure {
		s.sayLost()
	}
	switch {
	case s.quiet() != "":
		(&ailing{s.turn}).sayStall("suspended: " + s.quiet())
		s.forget()
	case s.inHands(s.Unit):
	default:
		(&ailing{s.turn}).stalled()
	}
}

// undecided looks again, for a limited time, while a process may still begin to serve.
func (s *sight) undecided() bool {
	if s.Now >= s.remains.undecided {
		return false
	}
	s.soon()
	s.waits = s.remains.why
	return true
}

const tick = 10 * time.Millisecond // of start times

// comingUp looks again, for at most graceLost, while systemd has just started another
// main process that does not match yet: a unit is active before its program is executed.
func (s *sight) comingUp() bool {
	if s.Unit.MainStarted < s.died-tick || s.Now >= s.lastDown+graceLost {
		return false
	}
	s.soon()
	return true
}

// causeAwaited waits with the decision until the cause is known: for a moment, because it
// is reported right after the death, and for at most causeWait if the policy needs it.
func (s *sight) causeAwaited() bool {
	wait := causeMoment
	if s.Spec.Restart.NeedsCause() {
		wait = causeWait
	}
	until := s.lastDown + wait
	if s.verdict().Known || s.event != "exit" || s.Now >= until {
		return false
	}
	if at, is := s.at.(*looking); is {
		at.causeBy = until
	} else {
		s.next = until
	}
	return true
}

// Unseen is what is known of a process that has come and gone without being tracked.
const Unseen = "it was stopped from outside procward, and is not up now; how it ended since is not known"

// down is a failure without doubt.
func (s *sight) down() {
	if s.endedWell() {
		s.plan(restart.Down)
		return
	}
	detail := ""
	if s.Spec.Match.Count.Min > 1 {
		detail = fmt.Sprintf("%d of %d are left", len(s.tracked), s.Spec.Match.Count.Min)
	}
	if s.event == "exit" && len(s.dead) == 0 {
		detail = Unseen
	}
	s.sayDown(detail)
	s.sayRemains()
	s.plan(restart.Down)
}

// cameAndWent reports whether systemd has started another main process of the unit after
// the tracked one began, and that one has ended too: it was there after the death.
func (s *sight) cameAndWent() bool {
	if s.event != "exit" || s.Unit.LastPID == 0 {
		return false
	}
	last := s.LastDead()
	return last.PID != s.Unit.LastPID && s.Unit.LastStarted > last.Started()+tick
}

// forgetDead is for a failure that is not the death of a tracked process: neither its PID
// nor its cause is reported.
func (s *sight) forgetDead() {
	s.dead, s.remains.found = nil, nil
	s.died, s.lastDown = s.Now, s.Now
	s.cause, s.lastCause = watch.Cause{}, "unknown: "+Unseen
}
