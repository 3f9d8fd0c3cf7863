package engine

import (
	"reflect"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/signs"
	"procward/internal/message"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
)

// monitor is what the machine knows of one entry under monitors:.
type monitor struct {
	name    string
	spec    confd.Monitor
	targets []string // the processes that it restarts, in the order of starts
	watched signs.Attention
	history restart.History

	// Of the present outage, from the first time that it was bad until it is ok again.
	outage     bool
	sign       watch.Sign // that was bad last
	tried      int        // the attempt whose success is not known yet, or 0
	deadline   time.Duration
	need       map[string]bool // targets whose look is awaited before an attempt
	asked      time.Duration   // when the looks were asked for: older ones do not do
	hands      string          // why the looks speak against it
	skipped    string          // why the attempt is put off, as it was said last
	putOff     bool            // the attempt is put off now
	recovering bool            // the operation on its targets is under way
}

// configureMonitors puts the monitors of a configuration in force.
func (m *Machine) configureMonitors(cfg *confd.Config) {
	for name, mon := range m.monitors {
		if _, stays := cfg.Monitors[name]; !stays {
			m.attend(mon.watched.Leave(name))
			delete(m.monitors, name)
			m.touchMonitor(mon)
			m.touchLadder(m.monitorLadder(mon))
			delete(m.ladders, "monitor "+name)
		}
	}
	m.monitorNames = sortedKeys(cfg.Monitors)
	for _, name := range m.monitorNames {
		spec := cfg.Monitors[name]
		mon := m.monitors[name]
		if mon == nil {
			mon = &monitor{name: name}
			m.monitors[name] = mon
			m.touchMonitor(mon)
		}
		before, targets := mon.spec, mon.targets
		mon.spec, mon.targets = spec, m.relations.targets(cfg, spec)
		m.unsettle(mon)
		if mon.need != nil || mon.outage && !reflect.DeepEqual(targets, mon.targets) || mon.outage && !reflect.DeepEqual(before, spec) {
			mon.need, mon.deadline, mon.watched.Afresh = nil, 0, true
		}
	}
}

// attendMonitors fits what is watched to what the targets and the needed monitors have
// come to in this step.
func (m *Machine) attendMonitors() {
	if len(m.unsettled) == 0 {
		return
	}
	names := sortedKeys(m.unsettled)
	m.unsettled = emptied(m.unsettled)
	for _, name := range names {
		mon := m.monitors[name]
		if mon == nil {
			continue
		}
		m.mark(keyMonitor + name)
		if m.unjudged(mon) != "" {
			if !mon.recovering {
				mon.need, mon.deadline, mon.putOff = nil, 0, false
			}
			m.attend(mon.watched.Later(name, []probe.Check{mon.spec.Check}, m.now, m.nextRound))
			continue
		}
		m.attend(mon.watched.Watch(signs.Watch{Target: name, Checks: []probe.Check{mon.spec.Check}}, m.now, m.nextRound))
	}
}

// unjudged says why the monitor is not judged at the moment, or nothing.
func (m *Machine) unjudged(mon *monitor) string {
	if mon.recovering {
		return "the restart of " + mon.spec.Recover
	}
	if why := m.targetDown(mon); mon.spec.When == confd.WhenUp && why != "" {
		return why
	}
	if name := m.needed(mon, len(m.monitors)); name != "" {
		return "monitor " + name + " to be ok"
	}
	return ""
}

// needed is a bad monitor that this one needs, also through others, or empty.
func (m *Machine) needed(mon *monitor, depth int) string {
	for _, name := range mon.spec.Needs {
		need := m.monitors[name]
		if need == nil || depth == 0 {
			continue
		}
		if need.outage || need.watched.Reported() {
			return name
		}
		if further := m.needed(need, depth-1); further != "" {
			return further
		}
	}
	return ""
}

// targetDown says which target is not up, or nothing. One that need not be there does not
// count, unless none is up.
func (m *Machine) targetDown(mon *monitor) string {
	up, last := false, ""
	for _, name := range mon.targets {
		p := m.procs[name]
		if p == nil {
			continue
		}
		last = name + ", which is " + string(p.state)
		switch p.state {
		case AbsentNow, EndedState, StoppedBy:
		case Up:
			up = true
		default:
			return last
		}
	}
	if up || last == "" {
		return ""
	}
	return last
}

// monitorSign takes a verdict on a monitor.
func (m *Machine) monitorSign(mon *monitor, s watch.Sign) {
	about := func(msg *message.Message) { signs.About(s, msg) }
	if s.Slow {
		m.sayMonitor(message.ProbeSlow, mon, about)
		return
	}
	old := mon.watched.Take(s)
	if old.Verdict == s.Verdict {
		return
	}
	m.unsettle(mon) // others may need it
	switch {
	case s.Verdict == watch.OK:
		m.monitorOK(mon, old, s)
	case s.Verdict == watch.Bad && s.Report:
		m.sayMonitor(message.ProbeBad, mon, about)
	case s.Verdict == watch.Bad:
		m.monitorBad(mon, s)
	case !mon.outage:
		m.sayMonitor(signs.Kind(old, s, false), mon, about)
	}
}

// monitorBad takes a check that is bad: for the first time, or after a restart.
func (m *Machine) monitorBad(mon *monitor, s watch.Sign) {
	mon.sign = s
	m.touchMonitor(mon)
	if !mon.outage {
		m.sayMonitor(message.MonitorFailed, mon, func(msg *message.Message) {
			signs.About(s, msg)
			if m.suspended != "" {
				msg.Detail = strings.TrimPrefix(msg.Detail+"; suspended: "+m.suspended, "; ")
			}
		})
	}
	first := !mon.outage
	mon.outage = true
	if m.suspended != "" {
		return
	}
	if l := m.monitorLadder(mon); l.Climb.Phase != escalate.Idle {
		m.climb(l, climb.Judge{})
		return
	}
	in := restart.Down
	if mon.tried > 0 {
		m.sayMonitor(message.MonitorNoHelp, mon, func(msg *message.Message) {
			msg.Attempt, msg.Attempts, msg.Detail = mon.tried, mon.spec.Attempts.String(), s.Text
		})
		in, mon.tried = restart.Failed, 0
	}
	if m.observe {
		if first && mon.spec.Recover != "" {
			m.sayRecover(mon, 1)
		}
		return
	}
	if why := m.unsure(mon, len(m.monitors)); why != "" {
		m.putOff(mon, why)
		return
	}
	m.planMonitor(mon, in)
}

// unsure says which monitor that this one needs, also through others, has begun to fail or
// not told anything yet, or nothing: it may be the cause, and be told a moment later.
func (m *Machine) unsure(mon *monitor, depth int) string {
	for _, name := range mon.spec.Needs {
		need := m.monitors[name]
		if need == nil || depth == 0 {
			continue
		}
		if need.watched.On() {
			switch need.watched.Verdict() {
			case watch.Failing:
				return "monitor " + name + ", which fails"
			case watch.Pending:
				if m.now < need.watched.Since+signs.Longest(need.spec.Check) {
					return "monitor " + name + ", which has not told anything yet"
				}
			}
		}
		if further := m.unsure(need, depth-1); further != "" {
			return further
		}
	}
	return ""
}

// planMonitor asks the policy what follows.
func (m *Machine) planMonitor(mon *monitor, in restart.Input) {
	m.touchMonitor(mon)
	var d restart.Decision
	mon.history, d = mon.spec.Policy().Next(mon.history, in, watch.Cause{}, m.now, 0)
	switch d.Action {
	case restart.Wait:
		mon.deadline = d.At
	case restart.Exhaust:
		m.sayMonitor(message.Exhausted, mon, func(s *message.Message) {
			if mon.spec.Recover != "" {
				s.Attempts = mon.spec.Attempts.String()
			}
		})
		m.climb(m.monitorLadder(mon), climb.Exhausted{})
	case restart.Nothing:
		m.climb(m.monitorLadder(mon), climb.Exhausted{})
	}
}

// monitorOK takes a check that succeeds: what was going on for it ends.
func (m *Machine) monitorOK(mon *monitor, old signs.Sign, s watch.Sign) {
	m.touchMonitor(mon)
	mon.deadline, mon.need, mon.tried, mon.skipped, mon.putOff = 0, nil, 0, "", false
	if !mon.outage {
		if kind := signs.Kind(old, s, false); kind != nil {
			m.sayMonitor(kind, mon, func(msg *message.Message) { signs.About(s, msg) })
		}
		return
	}
	mon.outage = false
	m.sayMonitor(message.MonitorOK, mon, func(msg *message.Message) { msg.Detail = s.Text })
	mon.history, _ = mon.spec.Policy().Next(mon.history, restart.Recovered, watch.Cause{}, m.now, 0)
	m.climb(m.monitorLadder(mon), climb.Settled{})
}

// sayMonitor sends a message about a monitor.
func (m *Machine) sayMonitor(kind *message.Kind, mon *monitor, fill func(*message.Message)) {
	if kind == nil {
		return
	}
	m.say(kind, nil, func(s *message.Message) {
		s.Monitor = mon.name
		if fill != nil {
			fill(s)
		}
	})
}
