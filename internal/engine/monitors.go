package engine

import (
	"cmp"
	"strconv"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/monitor"
	"procward/internal/engine/operation"
	"procward/internal/engine/signs"
	"procward/internal/message"
	"procward/watch"
	"procward/watch/probe"
)

// monitors is the desk of the monitors.
type monitors struct {
	*Machine
	all       map[string]*attended
	names     []string        // sorted
	unsettled map[string]bool // those whose attention may have to change
}

// attended is one entry under monitors:, and what is watched of it.
type attended struct {
	monitor.Monitor
	watched signs.Attention
}

// toMonitor gives a monitor an event, and posts its commands.
type toMonitor struct {
	mon   *attended
	event monitor.Event
}

func (t toMonitor) deliver(m *Machine) {
	for _, c := range t.mon.Next(t.event, m.monitors.env(t.mon)) {
		m.post(ofMonitor{t.mon, c})
	}
	m.monitors.touch(t.mon)
}

func (m *monitors) env(mon *attended) monitor.Env {
	return monitor.Env{
		Now: m.now, Suspended: m.suspended, Observe: m.observe, Climbs: m.phaseOf(mon) != escalate.Idle,
		Targets: func() []monitor.Target { return m.facts(mon) },
		Unsure:  func() string { return m.unsure(mon) },
	}
}

// phaseOf is the phase of the climb of a monitor.
func (m *monitors) phaseOf(mon *attended) escalate.Phase {
	if l := m.ladders.all["monitor "+mon.Name]; l != nil {
		return l.Climb.Phase
	}
	return escalate.Idle
}

func (m *monitors) facts(mon *attended) []monitor.Target {
	var out []monitor.Target
	for _, p := range m.those(mon.Targets) {
		state := p.State()
		t := monitor.Target{Name: p.Name, State: string(state), Up: state == Up, Suspended: p.View().Suspended, Busy: m.ops.all[p.groupKey()] != nil,
			Acting: m.ladders.of(p).Climb.Phase == escalate.Acting, HeldBy: m.heldBy(p)}
		switch state {
		case AbsentNow, EndedState, StoppedBy:
			t.Rests = true
		}
		out = append(out, t)
	}
	return out
}

// ofMonitor carries out a command of a monitor.
type ofMonitor struct {
	mon     *attended
	command monitor.Command
}

func (o ofMonitor) deliver(m *Machine) {
	switch c := o.command.(type) {
	case monitor.Say:
		m.do(Say{c.Message})
	case monitor.Look:
		for _, p := range m.those(c.Names) {
			p.asked = true
			m.wantLook(p)
		}
	case monitor.Recover:
		m.monitors.operate(o.mon, &operation.Operation{})
	case monitor.Judge:
		o.mon.watched.Afresh = true
	case monitor.Climb:
		m.ladders.tell(m.ladders.ofMonitor(o.mon), climb.Exhausted{})
	case monitor.Decide:
		m.ladders.tell(m.ladders.ofMonitor(o.mon), climb.Judge{})
	case monitor.Settle:
		m.ladders.tell(m.ladders.ofMonitor(o.mon), climb.Settled{})
	}
}

// configure puts the monitors of a configuration in force.
func (m *monitors) configure(cfg *confd.Config) {
	for name, mon := range m.all {
		if _, stays := cfg.Monitors[name]; !stays {
			m.processes.attend(mon.watched.Leave(name)...)
			delete(m.all, name)
			m.touch(mon)
			m.ladders.touch(m.ladders.ofMonitor(mon))
			delete(m.ladders.all, "monitor "+name)
		}
	}
	m.names = sortedKeys(cfg.Monitors)
	for _, name := range m.names {
		mon := m.all[name]
		if mon == nil {
			mon = &attended{Monitor: monitor.Monitor{Name: name}}
			m.all[name] = mon
		}
		m.post(toMonitor{mon, monitor.Configured{Spec: cfg.Monitors[name], Targets: m.relations.targets(cfg, cfg.Monitors[name])}})
	}
}

// attend fits what is watched to the state that targets and needed monitors have
// reached in this step.
func (m *monitors) attend() {
	if len(m.unsettled) == 0 {
		return
	}
	names := sortedKeys(m.unsettled)
	m.unsettled = emptied(m.unsettled)
	for _, name := range names {
		mon := m.all[name]
		if mon == nil {
			continue
		}
		m.alarms.mark(keyMonitor + name)
		checks := []probe.Check{mon.Spec.Check}
		if m.unjudged(mon) != "" {
			mon.Next(monitor.Rests{}, monitor.Env{})
			m.processes.attend(mon.watched.Later(name, checks, m.now, m.processes.nextRound)...)
			continue
		}
		m.processes.attend(mon.watched.Watch(signs.Watch{Target: name, Checks: checks}, m.now, m.processes.nextRound)...)
	}
}

// unjudged says why the monitor is not judged at the moment, or nothing.
func (m *monitors) unjudged(mon *attended) string {
	return mon.Unjudged(
		func() []monitor.Target { return m.facts(mon) },
		func() string {
			return m.throughNeeds(mon, len(m.all), func(need *attended) string {
				if need.Outage || need.watched.Reported() {
					return need.Name
				}
				return ""
			})
		})
}

// unsure returns the monitor that this one needs, also through others, and that has begun
// to fail or has no verdict yet, or nothing: it may be the cause, and be reported a
// moment later.
func (m *monitors) unsure(mon *attended) string {
	return m.throughNeeds(mon, len(m.all), func(need *attended) string {
		switch {
		case !need.watched.On():
		case need.watched.Verdict() == watch.Failing:
			return "monitor " + need.Name + ", which fails"
		case need.watched.Verdict() == watch.Pending && m.now < need.watched.Since+signs.Longest(need.Spec.Check):
			return "monitor " + need.Name + ", which has not told anything yet"
		}
		return ""
	})
}

// throughNeeds returns the first thing to say about the monitors that one needs, also
// through others, or nothing.
func (m *monitors) throughNeeds(mon *attended, depth int, says func(*attended) string) string {
	for _, name := range mon.Spec.Needs {
		need := m.all[name]
		if need == nil || depth == 0 {
			continue
		}
		if words := cmp.Or(says(need), m.throughNeeds(need, depth-1, says)); words != "" {
			return words
		}
	}
	return ""
}

// sign takes a verdict on a monitor.
func (m *monitors) sign(mon *attended, s watch.SignChange) {
	about := message.Message{Monitor: mon.Name}
	signs.About(s, &about)
	if s.Slow {
		about.Kind = message.ProbeSlow
		m.do(Say{about})
		return
	}
	if old := mon.watched.Take(s); old.Verdict != s.Verdict {
		m.post(toMonitor{mon, monitor.Told{Sign: s, About: about, News: signs.Kind(old, s, false)}})
	}
}

// due says to a monitor that its time has come.
func (m *monitors) due(mon *attended) {
	if mon != nil && mon.Deadline != 0 && mon.Deadline <= m.now {
		m.post(toMonitor{mon, monitor.Due{}})
	}
}

// looked passes a look at one target, which began at a time, to the monitors.
func (m *monitors) looked(p *process, began time.Duration, unit Unit) {
	if !p.asked {
		return
	}
	p.asked = false
	hands := ""
	if unit.Hands != "" {
		hands = unit.Name + ": " + unit.Hands
	}
	for _, name := range m.relations.monitored[p.Name] {
		if mon := m.all[name]; mon != nil && mon.Awaits(p.Name) {
			m.post(toMonitor{mon, monitor.Looked{Target: p.Name, Began: began, Hands: hands}})
		}
	}
}

// operate begins an operation on the targets of a monitor.
func (m *monitors) operate(mon *attended, op *operation.Operation) {
	op.Monitor, op.Group = mon.Name, mon.Spec.Recover
	if p := m.procs[mon.Spec.Recover]; p != nil {
		op.Group, op.Alone, op.Members = p.Spec.Group, true, []string{p.Name}
	}
	m.post(toMonitor{mon, monitor.Operates{}})
	m.ops.begin(op)
}

// targetKey is what operations on the targets of a monitor exclude each other on.
func (m *monitors) targetKey(mon *attended) string {
	if p := m.procs[mon.Spec.Recover]; p != nil {
		return p.groupKey()
	}
	return "group " + mon.Spec.Recover
}

// environment is what the hook of a monitor gets.
func (m *monitors) environment(mon *attended, extra map[string]string) map[string]string {
	p := m.procs[mon.Spec.Recover]
	if p == nil {
		p = &process{}
		p.Spec.Group = mon.Spec.Recover
	}
	policy := mon.Spec.Policy()
	env := m.jobs.environment(p, extra, "hook")
	env["PROCWARD_MONITOR"] = mon.Name
	env["PROCWARD_CAUSE"] = mon.InWords()
	env["PROCWARD_EXIT_CODE"], env["PROCWARD_EXIT_SIGNAL"], env["PROCWARD_PID"] = "", "", ""
	env["PROCWARD_ATTEMPT"] = strconv.Itoa(policy.Used(mon.History, m.now))
	env["PROCWARD_ATTEMPTS"] = policy.Attempts.String()
	return env
}

func (m report) monitorStatus(mon *attended) MonitorStatus {
	now, policy := m.now, mon.Spec.Policy()
	out := MonitorStatus{
		Name: mon.Name, Recover: mon.Spec.Recover, State: m.monitorState(mon),
		AttemptsUsed: policy.Used(mon.History, now), Attempts: policy.Attempts.String(), Window: policy.Window.String(),
		WaitsFor: cmp.Or(m.monitors.unjudged(mon), mon.PutOff()),
	}
	if told := signStatus(&mon.watched, m.at); len(told) > 0 {
		out.Sign = &told[0]
	}
	if mon.Deadline > now {
		in := mon.Deadline - now
		out.NextIn = &in
	}
	if m.monitors.phaseOf(mon) != escalate.Idle {
		out.Rung = m.ladders.rungName(m.ladders.ofMonitor(mon))
	}
	return out
}

// monitorState is the state of a monitor, in one word.
func (m report) monitorState(mon *attended) string {
	switch phase := m.monitors.phaseOf(mon); {
	case phase == escalate.GivenUp, phase == escalate.Handed:
		return string(phase)
	case mon.Recovering:
		return "recovering"
	case phase != escalate.Idle:
		return "exhausted"
	case !mon.watched.On():
		return "not-judged"
	case mon.Waits():
		return "waiting"
	case mon.Outage:
		return string(watch.Bad)
	}
	return cmp.Or(string(mon.watched.Verdict()), "pending")
}
