package engine

import (
	"maps"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// Status is the machine's state as an operator sees it. wall is the wall clock at now.
func (m *Machine) Status(now time.Duration, wall time.Time) Status {
	r := m.report()
	for r.more(m, now, wall) {
	}
	return r.status
}

// report is a status that is written a part at a time: nobody waits for the whole of it on a
// host with ten thousand entries. What it says of each entry is of one moment; a host
// with fewer than one part is of one moment altogether.
type report struct {
	status                      Status
	processes, monitors, groups []string // that are still to come
}

// onePart is how many entries are told of at a time: some hundred microseconds.
const onePart = 256

func (m *Machine) report() *report {
	r := &report{processes: m.names, monitors: m.monitorNames, groups: sortedKeys(m.cfg.Groups)}
	r.status = Status{Observe: m.observe, Suspended: m.suspended, Files: m.cfg.Files, Problems: m.cfg.Problems,
		Groups: []GroupStatus{}, Processes: make([]ProcessStatus, 0, len(m.names)), Breaker: m.breakerStatus()}
	for _, ord := range m.orders {
		r.status.Orders = append(r.status.Orders, ord.OrderStatus)
	}
	return r
}

// more writes the next part and says whether there is another.
func (r *report) more(m *Machine, now time.Duration, wall time.Time) bool {
	room := onePart
	next := func(of *[]string) (name string, ok bool) {
		if len(*of) == 0 || room == 0 {
			return "", false
		}
		name, *of = (*of)[0], (*of)[1:]
		room--
		return name, true
	}
	for name, ok := next(&r.processes); ok; name, ok = next(&r.processes) {
		if p := m.procs[name]; p != nil { // it may have gone with a reload
			r.status.Processes = append(r.status.Processes, m.processStatus(p, now, wall))
		}
	}
	for name, ok := next(&r.monitors); ok; name, ok = next(&r.monitors) {
		if mon := m.monitors[name]; mon != nil {
			r.status.Monitors = append(r.status.Monitors, m.monitorStatus(mon, now, wall))
		}
	}
	for name, ok := next(&r.groups); ok; name, ok = next(&r.groups) {
		if _, is := m.cfg.Groups[name]; is {
			r.status.Groups = append(r.status.Groups, m.groupStatus(name))
		}
	}
	return len(r.processes)+len(r.monitors)+len(r.groups) > 0
}

func (m *Machine) processStatus(p *process, now time.Duration, wall time.Time) ProcessStatus {
	out := ProcessStatus{
		Name: p.name, Group: p.spec.Group, State: m.shown(p), Optional: m.optional(p), Min: p.spec.Match.Count.Min, LastCause: p.lastCause,
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

// shown is the state of a process in the words of an operator.
func (m *Machine) shown(p *process) State {
	switch {
	case p.state == FinalState:
		return GaveUp
	case p.state == Unknown && m.suspends(p) != "":
		return SuspendedState
	case p.op != nil && p.op.stopOnly && p.state == Restarting:
		return StoppingState
	case p.op != nil && p.op.startOnly && p.state == Restarting:
		return StartingState
	}
	return p.state
}

// optional says that nobody minds that the process has not been seen yet.
func (m *Machine) optional(p *process) bool {
	return p.spec.Absent == confd.AbsentIgnore || m.byHand(p)
}

// whyOptional says which key it is that allows it.
func (m *Machine) whyOptional(p *process) string {
	if p.spec.Absent == confd.AbsentIgnore {
		return "nothing (absent: ignore)"
	}
	return "procward start (startup: manual)"
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
// up and is not; else suspended if one is that is not there; else up if one is up; else
// stopped, or absent.
func (m *Machine) membersState(group string) string {
	up, suspended, stopped, members := false, false, false, m.those(m.members(group))
	for _, p := range members {
		switch m.shown(p) {
		case Up:
			up = true
		case SuspendedState:
			suspended = true
		case StoppedBy:
			stopped = true
		case AbsentNow, EndedState:
		default:
			return "down"
		}
	}
	switch {
	case suspended:
		return "suspended"
	case up || len(members) == 0:
		return "up"
	case stopped:
		return "stopped"
	}
	return "absent"
}
