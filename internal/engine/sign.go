package engine

import (
	"slices"
	"strings"

	"procward/internal/message"
	"procward/watch"
	"procward/watch/probe"
)

// sensed takes verdicts that have changed. Those of an older round are out of date.
func (m *Machine) sensed(in Sensed) {
	for _, s := range in.Signs {
		if p := m.procs[s.Target]; p != nil && p.watched.hears(s) {
			m.processSign(p, s)
		} else if mon := m.monitors[s.Target]; mon != nil && mon.watched.hears(s) {
			m.monitorSign(mon, s)
		}
	}
}

func (m *Machine) processSign(p *process, s watch.Sign) {
	about := func(msg *message.Message) { aboutSign(s, msg) }
	if s.Slow {
		m.say(message.ProbeSlow, p, about)
		return
	}
	known := p.isStalled()
	old := p.watched.take(s)
	if kind := signKind(old, s, known); kind != nil && !p.watched.passing(old, s) {
		m.say(kind, p, about)
	}
	switch {
	case s.Report && p.stale() && p.stall.sign.Name == s.Name:
		m.unstall(p) // meanwhile it is only reported
	case s.Report:
	case s.Verdict == watch.Bad && known:
		m.stillBad(p)
	case s.Verdict == watch.Bad && !known:
		m.suspect(p, s)
	case s.Verdict == watch.OK && known && p.healed():
		m.unstall(p)
	}
	if p.state == Settling && p.settledAt <= m.now {
		m.settled(p)
	}
}

// passing says that a sign which is no probe's only begins to fail, or has ceased to
// before it was bad: a limit that is passed for a moment is no news.
func (a *attention) passing(old sign, s watch.Sign) bool {
	if slices.Contains(probe.Names(a.given.Checks), s.Name) {
		return false
	}
	return s.Verdict == watch.Failing || s.Verdict == watch.OK && old.Verdict == watch.Failing && !old.bad
}

// signKind is the message that a change of a verdict calls for, or nil. What is bad and
// makes a stall has a message of its own after the look.
func signKind(old sign, s watch.Sign, stalled bool) *message.Kind {
	if old.Verdict == s.Verdict {
		return nil
	}
	switch s.Verdict {
	case watch.OK:
		if old.Verdict != watch.Pending {
			return message.ProbeOK
		}
	case watch.Failing:
		return message.ProbeFailed
	case watch.Blind:
		return message.ProbeUnknown
	case watch.Bad:
		if s.Report || stalled {
			return message.ProbeBad
		}
	}
	return nil
}

func aboutSign(s watch.Sign, m *message.Message) {
	m.Probe, m.PID, m.Detail, m.Output, m.Took = s.Name, s.PID, s.Text, s.Output, s.Took
}

// inWords is a sign as the cause of a restart.
func inWords(s watch.Sign) string {
	return strings.TrimSuffix("stalled: "+s.Name+": "+s.Text, ": ")
}
