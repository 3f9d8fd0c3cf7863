package life

import (
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
func (s *sight) whyOptional() string {
	if s.Spec.Absent == confd.AbsentIgnore {
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

// endedWell reports whether the process ended by itself in a way that is not a failure.
func (l *Life) endedWell() bool {
	return l.Spec.Restart.When == restart.Abnormal && l.event == "exit" && l.Spec.Restart.IsClean(l.verdict())
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
