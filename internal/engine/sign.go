package engine

import (
	"procward/internal/engine/signs"
	"procward/internal/message"
	"procward/watch"
)

// sensed takes verdicts that have changed. Those of an older round are out of date.
func (m *Machine) sensed(in Sensed) {
	for _, s := range in.Signs {
		if p := m.procs[s.Target]; p != nil && p.watched.Hears(s) {
			m.processSign(p, s)
		} else if mon := m.monitors[s.Target]; mon != nil && mon.watched.Hears(s) {
			m.monitorSign(mon, s)
		}
		m.deliver()
	}
}

func (m *Machine) processSign(p *process, s watch.Sign) {
	about := func(msg *message.Message) { signs.About(s, msg) }
	if s.Slow {
		m.say(message.ProbeSlow, p, about)
		return
	}
	known := p.isStalled()
	old := p.watched.Take(s)
	if kind := signs.Kind(old, s, known); kind != nil && !p.watched.Passing(old, s) {
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
