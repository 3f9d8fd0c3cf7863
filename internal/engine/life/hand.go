package life

import (
	"procward/escalate"
)

// taken is a turn in which an operation says something.
type taken struct{ *turn }

func (t *taken) told(e Event) {
	switch e := e.(type) {
	case Take:
		t.take(e.Hand)
	case Drop:
		number := t.attempt().number
		if t.letGo(); e.Keep {
			t.attempt().number = number
		}
	case LookAfresh:
		t.lookAfresh()
	case EndScript:
		if a := t.attempt(); a.script && a.token != 0 {
			t.do(Stop{a.token})
		}
	case Start:
		t.getReady()
	case Await:
		t.await()
	case Soon:
		t.soon()
	case Here:
		t.here()
	case Begun:
		t.beginRestart(t.Now)
	case UnitStops:
		t.unit.stopped = e.Restart
	case IsUp:
		if t.sure {
			t.settle()
		} else {
			t.endOutage()
		}
	case Leave:
		t.leave(e)
	}
}

// take: the operation takes it; an attempt in progress goes on.
func (t *taken) take(h Hand) {
	if h.Starts {
		t.stopped = ""
	}
	a := *t.attempt()
	waits := t.waits
	if t.State() != Restarting {
		waits = ""
	}
	t.enter(&inHand{Hand: h, attempt: a})
	t.waits = waits
}

// await looks for it within start-timeout, because it should be coming up.
func (t *taken) await() {
	if at, is := t.at.(*inHand); is {
		at.by = t.Now + t.Spec.Restart.StartTimeout.D()
	}
	t.step = 0
	t.look()
}

// here: a process is there that was waited for, or about to be started.
func (t *taken) here() {
	if at, is := t.at.(*inHand); is {
		at.attempt.ready, at.by, t.next = 0, 0, 0
		t.hold()
	}
}

// leave decides its state after an operation: if it is up it settles, if not it has
// failed.
func (t *taken) leave(e Leave) {
	switch {
	case t.Well() && !e.Stops:
		t.settle()
	case e.Stops && e.By != "":
		t.stop()
	case t.quiet() != "":
		t.forget()
	case e.Stops:
		t.letGo()
		t.sure = true
		if t.event == "" {
			t.event, t.died = "escalate", t.Now
		}
		t.enter(plain(Climbing))
		if e.Monitor != "" { // no ladder of its own is climbed
			t.enter(plain(GaveUp))
		}
	case e.Payer && e.Stuck:
		(&trial{t.turn}).stuck()
	case e.Payer:
		(&trial{t.turn}).late()
	case t.History.Exhausted:
		t.letGo()
		t.rest()
	default: // it was well before the operation, and is not there after it
		if t.event == "" {
			t.event, t.died = "absent", t.Now
		}
		t.enter(&looking{attempt: *t.attempt()})
		t.look()
	}
}

// stop puts the operator in charge: what was wrong with it is over, and the remaining
// rungs are cancelled.
func (t *taken) stop() {
	t.letGo()
	if t.hanging != 0 {
		t.do(Stop{t.hanging})
	}
	for _, id := range t.Tracks() {
		t.untrack(id)
	}
	t.credit()
	t.noOutage()
	t.enter(plain(Stopped))
	t.next, t.waits = 0, "procward start; stopped "+t.stopped
	t.do(NoLook{})
	t.do(Yields{t.Name + ": stopped " + t.stopped})
}

// rest puts an exhausted process into the state of its ladder.
func (t *taken) rest() {
	switch t.Phase() {
	case escalate.Idle:
		t.climb()
	case escalate.GivenUp:
		t.enter(plain(GaveUp))
	case escalate.Handed:
		t.enter(plain(Handed))
	default:
		t.enter(plain(Climbing))
	}
}
