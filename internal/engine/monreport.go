package engine

import (
	"cmp"

	"procward/escalate"
	"procward/watch"
)

func (m *Machine) monitorStatus(mon *monitor) MonitorStatus {
	now := m.now
	policy := mon.spec.Policy()
	out := MonitorStatus{
		Name: mon.name, Recover: mon.spec.Recover, State: m.monitorState(mon),
		AttemptsUsed: policy.Used(mon.history, now), Attempts: policy.Attempts.String(), Window: policy.Window.String(),
		WaitsFor: m.unjudged(mon),
	}
	if told := signStatus(&mon.watched, m.at); len(told) > 0 {
		out.Sign = &told[0]
	}
	if out.WaitsFor == "" && mon.putOff {
		out.WaitsFor = mon.skipped
	}
	if mon.deadline > now {
		in := mon.deadline - now
		out.NextIn = &in
	}
	if l := m.ladders["monitor "+mon.name]; l != nil && l.Climb.Phase != escalate.Idle {
		out.Rung = m.rungName(l)
	}
	return out
}

// monitorState is where a monitor stands, in one word.
func (m *Machine) monitorState(mon *monitor) string {
	phase := escalate.Idle
	if l := m.ladders["monitor "+mon.name]; l != nil {
		phase = l.Climb.Phase
	}
	switch {
	case phase == escalate.GivenUp, phase == escalate.Handed:
		return string(phase)
	case mon.recovering:
		return "recovering"
	case phase != escalate.Idle:
		return "exhausted"
	case !mon.watched.On():
		return "not-judged"
	case mon.deadline != 0, mon.need != nil, mon.putOff:
		return "waiting"
	case mon.outage:
		return string(watch.Bad)
	}
	return cmp.Or(string(mon.watched.Verdict()), "pending")
}
