package life

import (
	"procward/internal/message"
	"procward/restart"
	"procward/watch"
)

// turn is one event in progress: its commands are collected in out.
type turn struct {
	*Life
	Env
	out   []Command
	moved bool // the state, or who is tracked, may be another
}

// Next takes an event and returns the commands, in order.
func (l *Life) Next(e Event, env Env) []Command {
	t := &turn{Life: l, Env: env}
	switch e := e.(type) {
	case Lost:
		(&bereft{t}).lost(e.Event)
	case CauseKnown:
		(&bereft{t}).causeKnown(e.Event)
	case Looked:
		(&sight{turn: t, Finding: e.Finding, began: e.Began, of: e.For}).judge()
	case Remembered:
		t.remember(e)
	case Sign:
		(&ailing{t}).sign(e.SignChange)
	case Attend:
		(&ailing{t}).attend()
	case ScriptStarted, ScriptEnded, KillEnded, EvidenceTaken, Turn:
		(&trial{t}).told(e)
	case Due:
		t.due()
	case Restored:
		(&claim{turn: t, s: e.Saved}).all()
	case Take, Drop, LookAfresh, EndScript, Start, Await, Soon, Here, Begun, UnitStops, IsUp, Leave:
		(&taken{t}).told(e)
	default:
		(&asked{t}).told(e)
	}
	if t.moved {
		t.do(Moved{})
	}
	return t.out
}

func (t *turn) do(c Command) { t.out = append(t.out, c) }

// look asks for a look, which begins after this moment.
func (t *turn) look() { t.do(Look{}) }

// soon looks again, quickly at first and then less often.
func (t *turn) soon() { t.pace.soon(t.Now) }

// enter changes the state; what was due in the old one is forgotten.
func (t *turn) enter(s standing) {
	t.at, t.waits, t.pace, t.moved = s, "", pace{}, true
	if rest := s.rest(t.Life); rest != 0 {
		t.next = t.Now + rest
	}
}

// quiet says why nothing may be done about it now, or nothing.
func (t *turn) quiet() string {
	if t.Suspended != "" {
		return t.Suspended
	}
	return t.suspended
}

// letGo ends the present attempt. If a script of it is still running it gives its slot
// back, and must end before another one begins.
func (t *turn) letGo() {
	a := t.attempt()
	if a.token != 0 && a.script {
		t.do(Release{a.token})
		t.hanging = a.token
	}
	*a = attempt{}
}

// forget drops everything: its state is not known.
func (t *turn) forget() {
	t.letGo()
	t.enter(&unknown{})
}

// due does what the time has come for.
func (t *turn) due() {
	if t.next != 0 && t.next <= t.Now {
		t.next = 0
		t.look()
	}
	if at := t.Life.due(); at != 0 && at <= t.Now {
		t.timeOver()
	}
	if at := t.reminds(); at != 0 && at <= t.Now {
		t.stillFinal()
	}
}

// timeOver is the end of the time of a state.
func (t *turn) timeOver() {
	switch s := t.at.(type) {
	case *settling:
		s.until = 0
		t.settleOver(s)
	case *looking: // the cause did not come
		s.causeBy = 0
		t.look()
	case *unknown: // one start-timeout of looking is over
		s.until = 0
		t.look()
	case *restarting:
		s.by = 0
		(&trial{t}).late()
	case *inHand:
		s.by = 0
		t.next = 0
		t.do(Late{})
	}
}

// settle starts the time that the process has to stay up.
func (t *turn) settle() {
	a := *t.attempt()
	a.lost, a.ready = false, 0
	t.bringPast()
	t.recall()
	t.sure, t.stall = true, nil
	until := t.Now + max(t.Spec.Restart.Settle.D(), 1) + t.Lag
	t.enter(&settling{attempt: a, settled: until, until: until})
	t.hold()
}

// hold says to a running script that its target is up: its timeout must not kill it.
func (t *turn) hold() {
	if a := t.attempt(); a.token != 0 && !a.holds {
		a.holds = true
		t.do(SpareScript{a.token})
	}
}

// settleOver is the end of the settle time, or of the patience with a probe after it.
func (t *turn) settleOver(s *settling) {
	if !t.Enough() { // count.min was raised
		t.enter(&looking{attempt: s.attempt})
		t.look()
		return
	}
	t.prove(s)
}

// prove treats it as recovered, unless it is not yet proven to work.
func (t *turn) prove(s *settling) {
	why, until := t.unproved(t.Spec.Checks(), t.Now)
	if why == "" {
		t.recovered(s.attempt)
		return
	}
	t.waits, s.until = why, 0
	if until > t.Now {
		s.until = until
	}
}

// recovered: the process stayed up for its settle time.
func (t *turn) recovered(a attempt) {
	if a.token != 0 && !a.scriptDone {
		t.say(message.ScriptHangs, nil)
	}
	t.say(message.Recovered, func(s *message.Message) {
		s.PID = t.firstPID()
		if t.event != "" { // else it was started because of its group
			s.Took = t.Now - t.since()
		}
		if a.number > 0 {
			s.Attempt, s.Attempts = a.number, t.Spec.Restart.Attempts.String()
		}
		s.Detail = howRecovered(t.returned, t.untold(t.Spec.Checks()))
	})
	t.credit()
	t.endOutage()
	t.counting = true // somebody else may have started it too
	t.look()
}

// credit ends the policy's outage: the process is up.
func (t *turn) credit() { t.policy(restart.Recovered) }

// policy gives the policy an input that needs no decision.
func (t *turn) policy(in restart.Input) {
	t.History, _ = t.Spec.Restart.Next(t.History, in, watch.Cause{}, t.Now, 0)
}

// endOutage: all is well again.
func (t *turn) endOutage() {
	t.letGo()
	t.noOutage()
	t.unit.stopped, t.unit.forgiven = false, false
	t.enter(plain(Up))
	t.do(Well{})
}

// noOutage forgets what was wrong.
func (t *turn) noOutage() {
	t.endJudgement(t.Now)
	t.outage, t.stall = outage{}, nil
}
