package engine

import (
	"fmt"
	"slices"
	"strings"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/lastresort"
	"procward/internal/engine/life"
	"procward/internal/engine/operation"
	"procward/internal/engine/signs"
	"procward/internal/message"
	"procward/procscan"
	"procward/watch"
)

// processes is the desk of the lives of processes.
type processes struct {
	*Machine
	trackers map[procscan.ID][]string // the names that track a process
	shared   map[[2]string]bool       // pairs of names that were told to have one process
	stirred  map[string]bool          // processes whose attention may have to change
	rounds   int                      // of attention begun so far
	graves   graves
}

// process is one entry under processes:, and who is in charge of it.
type process struct {
	life.Life
	key   string               // of what is saved
	op    *operation.Operation // that has taken it
	asked bool                 // the next look asks systemd too, because of a monitor
}

// tell gives a process an event, and posts its commands.
func (m *processes) tell(p *process, e life.Event) {
	for _, c := range p.Next(e, m.env(p)) {
		m.post(ofLife{p, c})
	}
	switch e := e.(type) {
	case life.Attend:
	case life.Turn:
		if m.alarms.mark(p.key); e.Barred == "" {
			m.keeper.touch(p)
		}
	default:
		m.keeper.touch(p)
	}
}

// toLife gives a process an event in its turn.
type toLife struct {
	p     *process
	event life.Event
}

func (t toLife) deliver(m *Machine) { m.processes.tell(t.p, t.event) }

// env is what a process has to know of the world now.
func (m *processes) env(p *process) life.Env {
	g, grouped := m.cfg.Groups[p.Spec.Group]
	return life.Env{
		Now: m.now, Lag: m.lag, Observe: m.observe, Booting: m.booting, Suspended: m.suspended, ByHand: g.Startup == escalate.Manual,
		Together: grouped && g.Strategy == escalate.All && len(m.members(p.Spec.Group)) > 1,
		Remind:   func() escalate.Group { return m.ladders.settings(m.ladders.of(p)) },
		Phase:    func() escalate.Phase { return m.ladders.of(p).Climb.Phase },
		Awaited:  func() bool { return m.ladders.of(p).LooksFor(p.Name) },
		HeldBy:   func() string { return m.heldBy(p) },
		Luck:     m.rand.Float64, Token: m.jobs.nextToken, Round: m.nextRound,
	}
}

// nextRound numbers a round of signs.
func (m *processes) nextRound() int {
	m.rounds++
	return m.rounds
}

// ofLife carries out a command of a process.
type ofLife struct {
	p       *process
	command life.Command
}

func (o ofLife) deliver(m *Machine) {
	p := o.p
	switch c := o.command.(type) {
	case life.Say:
		m.do(Say{c.Message})
	case life.Look:
		m.wantLook(p)
	case life.NoLook:
		delete(m.looking.want, p.Name)
		m.alarms.mark(keyLooks)
	case life.Track:
		m.processes.track(p, c)
	case life.Untrack:
		m.processes.untrack(p, c.ID)
	case life.Bury:
		m.processes.digGrave(c.ID, p.Name)
	case life.Moved:
		m.processes.stir(p)
		m.monitors.unsettleOf(p)
	case life.Signs:
		m.processes.attend(c.Command)
	case life.Seen:
		m.processes.seen(p, c)
	case life.Well:
		m.processes.upAgain(p)
		m.ladders.tell(m.ladders.of(p), climb.Settled{})
	case life.Spent:
		m.ladders.tell(m.ladders.of(p), climb.Exhausted{})
	case life.Yields:
		m.ladders.tell(m.ladders.of(p), climb.Yields{Why: c.Why})
	case life.Cleared:
		m.ladders.tell(m.ladders.of(p), climb.LookAgain{})
	case life.RestartGroup:
		m.ops.begin(&operation.Operation{Group: p.Spec.Group, Payer: p.Name})
	case life.HandSaw:
		m.processes.tellHand(p, operation.Looked{Name: p.Name})
	case life.Late:
		m.processes.tellHand(p, operation.Late{Name: p.Name})
	case life.Freed:
		m.processes.tellHand(p, operation.Freed{Name: p.Name, Killed: c.Killed, Stuck: c.Stuck})
	default:
		m.jobs.start(p, c)
	}
}

// tellHand tells the operation that has a process in hand.
func (m *processes) tellHand(p *process, e operation.Event) {
	if p.op != nil {
		m.post(toOperation{p.op, e})
	}
}

// seen passes a look to those who have waited for it.
func (m *processes) seen(p *process, c life.Seen) {
	if m.resort.Awaits(p.Name, c.Began) {
		m.post(toResort{lastresort.Looked{Name: p.Name, Began: c.Began}})
	}
	if l := m.ladders.of(p); l.Awaits(p.Name, c.Began) {
		m.ladders.tell(l, climb.Looked{Name: p.Name, Began: c.Began})
	}
	m.monitors.looked(p, c.Began, c.Unit)
}

// upAgain looks again at what had to wait for the group of this process, once that is up.
func (m *processes) upAgain(p *process) {
	if len(m.relations.dependents[p.Spec.Group]) == 0 || m.tallyOf(p.Spec.Group).down > 0 {
		return
	}
	for _, group := range m.relations.dependents[p.Spec.Group] {
		for _, name := range sortedKeys(m.tallyOf(group).held) {
			m.wantLook(m.procs[name])
		}
	}
}

func (m *processes) track(p *process, c life.Track) {
	id := c.Process.ID
	if len(m.trackers[id]) == 0 {
		m.do(Track{ID: id})
	}
	if !c.Again {
		m.sayShared(p, c.Process)
	}
	m.trackers[id] = append(m.trackers[id], p.Name)
}

func (m *processes) untrack(p *process, id procscan.ID) {
	others := slices.DeleteFunc(slices.Clone(m.trackers[id]), func(n string) bool { return n == p.Name })
	if len(others) > 0 {
		m.trackers[id] = others
		return
	}
	delete(m.trackers, id)
	m.do(Untrack{ID: id})
}

// sayShared warns once that another name has the same process.
func (m *processes) sayShared(p *process, q procscan.Process) {
	for _, other := range m.trackers[q.ID] {
		pair := [2]string{min(p.Name, other), max(p.Name, other)}
		if other == p.Name || m.shared[pair] {
			continue
		}
		if m.shared == nil {
			m.shared = map[[2]string]bool{}
		}
		m.shared[pair] = true
		m.say(message.Shared, p, func(s *message.Message) {
			s.PID = q.PID
			s.Detail = fmt.Sprintf("%s and %s both select pid %d (%s)", pair[0], pair[1], q.PID, q.Comm)
		})
	}
}

// died passes an exit, or the cause of an earlier one, to every process that tracked it.
func (m *processes) died(ev watch.Event) {
	if ev.Belated {
		for _, p := range m.those(m.graves.of[ev.ID]) {
			m.tell(p, life.CauseKnown{Event: ev})
		}
		return
	}
	names := m.trackers[ev.ID]
	delete(m.trackers, ev.ID)
	for _, p := range m.those(names) {
		m.tell(p, life.Lost{Event: ev})
	}
}

// remember takes traits of what is tracked.
func (m *processes) remember(in Remembered) {
	for id, t := range in.Of {
		for _, p := range m.those(m.trackers[id]) {
			m.tell(p, life.Remembered{ID: id, Traits: t})
		}
	}
}

// looked takes the findings of a look.
func (m *processes) looked(in Looked) {
	if in.Token != m.looking.token {
		return
	}
	delete(m.jobs.all, in.Token)
	at := m.looking.began
	m.looking.token, m.looking.rest = 0, m.now+min(lookRest*(m.now-at), maxRest)
	m.alarms.mark(keyLooks)
	for _, name := range sortedKeys(in.Found) {
		switch p := m.procs[name]; {
		case p == nil: // gone with a reload
		case m.looking.of[name].Match != p.Spec.Match: // a reload has changed it meanwhile
			m.wantLook(p)
		default:
			m.tell(p, life.Looked{Began: at, For: m.looking.of[name], Finding: in.Found[name]})
			m.deliver()
		}
	}
}

// unitsMoved looks at once for what belongs to units that systemd has started, stopped or
// restarted.
func (m *processes) unitsMoved(in UnitsMoved) {
	for _, name := range m.names {
		p := m.procs[name]
		if unit := p.View().Unit; unit != "" && (in.All || in.Units[unit]) {
			m.tell(p, life.UnitMoved{})
		}
	}
}

// sensed takes verdicts that have changed. Those of an older round are out of date.
func (m *processes) sensed(in Sensed) {
	for _, s := range in.Signs {
		if p := m.procs[s.Target]; p != nil && p.Signs.Hears(s) {
			m.tell(p, life.Sign{SignChange: s})
		} else if mon := m.monitors.all[s.Target]; mon != nil && mon.watched.Hears(s) {
			m.monitors.sign(mon, s)
		}
		m.deliver()
	}
}

// attend carries out a command of an Attention.
func (m *processes) attend(commands ...signs.Command) {
	for _, c := range commands {
		switch c := c.(type) {
		case signs.Watch:
			m.do(Attend{c})
		case signs.Leave:
			m.do(Unattend{c})
		}
	}
}

// stir makes what is watched of a process be calculated again at the end of the step.
func (m *processes) stir(p *process) {
	if p.HasSigns() {
		m.stirred[p.Name] = true
	}
}

// attendStirred fits what is watched to the state that the processes have reached in this
// step.
func (m *processes) attendStirred() {
	if len(m.stirred) == 0 {
		return
	}
	stirred := sortedKeys(m.stirred)
	for _, p := range m.those(stirred) {
		m.tell(p, life.Attend{})
		m.deliver()
	}
	m.stirred = emptied(m.stirred)
}

// runWaiting starts the attempts that are due, oldest first, as far as slots are free. A
// look that is too old is repeated first, for all of them at once.
func (m *Machine) runWaiting() {
	ahead := max(m.cfg.Daemon.ParallelRestarts, 1) * aheadOfSlots
	for key := range m.alarms.line.All {
		p := m.procs[strings.TrimPrefix(key, keyProcess)]
		_, due := p.Ready(m.now)
		switch {
		case !due, p.View().Stopped != "" && p.op == nil: // taken in hand by the operation of one before it; or not looked at either
			continue
		case ahead == 0:
			return
		}
		why := m.processes.barred(p)
		if why == "" || why == forASlot {
			ahead--
		}
		if !p.Knows(why, m.now) {
			m.processes.tell(p, life.Turn{Barred: why})
			m.deliver()
		}
	}
}

// aheadOfSlots is how many of those that wait for each slot are looked at again; the
// others wait for their turn, so that a burst of thousands does not look for all at every
// step.
const aheadOfSlots = 32

const forASlot = "a free slot of parallel-restarts"

// barred says why a script of the process must not start at this moment, or nothing.
func (m *processes) barred(p *process) string {
	switch why := p.Barred(m.now); {
	case why != "":
		return why
	case p.op == nil && m.ops.all[p.groupKey()] != nil:
		return "the end of what is done to its group"
	case p.op == nil && m.ladders.of(p).Climb.Phase == escalate.Acting:
		return "the end of a rung of its ladder"
	case m.jobs.running >= max(m.cfg.Daemon.ParallelRestarts, 1):
		return forASlot
	}
	return ""
}
