package life

import (
	"reflect"

	"procward/internal/message"
	"procward/restart"
)

// asked is a turn in which the operator, a ladder, the configuration or the host says
// something.
type asked struct{ *turn }

func (t *asked) told(e Event) {
	switch e := e.(type) {
	case Freeze:
		if t.interruptible() && !(e.Own && t.State() == Climbing) {
			t.forget()
		}
	case Configured:
		t.configured(e)
	case UnitMoved:
		t.unitMoved()
	case LookAgain:
		t.lookAgain()
	case Suspend:
		t.suspend(e.By)
	case Resume:
		t.resume(e.By)
	case GiveBack:
		t.policy(restart.GiveBack)
	case Recover:
		t.recover()
	case ToStop:
		t.stopped = "by " + e.By
	case GiveUp:
		if t.State() == Climbing {
			t.enter(plain(GaveUp))
		}
	case HandOver:
		if _, held := t.at.(*inHand); t.Required() && !t.Well() && !held {
			t.letGo()
			t.enter(plain(Handed))
		}
	case TryAgain:
		if t.State() == GaveUp {
			t.policy(restart.GiveBack)
			t.enter(&looking{})
			t.look()
		}
	case HoldBack:
		t.held(e.Group)
	case Climb:
		t.climb()
	}
}

func (t *asked) lookAgain() {
	if u, is := t.at.(*unknown); is {
		u.sought, t.step, t.waits = false, 0, ""
		t.look()
	}
}

func (t *asked) suspend(by string) {
	if t.suspended != "" {
		return
	}
	t.suspended = "by " + by
	t.say(message.Suspended, func(s *message.Message) { s.Detail = t.suspended })
	switch t.State() {
	case GaveUp, Handed, Stopped: // which a suspension of it alone does not change
	default:
		if t.interruptible() {
			t.forget()
		}
	}
}

func (t *asked) resume(by string) {
	if t.suspended == "" {
		return
	}
	t.suspended = ""
	t.say(message.Resumed, func(s *message.Message) { s.Detail = "by " + by })
	if t.State() == Unknown {
		t.lookAgain()
		return
	}
	t.look()
}

// recover begins again with what was given up, or has ended for good: the operator has
// removed the cause, and its end does not count any more.
func (t *asked) recover() {
	switch t.State() {
	case Final:
		t.fail("manual")
		for i := range t.dead {
			t.dead[i].past = true
		}
	case GaveUp, Handed, Climbing, Ended:
	default:
		return
	}
	t.again()
}

// again looks at it again, as after a loss.
func (t *asked) again() {
	t.enter(&looking{})
	t.newest.at = 0
	t.look()
}

// configured puts a spec in force.
func (t *asked) configured(e Configured) {
	old := t.Spec
	t.Spec, t.moved = e.Spec, true
	t.digest = digest(e.Spec.Match)
	if !reflect.DeepEqual(old.Match, e.Spec.Match) {
		t.rematch = true
		t.look()
	}
}

// unitMoved looks at once for a process whose unit systemd has started, stopped or
// restarted, and often for a while: a unit may be active before its program runs.
func (t *asked) unitMoved() {
	t.unit.heralded = t.Now + t.Spec.Restart.StartTimeout.D()
	t.step = 0
	if state := t.State(); state != Up && state != Settling || !t.Enough() {
		t.newest.changed = max(t.newest.changed, t.Now) // a look under way may have asked before the news
		t.look()
	}
}
