package engine

import (
	"strconv"
	"time"

	"procward/escalate"
	"procward/internal/engine/operation"
	"procward/internal/message"
	"procward/restart"
	"procward/watch"
)

// monitorDue does what the time has come for.
func (m *Machine) monitorDue(mon *monitor) {
	if mon == nil || mon.deadline == 0 || mon.deadline > m.now {
		return
	}
	mon.deadline = 0
	m.unsettle(mon)
	switch why := m.against(mon); {
	case why != "":
		m.putOff(mon, why)
	case mon.putOff: // much may have changed since: it is judged afresh
		mon.putOff, mon.watched.Afresh = false, true
	default:
		m.lookBeforeRecovery(mon)
	}
}

// against says why the targets of a monitor must not be restarted now, or nothing: they
// are stopped or given up, or something is being done about them already.
func (m *Machine) against(mon *monitor) string {
	if m.suspended != "" {
		return "suspended: " + m.suspended
	}
	if why := m.targetDown(mon); why != "" {
		return why
	}
	if why := m.unsure(mon, len(m.monitors)); why != "" {
		return why
	}
	for _, name := range mon.targets {
		p := m.procs[name]
		if p == nil {
			continue
		}
		if p.suspended != "" {
			return name + ", which is suspended " + p.suspended
		}
		if m.ops[p.groupKey()] != nil {
			return name + ", whose group is being restarted already"
		}
		if m.ladderOf(p).Climb.Phase == escalate.Acting {
			return name + ", for which a rung is being carried out"
		}
		if dep := m.heldBy(p); dep != "" {
			return "group " + dep + ", which is not up"
		}
	}
	if len(mon.targets) == 0 {
		return mon.spec.Recover + ", which has no members"
	}
	return ""
}

// putOff leaves the targets alone, says so once per reason, and tries again later. During
// a suspension nothing is tried: it is judged afresh after it.
func (m *Machine) putOff(mon *monitor, why string) {
	mon.putOff = true
	m.unsettle(mon)
	if mon.skipped != why {
		mon.skipped = why
		m.sayMonitor(message.MonitorSkipped, mon, func(s *message.Message) { s.Detail = why })
	}
	if m.suspended == "" {
		mon.deadline = m.now + lookMissing
	}
}

// lookBeforeRecovery looks at the targets once: their units may be in the operator's
// hands, and the host may be going down.
func (m *Machine) lookBeforeRecovery(mon *monitor) {
	mon.need, mon.asked, mon.hands = map[string]bool{}, m.now, ""
	for _, name := range mon.targets {
		if p := m.procs[name]; p != nil && p.state == Up {
			mon.need[name] = true
			p.asked = true
			m.wantLook(p)
		}
	}
}

// monitorsLooked takes a look at one target, which began at a time; with the last the
// attempt begins.
func (m *Machine) monitorsLooked(p *process, at time.Duration, f Finding) {
	if !p.asked {
		return
	}
	p.asked = false
	for _, name := range m.monitorNames {
		mon := m.monitors[name]
		if !mon.need[p.name] {
			continue
		}
		if at < mon.asked {
			p.asked = true
			m.wantLook(p)
			continue
		}
		delete(mon.need, p.name)
		if f.Unit.Hands != "" {
			mon.hands = f.Unit.Name + ": " + f.Unit.Hands
		}
		if len(mon.need) == 0 {
			mon.need = nil
			m.recover(mon)
		}
	}
}

// recover spends an attempt of the monitor, and restarts its targets.
func (m *Machine) recover(mon *monitor) {
	why := m.against(mon)
	if why == "" {
		why = mon.hands
	}
	if why != "" {
		m.putOff(mon, why)
		return
	}
	m.touchMonitor(mon)
	var d restart.Decision
	mon.history, d = mon.spec.Policy().Next(mon.history, restart.Due, watch.Cause{}, m.now, 0)
	if d.Action != restart.Run {
		m.planMonitor(mon, restart.Failed)
		return
	}
	mon.tried = d.Attempt
	m.sayRecover(mon, d.Attempt)
	m.operate(mon, &operation.Operation{})
}

// operate begins an operation on the targets of a monitor.
func (m *Machine) operate(mon *monitor, op *operation.Operation) {
	op.Monitor, op.Group = mon.name, mon.spec.Recover
	if p := m.procs[mon.spec.Recover]; p != nil {
		op.Group, op.Alone, op.Members = p.spec.Group, true, []string{p.name}
	}
	mon.recovering = true
	m.unsettle(mon)
	m.beginOp(op)
}

// recoveryEnded lets a monitor be judged afresh after the restart of its targets.
func (m *Machine) recoveryEnded(mon *monitor) {
	mon.recovering, mon.putOff = false, false
	m.unsettle(mon)
}

func (m *Machine) sayRecover(mon *monitor, attempt int) {
	m.sayMonitor(message.MonitorRecover, mon, func(s *message.Message) {
		s.Attempt, s.Attempts, s.Observed = attempt, mon.spec.Attempts.String(), m.observe
		s.Detail = "restart of " + mon.spec.Recover
	})
}

// targetKey is what operations on the targets of a monitor exclude each other on.
func (m *Machine) targetKey(mon *monitor) string {
	if p := m.procs[mon.spec.Recover]; p != nil {
		return p.groupKey()
	}
	return "group " + mon.spec.Recover
}

// monitorEnvironment is what the hook of a monitor is told.
func (m *Machine) monitorEnvironment(mon *monitor, extra map[string]string) map[string]string {
	p := m.procs[mon.spec.Recover]
	if p == nil {
		p = &process{}
		p.spec.Group = mon.spec.Recover
	}
	env := m.environment(p, extra, "hook")
	env["PROCWARD_MONITOR"] = mon.name
	env["PROCWARD_CAUSE"] = mon.inWords()
	env["PROCWARD_EXIT_CODE"], env["PROCWARD_EXIT_SIGNAL"], env["PROCWARD_PID"] = "", "", ""
	env["PROCWARD_ATTEMPT"] = strconv.Itoa(mon.spec.Policy().Used(mon.history, m.now))
	env["PROCWARD_ATTEMPTS"] = mon.spec.Policy().Attempts.String()
	return env
}

// inWords is why the monitor is bad.
func (mon *monitor) inWords() string {
	words := "monitor " + mon.name
	if mon.sign.Text != "" {
		words += ": " + mon.sign.Text
	}
	return words
}
