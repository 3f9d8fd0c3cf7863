package engine

import (
	"fmt"
	"slices"
	"strings"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/life"
	"procward/internal/engine/operation"
	"procward/internal/script"
)

// ladders is the desk of the ladders.
type ladders struct {
	*Machine
	all    map[string]*climb.Ladder
	barred map[string]bool // by key: those that wait for the end of an operation
}

// toLadder gives a ladder an event, and posts its commands.
type toLadder struct {
	ladder *climb.Ladder
	event  climb.Event
}

func (t toLadder) deliver(m *Machine) {
	for _, c := range t.ladder.Next(t.event, m.ladders.env(t.ladder)) {
		m.post(ofLadder{t.ladder, c})
	}
	m.ladders.touch(t.ladder)
	if t.ladder.Barred() {
		m.ladders.barred[t.ladder.Key] = true
	}
}

// tell gives a ladder an event.
func (m *ladders) tell(l *climb.Ladder, e climb.Event) { m.post(toLadder{l, e}) }

// env is what a ladder has to know of the world now.
func (m *ladders) env(l *climb.Ladder) climb.Env {
	env := climb.Env{
		Now: m.now, Rungs: m.rungs(l), Group: m.settings(l), Suspended: m.suspended != "", Halted: m.haltedBy(), Busy: m.ops.all[m.opKey(l)] != nil,
		Members: func() []climb.Member { return m.facts(l) },
		Open:    func() bool { return m.keepsClimbing(l) },
		Why:     func() string { return m.why(l) },
	}
	if mon := m.monitors.all[l.Monitor]; mon != nil {
		env.Monitor = climb.Monitor{Outage: mon.Outage, Bad: mon.watched.Bad(), Aims: len(mon.Targets) > 0, Rests: m.monitors.unjudged(mon)}
	}
	return env
}

func (m *ladders) facts(l *climb.Ladder) []climb.Member {
	var out []climb.Member
	for _, p := range m.climbers(l) {
		state := p.State()
		w := climb.Member{Name: p.Name, Required: p.Required(), Climbing: state == Climbing, Well: p.Well(),
			Out: p.View().Suspended != "", Unclear: p.Unclear()}
		if w.Resting = w.Climbing || state == GaveUp || state == Handed; w.Climbing {
			w.HeldBy = m.heldBy(p)
		}
		out = append(out, w)
	}
	return out
}

// ofLadder carries out a command of a ladder.
type ofLadder struct {
	ladder  *climb.Ladder
	command climb.Command
}

func (o ofLadder) deliver(m *Machine) {
	l := o.ladder
	switch c := o.command.(type) {
	case climb.Say:
		m.do(Say{c.Message})
	case climb.Look:
		for _, p := range m.those(c.Names) {
			m.wantLook(p)
		}
	case climb.Operate:
		m.ladders.operate(l, c.StopOnly)
	case climb.RunHook:
		m.ladders.runHook(l, c)
	case climb.Exit:
		m.do(Exit{c.Code})
	case climb.EndMachine:
		m.ladders.takeLastResort(l, c.Rung)
	case climb.HoldBack:
		for _, w := range c.Members {
			m.processes.tell(m.procs[w.Name], life.HoldBack{Group: w.HeldBy})
		}
	default:
		m.ladders.move(l, c)
	}
}

// move puts the processes that climb a ladder into the state that it wants.
func (m *ladders) move(l *climb.Ladder, c climb.Command) {
	var e life.Event
	switch c.(type) {
	case climb.GiveUp:
		e = life.GiveUp{}
	case climb.HandOver:
		e = life.HandOver{}
	case climb.TryAgain:
		e = life.TryAgain{}
	}
	for _, p := range m.climbers(l) {
		m.processes.tell(p, e)
	}
}

// operate begins the operation of a rung.
func (m *ladders) operate(l *climb.Ladder, stopOnly bool) {
	op := &operation.Operation{Group: l.Group, Ladder: l.Key, StopOnly: stopOnly}
	if mon := m.monitors.all[l.Monitor]; mon != nil {
		m.monitors.operate(mon, op)
		return
	}
	if l.Group == "" {
		op.Members = []string{l.Process}
	}
	m.ops.begin(op)
}

func (m *ladders) runHook(l *climb.Ladder, c climb.RunHook) {
	h := c.Hook
	env := map[string]string{}
	if mon := m.monitors.all[l.Monitor]; mon != nil {
		env = m.monitors.environment(mon, h.Env)
	} else if p := m.procs[c.Member]; p != nil {
		env = m.jobs.environment(p, h.Env, "hook")
	}
	l.Hook = m.jobs.newToken(job{ladder: l.Key, path: h.Run[0], asked: m.now, until: m.now + h.Timeout.D()})
	m.do(Run{Token: l.Hook, Job: script.Job{
		Argv: h.Run, User: h.User, Env: env, Timeout: h.Timeout.D(), Persist: true,
	}, Event: m.hookEvent(l, c)})
}

// hookEnded takes the end of the hook of a ladder. The ladder may be a later one of the
// same name, which climbs from the beginning.
func (m *ladders) hookEnded(j job, token int, out life.Outcome) {
	l := m.all[j.ladder]
	if l == nil || l.Hook != token {
		m.jobs.sayGoneEnded(j, out)
		return
	}
	m.tell(l, climb.HookEnded{Missed: out.Missed, OK: out.OK, Code: out.Code, Words: out.Words, Output: out.Output})
}

// of is the ladder that a process climbs: its own, or its group's, or none.
func (m *ladders) of(p *process) *climb.Ladder {
	if _, ok := m.cfg.Groups[p.Spec.Group]; ok && p.Spec.Escalate == nil {
		return m.ladderAt("group "+p.Spec.Group, p.Spec.Group, "", "")
	}
	return m.ladderAt("process "+p.Name, p.Spec.Group, p.Name, "")
}

// ofMonitor is the ladder of a monitor.
func (m *ladders) ofMonitor(mon *attended) *climb.Ladder {
	return m.ladderAt("monitor "+mon.Name, "", "", mon.Name)
}

func (m *ladders) ladderAt(key, group, process, monitor string) *climb.Ladder {
	l := m.all[key]
	if l == nil {
		l = &climb.Ladder{Key: key, Group: group, Process: process, Monitor: monitor}
		m.all[key] = l
	}
	return l
}

// rungs is the ladder's configuration as it is now.
func (m *ladders) rungs(l *climb.Ladder) escalate.Ladder {
	if l.Monitor != "" {
		return m.cfg.Monitors[l.Monitor].Escalate
	}
	if l.Process == "" {
		return m.cfg.Groups[l.Group].Escalate
	}
	if p := m.procs[l.Process]; p != nil && p.Spec.Escalate != nil {
		return *p.Spec.Escalate
	}
	return nil
}

// settings is the group section that the ladder obeys; a process without one has the
// defaults.
func (m *ladders) settings(l *climb.Ladder) escalate.Group {
	if g, ok := m.cfg.Groups[l.Group]; ok && l.Monitor == "" {
		return g
	}
	return escalate.DefaultGroup()
}

func (m *ladders) rungName(l *climb.Ladder) string { return l.RungName(m.rungs(l)) }

// climbers is the processes that share the ladder.
func (m *ladders) climbers(l *climb.Ladder) []*process {
	if l.Process != "" {
		return m.those([]string{l.Process})
	}
	return slices.DeleteFunc(m.those(m.members(l.Group)), func(p *process) bool { return p.Spec.Escalate != nil })
}

// keepsClimbing reports whether a required climber is not up, or will go on to climb once
// its dependency is up.
func (m *ladders) keepsClimbing(l *climb.Ladder) bool {
	if l.Process == "" {
		t := m.tallyOf(l.Group)
		return t.spent+t.notUp > 0
	}
	p := m.procs[l.Process]
	return p != nil && (p.State() == HeldState && p.History.Exhausted || p.Required() && p.State() != Up)
}

// opKey is the key of the operations that its rungs begin.
func (m *ladders) opKey(l *climb.Ladder) string {
	if mon := m.monitors.all[l.Monitor]; mon != nil {
		return m.monitors.targetKey(mon)
	}
	if l.Group == "" {
		return "process " + l.Process
	}
	return "group " + l.Group
}

// goOn begins the looks that waited for the end of an operation.
func (m *ladders) goOn() {
	for _, key := range sortedKeys(m.barred) {
		if l := m.all[key]; l != nil {
			m.tell(l, climb.Unbarred{})
		}
	}
	m.barred = emptied(m.barred)
}

// mend fits the ladders to a new configuration. A process whose ladder is gone
// climbs its new one; if it had given up, it has given up there as well.
func (m *ladders) mend() {
	for _, key := range sortedKeys(m.all) {
		if l := m.all[key]; m.isGone(l) {
			delete(m.all, key)
			m.touch(l)
		}
	}
	for _, name := range m.names {
		p := m.procs[name]
		l := m.of(p)
		switch phase := l.Climb.Phase; {
		case p.State() == Climbing && (phase == escalate.Idle || phase == escalate.GivenUp || phase == escalate.Handed):
			m.processes.tell(p, life.Climb{})
		case p.State() == GaveUp && phase == escalate.Idle:
			m.tell(l, climb.Stands{Phase: escalate.GivenUp})
		case p.State() == Handed && phase == escalate.Idle:
			m.tell(l, climb.Stands{Phase: escalate.Handed})
		}
		m.deliver()
	}
	for _, key := range sortedKeys(m.all) {
		m.tell(m.all[key], climb.Mended{})
	}
}

// isGone reports whether nobody climbs the ladder any more.
func (m *ladders) isGone(l *climb.Ladder) bool {
	switch {
	case l.Monitor != "":
		return m.monitors.all[l.Monitor] == nil
	case l.Process != "":
		p := m.procs[l.Process]
		return p == nil || m.of(p) != l
	}
	_, exists := m.cfg.Groups[l.Group]
	return !exists
}

// why says in one line what is wrong with the processes for which the ladder is climbed:
// after a boot this is all that can be found about it.
func (m *ladders) why(l *climb.Ladder) string {
	if mon := m.monitors.all[l.Monitor]; mon != nil {
		return mon.Text()
	}
	var all []string
	for _, w := range m.facts(l) {
		if !w.Resting || w.Out || w.Well {
			continue
		}
		p := m.procs[w.Name]
		text := p.Name + " is down"
		if stalled, cause := p.StallInWords(), p.View().LastCause; stalled != "" {
			text = p.Name + " is " + stalled
		} else if cause != "" {
			text += ": " + cause
		}
		all = append(all, fmt.Sprintf("%s, %d of %v attempts in %v are spent", text,
			p.Spec.Restart.Used(p.History, m.now), p.Spec.Restart.Attempts, p.Spec.Restart.Window))
	}
	return strings.Join(all, "; ")
}
