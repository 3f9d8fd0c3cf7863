package life

import (
	"time"

	"procward/internal/message"
	"procward/restart"
)

func (t *trial) scriptStarted(e ScriptStarted) {
	a := t.attempt()
	if a.token != e.Token || a.started {
		return
	}
	a.started, a.until = true, t.Now+t.Spec.Restart.Timeout.D()
	t.sayRestart(e.At)
	t.soon()
}

func (t *trial) sayRestart(at time.Duration) {
	number := t.attempt().number
	if number == 0 {
		return // a start by a rung or a strategy is no attempt
	}
	t.say(message.Restart, func(s *message.Message) {
		s.Attempt, s.Attempts = number, t.Spec.Restart.Attempts.String()
		s.Took = max(at-t.wokeAt(), 0)
	})
}

func (t *trial) evidenceTaken(e EvidenceTaken) {
	t.sayAll(SayEvidence(t.about(), e))
	t.expected(e.Ended)
	if t.evidence == e.Token {
		t.evidence = 0
		t.do(Cleared{})
	}
}

// scriptEnded takes the end of the restart script, or of the restart of the unit.
func (t *trial) scriptEnded(e ScriptEnded) {
	a := t.attempt()
	mine := a.token == e.Token
	_, held := t.at.(*inHand)
	if e.Lack && mine && !a.started && !held && a.number > 0 {
		t.unstarted(e.Outcome)
		return
	}
	former := t.hanging == e.Token
	if quiet := e.Conflict && (!held || former); !e.OK && !quiet {
		t.say(message.ScriptFailed, func(s *message.Message) { s.Detail, s.Output = e.Words, e.Output })
	}
	if former {
		t.hanging = 0 // the next one may begin
	}
	if former || !mine {
		return
	}
	if !a.started {
		a.started = true
		t.sayRestart(0)
	}
	a.token, a.scriptDone = 0, true
	if e.Conflict && !held {
		t.inHands(Unit{Name: t.Spec.Restart.Unit, Hands: e.Words})
		return
	}
	t.awaitAfterScript()
}

// awaitAfterScript looks for what the script has started, for one start-timeout.
func (t *trial) awaitAfterScript() {
	until := t.Now + t.Spec.Restart.StartTimeout.D()
	switch at := t.at.(type) {
	case *inHand: // the operation goes on
		t.do(Freed{})
		return
	case *restarting:
		at.by = until
	default:
		return
	}
	t.step = 0
	t.look()
}

// unstarted gives back an attempt whose script could not be started because procward
// itself lacks what that needs: descriptors, processes, memory. An attempt is used when
// its script has started, and a lack of procward must not use up attempts.
func (t *trial) unstarted(out Outcome) {
	t.say(message.Unstarted, func(s *message.Message) {
		s.Attempt, s.Attempts, s.Detail = t.attempt().number, t.Spec.Restart.Attempts.String(), out.Words
	})
	t.attempt().token, t.newest.at = 0, 0 // it may have come back before the next try
	t.plan(restart.Unstarted)
}
