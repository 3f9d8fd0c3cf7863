package life

import (
	"fmt"
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/restart"
)

// found decides what a look means in the present state of the process.
func (s *sight) found() {
	switch at := s.at.(type) {
	case *inHand: // the operation knows what that means
		s.do(HandSaw{})
	case *unknown:
		s.foundAtStart(at)
	case *unclear:
		if w, is := at.of.(*waiting); is {
			s.enter(w)
			s.foundWaiting(w)
			return
		}
		s.secondLook()
	case *looking:
		s.secondLook()
	case *waiting:
		s.foundWaiting(at)
	case *restarting:
		s.foundAfterRestart(&at.attempt)
	case *settling:
		if !s.Enough() { // by a new match
			s.enter(&looking{attempt: at.attempt})
			s.look()
		}
	default:
		if s.State() == Up {
			s.foundUp()
			return
		}
		s.foundWhileMissing()
	}
}

// foundUp handles a look at a process that is up: too many may be there, or, with a new
// match, too few.
func (s *sight) foundUp() {
	if !s.Enough() {
		u := &unknown{}
		s.enter(u)
		s.foundAtStart(u)
		return
	}
	s.sayFound(s.news)
	s.enter(plain(Up))
}

// foundWaiting handles a look at a process whose restart is due, at once or later.
func (s *sight) foundWaiting(at *waiting) {
	switch {
	case s.event == "count" && s.over():
	case s.event == "count" && s.Well(): // the surplus processes are gone
		s.returned = true
		s.settle()
		return
	case s.Well():
		s.creditReturn()
		return
	case s.inHands(s.Unit):
		return
	case at.due == 0:
		s.observed()
	}
	if s.next == 0 {
		s.next = s.Now + LookMissing
	}
}

// foundAfterRestart handles a look while an attempt runs, or after its script has ended.
func (s *sight) foundAfterRestart(a *attempt) {
	switch {
	case a.started && s.Well():
		s.settle()
	case a.started:
		s.soon()
	case a.ready != 0 && s.Well() && !(s.event == "count" && s.over()):
		s.creditReturn() // while what was left was killed
	}
}

// foundAtStart handles the first look at a process, or the first after a suspension.
func (s *sight) foundAtStart(at *unknown) {
	if s.Enough() && !(s.quiet() != "" && s.Stalled()) {
		s.Signs.Afresh, s.stall = s.Stalled(), nil
		s.sayFound(s.news)
		s.credit()
		s.endOutage()
		return
	}
	if s.quiet() != "" {
		return
	}
	switch {
	case s.Optional(s.ByHand):
		s.enter(plain(Absent))
		s.waits = s.whyOptional()
	case s.Booting:
		s.waits = "the boot to finish"
		s.next = s.Now + LookMissing
	case s.inHands(s.Unit):
	case !at.sought:
		at.sought, at.until = true, s.Now+s.Spec.Restart.StartTimeout.D()
		s.waits = "it to show within start-timeout"
		s.soon()
	case at.until != 0:
		s.soon()
	case s.Spec.Absent == confd.AbsentWait:
		s.sayAbsent()
		s.enter(plain(Absent))
		s.waits = "it to come (absent: wait)"
	default:
		s.absent()
	}
}

// Optional reports whether the process need not have been seen yet. byHand: only the
// operator starts its group.
func (l *Life) Optional(byHand bool) bool { return l.Spec.Absent == confd.AbsentIgnore || byHand }

// whyOptional says which key allows that.
func (l *sight) whyOptional() string {
	if l.Spec.Absent == confd.AbsentIgnore {
		return "nothing (absent: ignore)"
	}
	return "procward start (startup: manual)"
}

// absent treats a process that did not appear within one start-timeout as failed.
func (s *sight) absent() {
	s.sayAbsent()
	s.fail("absent")
	s.lastCause, s.lastDown = "absent", s.Now
	s.plan(restart.Down)
}

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

// inHands does nothing about the process while systemd or the operator is in charge of
// its unit.
func (t *turn) inHands(u Unit) bool {
	if u.Hands == "" {
		return false
	}
	t.say(message.UnitStopped, func(s *message.Message) {
		t.aboutDead(s)
		s.Detail = u.Name + ": " + u.Hands
	})
	t.letGo()
	t.enter(plain(Stopped))
	t.waits = u.Name
	t.soonIfHeralded()
	t.do(Yields{u.Name + ": " + u.Hands})
	return true
}

// soonIfHeralded looks soon for a process that is still missing and whose unit has news.
func (t *turn) soonIfHeralded() {
	if t.Now < t.unit.heralded {
		t.soon()
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

// endedWell reports whether the process ended by itself in a way that is not a failure.
func (l *Life) endedWell() bool {
	return l.Spec.Restart.When == restart.Abnormal && l.event == "exit" && l.Spec.Restart.IsClean(l.verdict())
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

// foundWhileMissing handles a look at a process about which nothing is being done.
func (s *sight) foundWhileMissing() {
	if s.Well() {
		s.creditReturn()
		return
	}
	idle := s.quiet() == ""
	switch state := s.State(); {
	case (state == Climbing || state == GaveUp || state == Held) && s.inHands(s.Unit):
	case state == Stopped && s.Unit.Hands == "" && idle && s.Enough():
		(&ailing{s.turn}).stalled()
	case state == Stopped && s.unitComes():
		s.soon()
	case state == Stopped && s.Unit.Hands == "" && idle:
		s.stoppedNoMore()
	case state == Held && s.HeldBy() == "" && idle:
		s.plan(restart.Down)
	default:
		why := s.waits
		s.enter(s.at)
		s.waits = why
		s.soonIfHeralded()
	}
}

// unitComes reports whether the unit of a missing process is up again, for no longer than
// a start may take: its main process may be another program that starts the wanted one.
func (s *sight) unitComes() bool {
	return s.Unit.Up && s.Now < max(s.unit.heralded, s.Unit.MainStarted+s.Spec.Restart.StartTimeout.D())
}

// stoppedNoMore treats a process as dead that somebody had stopped, if nobody is in
// charge of its unit now. The process that was tracked before has nothing to do with
// that, unless it is the last one that systemd has started.
func (s *sight) stoppedNoMore() {
	if s.event == "" {
		s.enter(&unknown{}) // never seen: absent applies
		s.look()
		return
	}
	if s.event == "exit" && (s.Unit.LastPID == 0 || s.LastDead().PID != s.Unit.LastPID) {
		s.forgetDead()
	}
	s.down()
}

// creditReturn takes a process that is back without procward.
func (s *sight) creditReturn() {
	if s.event == "" {
		s.sayFound(s.news)
		s.endOutage()
		return
	}
	s.say(message.Returned, func(m *message.Message) { m.PID = s.firstPID() })
	s.sayRemains()
	s.letGo()
	s.returned = true
	s.settle()
}
