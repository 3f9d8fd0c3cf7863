package life

import (
	"slices"
	"time"

	"procward/internal/message"
	"procward/restart"
)

// trial is a turn that concerns an attempt.
type trial struct{ *turn }

func (t *trial) told(e Event) {
	switch e := e.(type) {
	case ScriptStarted:
		t.scriptStarted(e)
	case ScriptEnded:
		t.scriptEnded(e)
	case KillEnded:
		t.killEnded(e)
	case EvidenceTaken:
		t.evidenceTaken(e)
	case Turn:
		t.myTurn(e.Barred)
	}
}

// Barred says why a restart that is due must not begin now, as far as this depends on the
// process itself, or nothing.
func (l *Life) Barred(now time.Duration) string {
	switch {
	case l.hanging != 0:
		return "the end of its former script"
	case now < l.remains.undecided:
		return l.remains.why
	case l.evidence != 0:
		return "the evidence of its stall"
	case l.stale():
		return "its signs to be judged again, as the stall was seen before procward was started"
	}
	return ""
}

// Knows reports whether it was told already that its turn is barred, and why.
func (l *Life) Knows(barred string, now time.Duration) bool {
	return barred != "" && l.waits == barred && (l.next != 0 || now >= l.remains.undecided)
}

// myTurn begins the attempt, or its script, that is due, unless something bars it. If the
// last look is older than freshLook it is repeated first.
func (t *trial) myTurn(barred string) {
	if t.hanging != 0 {
		t.do(Stop{t.hanging})
	}
	switch {
	case barred != "":
		if t.Now < t.remains.undecided && t.next == 0 { // who is young when the rest is ended
			t.soon()
		}
		t.waits = barred
	case t.newest.at == 0 || t.Now-t.newest.at > freshLook:
		if !t.newest.blind { // else the next look is on its way
			t.look()
		}
	case t.attempt().ready != 0:
		t.launch()
	default:
		t.start()
	}
}

// start uses an attempt and begins it.
func (t *trial) start() {
	var d restart.Decision
	t.History, d = t.Spec.Restart.Next(t.History, restart.Due, t.cause, t.Now, 0)
	if d.Action != restart.Run {
		t.follow(d)
		return
	}
	t.enter(&restarting{attempt: attempt{number: d.Attempt}})
	t.do(NoLook{})
	if t.Together {
		t.do(RestartGroup{})
		return
	}
	t.launch()
}

// killRounds limits how many times what is left of a process is killed before a script
// runs: what was killed may have left others.
const killRounds = 3

// launch does one restart: what is left is killed if necessary, and looked at again; then
// the script.
func (t *trial) launch() {
	a := t.attempt()
	a.ready = 0
	_, held := t.at.(*inHand)
	r := t.Spec.Restart
	victims := t.remains.toEnd(r.Orphans)
	if !held && (t.event == "count" && a.kills == 0 || t.Stalled() && r.Unit == "") {
		victims = append(victims, t.Tracks()...)
	}
	if len(victims) > 0 && !r.Kill.Never && a.kills < killRounds {
		a.kills++
		a.token, a.script = t.Token(), false
		t.do(Kill{Token: a.token, IDs: victims})
		return
	}
	if !t.Startable() { // by a reload
		t.failed("the configuration no longer says how to restart it")
		return
	}
	a.token, a.script = t.Token(), true
	t.step = 0
	t.beginRestart(t.Now)
	t.do(Run{a.token})
}

// getReady makes a script wait for a look that begins now, and for a slot.
func (t *turn) getReady() {
	t.attempt().ready = t.Now
	t.lookAfresh()
}

// lookAfresh asks for a look that begins now.
func (t *turn) lookAfresh() {
	t.newest.changed, t.newest.at = max(t.newest.changed, t.Now), 0
	t.look()
}

func (t *trial) killEnded(e KillEnded) {
	t.sayAll(SayKilled(t.about(), e.Ended))
	t.expected(e.Ended)
	a := t.attempt()
	if e.Token == 0 || a.token != e.Token {
		return
	}
	a.token, t.remains.found = 0, nil
	stuck := Stuck(e.Ended)
	unkillable := func(e restart.Ended) bool { return e.Outcome == restart.Unkillable }
	_, held := t.at.(*inHand)
	switch {
	case held:
		t.do(Freed{Killed: true, Stuck: stuck})
	case t.quiet() != "":
		t.forget()
	case stuck && !slices.ContainsFunc(e.Ended, unkillable): // it could not be signalled, and may be possible another time
		t.failed("what was left of it could not be ended")
	case stuck:
		t.stuck()
	default:
		t.getReady()
	}
}

// stuck skips the remaining restarts: a process that cannot be killed cannot be replaced.
func (t *trial) stuck() {
	t.say(message.RestartFailed, func(s *message.Message) {
		s.Attempt, s.Attempts = t.attempt().number, t.Spec.Restart.Attempts.String()
		s.Detail = "what was left of it cannot be killed; the remaining restarts are skipped"
	})
	t.plan(restart.Skip)
}

// lostInSettle is a loss before the settle time was over, with no successor.
func (t *trial) lostInSettle() {
	a := *t.attempt()
	grace := t.lastDown + min(graceLost, t.Spec.Restart.StartTimeout.D())
	switch {
	case a.token != 0 && !a.scriptDone: // the script may still start another
		s := &restarting{attempt: a}
		if a.holds { // its timeout does not end it any more
			s.attempt.lost = true
			s.by = max(a.until, t.Now) + t.Spec.Restart.StartTimeout.D()
		}
		t.enter(s)
		t.soon()
	case t.Now < grace:
		a.lost = true
		t.enter(&restarting{attempt: a, by: grace})
		t.soon()
	default:
		t.attempt().lost = true
		t.late()
	}
}

// late ends an attempt whose time is over.
func (t *trial) late() {
	lost := t.attempt().lost
	if lost && t.endedWell() {
		t.plan(restart.Down)
		return
	}
	why := "not found within start-timeout, which is " + t.Spec.Restart.StartTimeout.String()
	if lost {
		why = t.lastCause + " before it was up for settle, which is " + t.Spec.Restart.Settle.String()
	}
	t.failed(why)
}

// failed ends an attempt that did not bring the process back.
func (t *trial) failed(why string) {
	if number := t.attempt().number; number > 0 {
		t.say(message.RestartFailed, func(s *message.Message) {
			s.Attempt, s.Attempts, s.Detail = number, t.Spec.Restart.Attempts.String(), why
		})
	}
	t.newest.at = 0 // before the next one systemd is asked again
	t.plan(restart.Failed)
	if t.hanging != 0 {
		t.do(Stop{t.hanging})
	}
}
