package engine

import (
	"slices"
	"time"

	"procward/escalate"
	"procward/internal/message"
)

// ladder is the escalation of a group, or of a process that has its own.
type ladder struct {
	key      string // "group web" or "process httpd"
	group    string // whose rungs restart or stop it; may be empty
	monitor  string // of a monitor: the others are empty
	process  string // with a ladder of its own, or without a group
	climb    escalate.Climb
	need     map[string]bool // members whose look is awaited before a rung
	asked    time.Duration   // when the looks were asked for: older ones do not do
	hook     int             // token of its hook under way, or of the last one
	said     string          // by the hook that is handing over: handOver tells it
	barred   bool            // the look waits for the end of an operation on the group
	waits    string          // why it waits before a rung that ends the machine, as it was said
	remindAt time.Duration
	retryAt  time.Duration
}

// ladderOf is the ladder that a process climbs: its own, or its group's, or none.
func (m *Machine) ladderOf(p *process) *ladder {
	key, l := "process "+p.name, &ladder{process: p.name, group: p.spec.Group}
	if _, ok := m.cfg.Groups[p.spec.Group]; ok && p.spec.Escalate == nil {
		key, l = "group "+p.spec.Group, &ladder{group: p.spec.Group}
	}
	if m.ladders[key] == nil {
		l.key = key
		m.ladders[key] = l
	}
	return m.ladders[key]
}

// rungs is the ladder's configuration as it is now.
func (m *Machine) rungs(l *ladder) escalate.Ladder {
	if l.monitor != "" {
		return m.cfg.Monitors[l.monitor].Escalate
	}
	if l.process == "" {
		return m.cfg.Groups[l.group].Escalate
	}
	if p := m.procs[l.process]; p != nil && p.spec.Escalate != nil {
		return *p.spec.Escalate
	}
	return nil
}

// climbers is the processes that share the ladder.
func (m *Machine) climbers(l *ladder) []*process {
	if l.process != "" {
		if p := m.procs[l.process]; p != nil {
			return []*process{p}
		}
		return nil
	}
	var out []*process
	for _, p := range m.those(m.members(l.group)) {
		if p.spec.Escalate == nil {
			out = append(out, p)
		}
	}
	return out
}

// required is the processes that must be up for the climb to end.
func (m *Machine) required(l *ladder) []*process {
	return slices.DeleteFunc(m.climbers(l), func(p *process) bool { return !p.required() })
}

// join puts an exhausted process on its ladder.
func (m *Machine) join(p *process) {
	m.enter(p, Climbing)
	m.climb(m.ladderOf(p), escalate.Exhausted)
}

// climb gives the ladder an input and does what it decides.
func (m *Machine) climb(l *ladder, in escalate.Input) {
	rungs := m.rungs(l)
	at := l.climb
	var d escalate.Decision
	l.climb, d = rungs.Next(l.climb, in, m.now)
	m.touchLadder(l)
	switch d.Action {
	case escalate.Look:
		m.lookBeforeRung(l)
	case escalate.Act:
		m.act(l, d)
	case escalate.GiveUp:
		m.giveUp(l)
	case escalate.HandOver:
		m.handOver(l)
	case escalate.Wait:
		m.ladderSettled(l)
	case escalate.End:
		l.waits = ""
		l.remindAt, l.retryAt, l.need, l.barred = 0, 0, nil, false
		if in == escalate.AllUp {
			m.sayLadder(message.ClimbEnds, l, func(s *message.Message) {
				s.Rung, s.Detail = rungAt(rungs, at.Position), m.whyEnds(l)
			})
		}
	}
}

func (m *Machine) whyEnds(l *ladder) string {
	if l.monitor != "" {
		return "the monitor is ok"
	}
	if slices.ContainsFunc(m.required(l), func(p *process) bool { return !p.well() }) {
		return "what was exhausted is up"
	}
	return "all required members are up"
}

// rungAt is the name of a rung; past the end it is giving up.
func rungAt(rungs escalate.Ladder, i int) string {
	if i < len(rungs) {
		return rungs[i].Name()
	}
	return "none"
}

func (m *Machine) rungName(l *ladder) string { return rungAt(m.rungs(l), l.climb.Position) }

// lookBeforeRung looks at every climber once, or halts where nothing may be done.
func (m *Machine) lookBeforeRung(l *ladder) {
	if m.haltedBy() != "" {
		m.halt(l)
		return
	}
	l.need, l.asked, l.barred = map[string]bool{}, m.now, false
	if m.ops[m.opKey(l)] != nil {
		m.bar(l)
		return
	}
	if l.monitor != "" {
		m.decideMonitor(l)
		return
	}
	for _, p := range m.required(l) {
		l.need[p.name] = true
		m.wantLook(p)
	}
	if len(l.need) == 0 {
		m.climb(l, escalate.AllUp)
	}
}

// opKey is the key of the operations that its rungs begin.
func (m *Machine) opKey(l *ladder) string {
	if mon := m.monitors[l.monitor]; mon != nil {
		return m.targetKey(mon)
	}
	if l.group == "" {
		return "process " + l.process
	}
	return "group " + l.group
}

// bar lets a ladder wait for the end of an operation.
func (m *Machine) bar(l *ladder) {
	l.barred = true
	m.barredLadders[l.key] = true
}

// laddersGoOn begins the looks that waited for the end of an operation.
func (m *Machine) laddersGoOn() {
	for _, key := range sortedKeys(m.barredLadders) {
		delete(m.barredLadders, key)
		if l := m.ladders[key]; l != nil && l.barred && l.climb.Phase == escalate.Looking {
			m.lookBeforeRung(l)
		}
	}
}

func (m *Machine) halt(l *ladder) {
	m.sayHalted(l, "suspended: "+m.haltedBy())
	m.climb(l, escalate.Halt)
}

func (m *Machine) sayHalted(l *ladder, why string) {
	m.sayLadder(message.RungHalted, l, func(s *message.Message) { s.Rung, s.Detail = m.rungName(l), why })
}

// ladderLooked takes a look at one climber, which began at a time; with the last the rung
// is decided.
func (m *Machine) ladderLooked(p *process, at time.Duration) {
	m.endingLooked(p, at)
	l := m.ladderOf(p)
	if l.climb.Phase != escalate.Looking || !l.need[p.name] || at < l.asked {
		return
	}
	delete(l.need, p.name)
	m.decide(l)
}

// decide is where all looks before a rung are there. Only what is exhausted and still
// missing calls for the rung: what has attempts left is not its concern.
func (m *Machine) decide(l *ladder) {
	if l.monitor != "" {
		m.decideMonitor(l)
		return
	}
	if len(l.need) > 0 || l.barred {
		return
	}
	missing := m.missing(l)
	switch {
	case m.haltedBy() != "":
		m.halt(l)
	case m.ops[m.opKey(l)] != nil:
		m.bar(l)
	case len(missing) == 0:
		m.climb(l, escalate.AllUp)
	case slices.ContainsFunc(missing, func(p *process) bool { return p.evidence != 0 || p.stale() }): // evidenceTaken goes on, or stillBad
	case m.heldBy(missing[0]) != "":
		m.holdClimb(l, missing)
	default:
		m.climb(l, escalate.Missing)
	}
}

// missing is what is exhausted and not there, or does not work.
func (m *Machine) missing(l *ladder) []*process {
	return slices.DeleteFunc(m.climbers(l), func(p *process) bool { return p.state != Climbing || p.suspended != "" || p.well() })
}

// holdClimb waits for a dependency before the next rung.
func (m *Machine) holdClimb(l *ladder, missing []*process) {
	m.sayHalted(l, "group "+m.heldBy(missing[0])+" is not up")
	for _, p := range missing {
		m.held(p, m.heldBy(p))
	}
	m.climb(l, escalate.Halt)
}

// ladderRecovered ends the climb when every required climber is up.
func (m *Machine) ladderRecovered(p *process) { m.ladderSettled(m.ladderOf(p)) }

// ladderSettled ends the climb if every required climber is up, and says whether it is so.
func (m *Machine) ladderSettled(l *ladder) bool {
	if mon := m.monitors[l.monitor]; mon != nil {
		if !mon.outage {
			m.climb(l, escalate.Recovered)
		}
		return !mon.outage
	}
	if m.keepsClimbing(l) {
		return false
	}
	m.climb(l, escalate.Recovered)
	return true
}

// keepsClimbing says that a climber which is required is not up, or will go on to climb once
// its dependency is.
func (m *Machine) keepsClimbing(l *ladder) bool {
	if l.process == "" {
		t := m.tallyOf(l.group)
		return t.spent+t.notUp > 0
	}
	p := m.procs[l.process]
	return p != nil && (p.state == HeldState && p.history.Exhausted || p.required() && p.state != Up)
}

// ladderStopped ends the climb when the last process that called for it is in the
// operator's hands.
func (m *Machine) ladderStopped(p *process, f Finding) {
	l := m.ladderOf(p)
	for _, q := range m.climbers(l) {
		if q.state == Climbing || q.state == GaveUp || q.state == Handed {
			return
		}
	}
	if l.climb.Phase == escalate.Looking || l.climb.Phase == escalate.Pausing {
		m.sayHalted(l, f.Unit.Name+": "+f.Unit.Hands)
	}
	m.climb(l, escalate.Recovered)
}

// rest puts an exhausted process where its ladder stands.
func (m *Machine) rest(p *process) {
	switch m.ladderOf(p).climb.Phase {
	case escalate.Idle:
		m.join(p)
	case escalate.GivenUp:
		m.enter(p, GaveUp)
	case escalate.Handed:
		m.enter(p, Handed)
	default:
		m.enter(p, Climbing)
	}
}

// mendLadders fits the ladders to a new configuration. Whoever climbed one that is gone
// climbs its new one; who had given up, has given up there as well.
func (m *Machine) mendLadders() {
	for _, key := range sortedKeys(m.ladders) {
		l := m.ladders[key]
		_, exists := m.cfg.Groups[l.group]
		if l.monitor != "" {
			if m.monitors[l.monitor] == nil {
				delete(m.ladders, key)
				m.touchLadder(l)
			}
			continue
		}
		if p := m.procs[l.process]; l.process == "" && !exists || l.process != "" && (p == nil || m.ladderOf(p) != l) {
			delete(m.ladders, key)
			m.touchLadder(l)
		}
	}
	for _, name := range m.names {
		p := m.procs[name]
		l := m.ladderOf(p)
		switch {
		case p.state == Climbing && (l.climb.Phase == escalate.Idle || l.climb.Phase == escalate.GivenUp || l.climb.Phase == escalate.Handed):
			m.join(p)
		case p.state == GaveUp && l.climb.Phase == escalate.Idle:
			l.climb.Phase = escalate.GivenUp
			m.touchLadder(l)
			m.arm(l)
		case p.state == Handed && l.climb.Phase == escalate.Idle:
			l.climb.Phase = escalate.Handed
			m.touchLadder(l)
		}
	}
	for _, key := range sortedKeys(m.ladders) {
		m.mendLadder(m.ladders[key])
	}
}

// mendLadder lets a climb go on without those that are gone.
func (m *Machine) mendLadder(l *ladder) {
	climbers := m.climbers(l)
	for name := range l.need {
		if !slices.ContainsFunc(climbers, func(p *process) bool { return p.name == name }) {
			delete(l.need, name)
		}
	}
	if m.ladderSettled(l) || l.climb.Phase != escalate.Looking {
		return
	}
	m.decide(l)
}

// sayLadder sends a message about a ladder: of its group, or of its process.
func (m *Machine) sayLadder(kind *message.Kind, l *ladder, fill func(*message.Message)) {
	m.say(kind, nil, func(s *message.Message) {
		s.Process, s.Group, s.Monitor = l.process, l.group, l.monitor
		if fill != nil {
			fill(s)
		}
	})
}
