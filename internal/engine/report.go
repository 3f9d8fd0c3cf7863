package engine

import (
	"maps"
	"time"

	"procward/escalate"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// Status is the machine's state as an operator sees it. wall is the wall clock at now.
func (m *Machine) Status(now time.Duration, wall time.Time) Status {
	s := Status{Observe: m.observe, Suspended: m.suspended, Files: m.cfg.Files, Problems: m.cfg.Problems,
		Groups: []GroupStatus{}, Processes: []ProcessStatus{}}
	for _, name := range m.names {
		s.Processes = append(s.Processes, m.processStatus(m.procs[name], now, wall))
	}
	for _, name := range m.monitorNames {
		s.Monitors = append(s.Monitors, m.monitorStatus(m.monitors[name], now, wall))
	}
	s.Breaker = m.breakerStatus()
	for _, name := range sortedKeys(m.cfg.Groups) {
		s.Groups = append(s.Groups, m.groupStatus(name))
	}
	for _, ord := range m.orders {
		s.Orders = append(s.Orders, ord.OrderStatus)
	}
	return s
}

func (m *Machine) processStatus(p *process, now time.Duration, wall time.Time) ProcessStatus {
	out := ProcessStatus{
		Name: p.name, Group: p.spec.Group, State: p.state, Min: p.spec.Match.Count.Min, LastCause: p.lastCause,
		AttemptsUsed: p.spec.Restart.Used(p.history, now), Attempts: p.spec.Restart.Attempts.String(),
		Window: p.spec.Restart.Window.String(), OwnLadder: p.spec.Escalate != nil, Unit: p.unit, WaitsFor: p.waitsFor, Suspended: p.suspended,
		UnreadableNow: len(p.unreadable), Tracked: []TrackedPID{},
	}
	for _, id := range p.tracks() {
		out.Tracked = append(out.Tracked, TrackedPID{ID: id, Comm: p.tracked[id].Comm, Uptime: now - id.Started()})
	}
	if out.WaitsFor == "" && m.alarms.line.Has(p.key) {
		out.WaitsFor = forASlot
	}
	if p.lastDown != 0 {
		at := wall.Add(p.lastDown - now)
		out.LastDown = &at
	}
	if p.isStalled() {
		out.Stalled = inWords(p.stall.sign)
	}
	out.Signs = p.watched.status(now, wall)
	if p.deadline > now {
		in := p.deadline - now
		out.NextIn = &in
	}
	if l := m.ladderOf(p); l.climb.Phase != escalate.Idle {
		out.Rung = m.rungName(l)
		if l.climb.IsPostponed() && out.WaitsFor == "" {
			out.WaitsFor = l.waits
		}
		if l.climb.Phase == escalate.Pausing && p.state == Climbing {
			in := l.climb.Until - now
			out.NextIn = &in
		}
	}
	return out
}

// status is the signs of the present round, by name.
func (a *attention) status(now time.Duration, wall time.Time) []SignStatus {
	all := map[string]sign{}
	for _, name := range append(probe.Names(a.given.Checks), vital.Names(a.given.Vital)...) {
		all[name] = sign{}
	}
	maps.Copy(all, a.signs)
	var out []SignStatus
	for _, name := range sortedKeys(all) {
		s := SignStatus{Name: name, Verdict: all[name].Verdict, Text: all[name].Text}
		if s.Verdict != watch.Pending {
			since := wall.Add(all[name].since - now)
			s.Since = &since
		}
		out = append(out, s)
	}
	return out
}

func (m *Machine) groupStatus(name string) GroupStatus {
	g := GroupStatus{Name: name, Members: m.members(name), State: m.membersState(name)}
	for _, r := range m.cfg.Groups[name].Escalate {
		g.Rungs = append(g.Rungs, r.Name())
	}
	if g.Members == nil {
		g.Members = []string{}
	}
	l := m.ladders["group "+name]
	if l == nil || l.climb.Phase == escalate.Idle {
		return g
	}
	g.State, g.Rung = "climbing", m.rungName(l)
	switch l.climb.Phase {
	case escalate.GivenUp, escalate.Handed:
		g.State = string(l.climb.Phase)
	}
	return g
}

// membersState is how the members of a group are together: down if one of them should be
// up and is not; else up if one is up; else stopped, or absent.
func (m *Machine) membersState(group string) string {
	up, stopped, members := false, false, m.those(m.members(group))
	for _, p := range members {
		switch p.state {
		case Up:
			up = true
		case StoppedBy:
			stopped = true
		case AbsentNow, EndedState:
		default:
			return "down"
		}
	}
	switch {
	case up || len(members) == 0:
		return "up"
	case stopped:
		return "stopped"
	}
	return "absent"
}
