package engine

import (
	"cmp"

	"procward/escalate"
	"procward/internal/engine/signs"
	"procward/watch"
)

// Page is a part of the status: nobody waits for the whole of it on a host with ten
// thousand entries. What it says about one entry is from one moment; on a host with fewer
// entries than one part, everything is from one moment.
type Page struct {
	Status Status // as far as it is reported

	begun                       bool
	processes, monitors, groups []string // that are still to come
}

// Last reports whether nothing is to come.
func (g Page) Last() bool { return g.begun && len(g.processes)+len(g.monitors)+len(g.groups) == 0 }

// onePart is how many entries are reported at a time: some hundred microseconds.
const onePart = 256

// report is the desk of what is shown.
type report struct{ *Machine }

// page is the page after another one.
func (m report) page(g Page) Page {
	if !g.begun {
		g = m.firstPage()
	}
	room := onePart
	next := func(of *[]string) (names []string) {
		n := min(len(*of), room)
		names, *of, room = (*of)[:n], (*of)[n:], room-n
		return names
	}
	for _, p := range m.those(next(&g.processes)) { // one may have gone with a reload
		g.Status.Processes = append(g.Status.Processes, m.processStatus(p))
	}
	for _, name := range next(&g.monitors) {
		if mon := m.monitors.all[name]; mon != nil {
			g.Status.Monitors = append(g.Status.Monitors, m.monitorStatus(mon))
		}
	}
	for _, name := range next(&g.groups) {
		if _, is := m.cfg.Groups[name]; is {
			g.Status.Groups = append(g.Status.Groups, m.groupStatus(name))
		}
	}
	return g
}

func (m report) firstPage() Page {
	g := Page{begun: true, processes: m.names, monitors: m.monitors.names, groups: sortedKeys(m.cfg.Groups)}
	g.Status = Status{Observe: m.observe, Suspended: m.suspended, Files: m.cfg.Files, Problems: m.cfg.Problems,
		Groups: []GroupStatus{}, Processes: make([]ProcessStatus, 0, len(m.names)), Breaker: m.breakerStatus()}
	for _, ord := range m.operator.orders {
		g.Status.Orders = append(g.Status.Orders, ord.Status)
	}
	return g
}

func (m report) processStatus(p *process) ProcessStatus {
	now, wall, view := m.now, m.at.Wall, p.View()
	out := ProcessStatus{
		Name: p.Name, Group: p.Spec.Group, State: m.shown(p), Optional: p.Optional(m.operator.byHand(p)), Min: p.Spec.Match.Count.Min, LastCause: view.LastCause,
		AttemptsUsed: p.Spec.Restart.Used(p.History, now), Attempts: p.Spec.Restart.Attempts.String(),
		Window: p.Spec.Restart.Window.String(), OwnLadder: p.Spec.Escalate != nil, Unit: view.Unit, WaitsFor: view.Waits, Suspended: view.Suspended,
		UnreadableNow: view.Unreadable, Tracked: []TrackedPID{},
	}
	for _, id := range p.Tracks() {
		q, _ := p.Tracked(id)
		out.Tracked = append(out.Tracked, TrackedPID{ID: id, Comm: q.Comm, Uptime: now - id.Started()})
	}
	if out.WaitsFor == "" && m.alarms.line.Has(p.key) {
		out.WaitsFor = forASlot
	}
	if view.LastDown != 0 {
		at := wall.Add(view.LastDown - now)
		out.LastDown = &at
	}
	out.Stalled = p.StallInWords()
	out.Signs = signStatus(&p.Signs, m.at)
	if view.Due > now {
		in := view.Due - now
		out.NextIn = &in
	}
	if l := m.ladders.of(p); l.Climb.Phase != escalate.Idle {
		out.Rung = m.ladders.rungName(l)
		out.WaitsFor = cmp.Or(out.WaitsFor, l.WaitsFor())
		if l.Climb.Phase == escalate.Pausing && p.State() == Climbing {
			in := l.Climb.Until - now
			out.NextIn = &in
		}
	}
	return out
}

// shown is the state of a process in the words of an operator.
func (m report) shown(p *process) State {
	switch {
	case p.State() == FinalState:
		return GaveUp
	case p.State() == Unknown && (m.suspended != "" || p.View().Suspended != ""):
		return SuspendedState
	case p.op != nil && p.op.StopOnly && p.State() == Restarting:
		return StoppingState
	case p.op != nil && p.op.StartOnly && p.State() == Restarting:
		return StartingState
	}
	return p.State()
}

// signStatus is the signs of the present round, by name.
func signStatus(a *signs.Attention, now Moment) []SignStatus {
	var out []SignStatus
	for _, name := range a.Names() {
		sign := a.Of(name)
		s := SignStatus{Name: name, Verdict: sign.Verdict, Text: sign.Text}
		if s.Verdict != watch.Pending {
			since := now.Wall.Add(sign.Since - now.Uptime)
			s.Since = &since
		}
		out = append(out, s)
	}
	return out
}

func (m report) groupStatus(name string) GroupStatus {
	g := GroupStatus{Name: name, Members: m.members(name), State: m.membersState(name)}
	for _, r := range m.cfg.Groups[name].Escalate {
		g.Rungs = append(g.Rungs, r.Name())
	}
	if g.Members == nil {
		g.Members = []string{}
	}
	l := m.ladders.all["group "+name]
	if l == nil || l.Climb.Phase == escalate.Idle {
		return g
	}
	g.State, g.Rung = "climbing", m.ladders.rungName(l)
	switch l.Climb.Phase {
	case escalate.GivenUp, escalate.Handed:
		g.State = string(l.Climb.Phase)
	}
	return g
}

// membersState is the state of the members of a group together: down if one of them
// should be up and is not; else suspended if one is and is not there; else up if one is
// up; else stopped, or absent.
func (m report) membersState(group string) string {
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
