package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/internal/systemd"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

// process is what the machine knows of one entry under processes:.
type process struct {
	name    string
	spec    confd.Process
	state   State
	tracked map[procscan.ID]procscan.Process
	history restart.History

	// Of the present outage, from the first loss to recovered.
	outage  bool          // a failure beyond doubt, and not up for settle since
	dead    []death       // oldest first
	died    time.Duration // wake-up of the first loss
	event   string        // exit, absent, count, escalate: why a restart is due
	cause   watch.Cause   // of the last death
	orphans []procscan.Process
	attempt attempt
	hanging int // token of a script of an earlier attempt that still runs, or 0

	strays     map[procscan.ID]bool // orphans of earlier outages that still live
	unit       string               // systemd unit, as found or configured
	unreadable map[procscan.ID]bool // in doubt since it was last up: no news
	lastCause  string
	lastDown   time.Duration
	waitsFor   string
	op         *operation // the group operation that has it in hand
	nextLook   time.Duration
	lookStep   time.Duration
	lookedAt   time.Duration // when the newest look that told something of it ended
	changedAt  time.Duration // a look that began before this is too old to miss it
	blind      bool          // the newest look told nothing
	deadline   time.Duration // of the state
	kept       time.Duration // of Unclear: the deadline of the Waiting that it interrupts
	rematch    bool          // the match has changed: the next look decides who is tracked
	excess     bool          // told
	endured    bool          // nothing more is done about the excess
	returned   bool          // the process is back without procward's doing
}

// death is the end of one tracked process.
type death struct {
	procscan.Process
	cause    watch.Cause
	expected bool // procward has stopped it
	past     bool // it was found again since
}

// attempt is one restart under way.
type attempt struct {
	number     int
	token      int           // of the kill or script under way, or 0
	kills      int           // rounds of killing what is left
	ready      time.Duration // since when the script waits for a look and a slot, or 0
	started    bool          // the script has started, and it was said
	scriptDone bool
	lost       bool          // found, and lost again before it was up for settle
	holds      bool          // the script was told not to be killed by its timeout
	until      time.Duration // when the script's timeout is over
}

func (p *process) enough() bool { return len(p.tracked) >= p.spec.Match.Count.Min }

// over says that more are there than count.max.
func (p *process) over() bool {
	limit := p.spec.Match.Count.Max
	return !limit.Unlimited && len(p.tracked) > limit.N
}

// startable says that there is a way to start it again once it is stopped.
func (p *process) startable() bool { return p.spec.Restart.Run != nil || p.spec.Restart.Unit != "" }

// verdict is the cause that when: abnormal goes by. Of the deaths since it was last found
// that is one that was not clean, else one that is unknown, else the last.
func (p *process) verdict() watch.Cause {
	out := p.cause
	for _, d := range p.dead {
		switch {
		case d.expected || d.past || d.cause.Clean():
		case d.cause.Known:
			return d.cause
		default:
			out = d.cause
		}
	}
	return out
}

// corpses is the dead of the outage.
func (p *process) corpses() []procscan.Process {
	out := make([]procscan.Process, len(p.dead))
	for i, d := range p.dead {
		out[i] = d.Process
	}
	return out
}

// wokeAt is when the failure at hand was told: the wake-up of the last death, or when
// something else was found to be wrong.
func (p *process) wokeAt() time.Duration {
	if p.event == "exit" {
		return p.lastDown
	}
	return p.died
}

// tracks is the tracked IDs by PID.
func (p *process) tracks() []procscan.ID {
	ids := make([]procscan.ID, 0, len(p.tracked))
	for id := range p.tracked {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b procscan.ID) int { return a.PID - b.PID })
	return ids
}

// lookFor is what to look for: systemd is asked only where something is missing.
func (p *process) lookFor() LookFor {
	l := LookFor{Match: p.spec.Match, Missing: p.state != Up && (p.state != Unknown || p.lookStep != 0)}
	if l.Missing {
		l.Unit = p.unit
	}
	return l
}

// enter changes the state; what was due in the old one is forgotten.
func (m *Machine) enter(p *process, s State) {
	p.state, p.nextLook, p.deadline, p.waitsFor, p.kept = s, 0, 0, "", 0
	switch s {
	case Up:
		if !p.spec.Match.Count.Max.Unlimited || p.spec.Match.Select == procscan.All {
			p.nextLook = m.now + lookExcess
		}
	case Waiting, Climbing, GaveUp, Handed, AbsentNow, EndedState, StoppedBy, HeldState:
		p.nextLook = m.now + lookMissing
	case Unclear:
		p.nextLook = m.now + lookLast
	}
}

// died takes an exit, or the cause of an earlier one, to every process that tracked it.
func (m *Machine) died(ev watch.Event) {
	if ev.Belated {
		for _, name := range m.names {
			m.causeKnown(m.procs[name], ev)
		}
		return
	}
	names := m.trackers[ev.ID]
	delete(m.trackers, ev.ID)
	for _, name := range names {
		if p := m.procs[name]; p != nil {
			m.lost(p, ev)
		}
	}
}

func (m *Machine) causeKnown(p *process, ev watch.Event) {
	i := slices.IndexFunc(p.dead, func(d death) bool { return d.ID == ev.ID })
	if i < 0 || p.dead[i].expected {
		return
	}
	p.dead[i].cause = ev.Cause
	if p.lastDead().ID == ev.ID {
		p.cause, p.lastCause = ev.Cause, ev.Cause.String()
	}
	if p.state != Looking { // else the message about the death is still to come, and tells it
		m.say(message.CauseKnown, p, func(s *message.Message) {
			s.PID = ev.ID.PID
			about(ev.Cause, s)
		})
	}
	if p.state == Looking && p.deadline != 0 {
		p.deadline = 0
		m.wantLook(p)
	}
}

func (m *Machine) trackFailed(in TrackFailed) {
	names := m.trackers[in.ID]
	delete(m.trackers, in.ID)
	for _, name := range names {
		if p := m.procs[name]; p != nil {
			m.lost(p, watch.Event{ID: in.ID, At: in.At})
		}
	}
}

// maxDead bounds the dead that an outage remembers.
const maxDead = 64

// lost takes the exit of one tracked process.
func (m *Machine) lost(p *process, ev watch.Event) {
	info, ok := p.tracked[ev.ID]
	if !ok {
		return
	}
	delete(p.tracked, ev.ID)
	expected := p.op != nil || p.state == Restarting && !p.attempt.started
	m.bury(p, death{Process: info, cause: ev.Cause, expected: expected}, ev.At)
	if expected {
		return // it is being stopped by procward
	}
	p.cause, p.lastCause, p.lastDown = ev.Cause, ev.Cause.String(), ev.At
	switch p.state {
	case Up, Settling, Looking, Unclear:
		if m.suspended != "" && p.state == Up && !p.enough() {
			m.sayDown(p, "suspended: "+m.suspended)
			m.enter(p, Unknown)
			return
		}
		m.enter(p, Looking)
		m.wantLook(p)
	}
}

// bury remembers a death: what is found later is judged by it.
func (m *Machine) bury(p *process, d death, at time.Duration) {
	p.changedAt = max(p.changedAt, at)
	first := !slices.ContainsFunc(p.dead, func(d death) bool { return !d.expected })
	if first && (!d.expected || len(p.dead) == 0) {
		p.died = at
	}
	if first && !d.expected && p.event != "count" {
		p.event = "exit"
	}
	p.dead = append(p.dead, d)
	if len(p.dead) > maxDead {
		p.dead = p.dead[1:]
	}
}

// looked takes the findings of a look.
func (m *Machine) looked(in Looked) {
	if in.Token != m.looking.token {
		return
	}
	delete(m.jobs, in.Token)
	at := m.looking.began
	m.looking.token, m.looking.rest = 0, m.now+min(lookRest*(m.now-at), maxRest)
	for _, name := range sortedKeys(in.Found) {
		if p := m.procs[name]; p != nil {
			m.judge(p, at, in.Found[name])
		}
	}
}

// judge takes what a look that began at a time found of one process: who is new, who is
// in doubt.
func (m *Machine) judge(p *process, at time.Duration, f Finding) {
	if f.Err != nil {
		m.doubt(p, message.Unreadable, f.Err.Error())
		return
	}
	news := m.newcomers(p, f)
	if len(news) > 0 || p.enough() {
		p.forgetDoubt(f)
	}
	m.adopt(p, news)
	m.sayExcess(p)
	if !p.enough() {
		if at < p.changedAt { // a successor of the last loss may be there since
			m.wantLook(p)
			return
		}
		if m.inDoubt(p, f) {
			return
		}
	}
	p.lookedAt, p.blind = m.now, false
	m.found(p, f, news)
	m.excess(p)
	m.ladderLooked(p, at)
}

// newcomers is the matching processes not yet tracked, orphans left out.
func (m *Machine) newcomers(p *process, f Finding) []procscan.Process {
	sel := f.Selection
	if p.rematch {
		m.dropUnmatched(p, sel)
	}
	left := p.stillStray(&sel, f.Unit.MainPID)
	news, orphans := sel.Selected, []procscan.Process(nil)
	if len(p.dead) > 0 {
		news, orphans = procscan.Judge(sel, p.corpses(), p.died-m.lag, p.spec.Restart.Settle.D(), f.Unit.MainPID, p.tracks()...)
	}
	p.orphans = append(orphans, left...)
	return slices.DeleteFunc(slices.Clone(news), func(q procscan.Process) bool {
		_, tracked := p.tracked[q.ID]
		return tracked
	})
}

// stillStray takes the orphans of earlier outages out of a selection: they are no heirs of
// the newly dead either. Those that are gone are forgotten.
func (p *process) stillStray(sel *procscan.Selection, mainPID int) []procscan.Process {
	if len(p.strays) == 0 {
		return nil
	}
	was := p.strays
	p.strays = nil
	stray := func(q procscan.Process) bool { return was[q.ID] && q.PID != sel.Hint && q.PID != mainPID }
	var left []procscan.Process
	for _, q := range sel.Matching {
		if stray(q) {
			left = append(left, q)
		}
	}
	p.keepStrays(left)
	sel.Matching = slices.DeleteFunc(slices.Clone(sel.Matching), stray)
	sel.Selected = slices.DeleteFunc(slices.Clone(sel.Selected), stray)
	return left
}

// keepStrays remembers orphans beyond the outage that left them.
func (p *process) keepStrays(orphans []procscan.Process) {
	for _, q := range orphans {
		if p.strays == nil {
			p.strays = map[procscan.ID]bool{}
		}
		p.strays[q.ID] = true
	}
}

// dropUnmatched untracks what the changed match no longer describes.
func (m *Machine) dropUnmatched(p *process, sel procscan.Selection) {
	p.rematch = false
	for _, id := range p.tracks() {
		if !slices.ContainsFunc(sel.Selected, func(q procscan.Process) bool { return q.ID == id }) {
			m.untrack(p, id)
		}
	}
}

func (m *Machine) untrack(p *process, id procscan.ID) {
	delete(p.tracked, id)
	others := slices.DeleteFunc(slices.Clone(m.trackers[id]), func(n string) bool { return n == p.name })
	if len(others) > 0 {
		m.trackers[id] = others
		return
	}
	delete(m.trackers, id)
	m.do(Untrack{ID: id})
}

// adopt tracks newly found processes.
func (m *Machine) adopt(p *process, news []procscan.Process) {
	for _, q := range news {
		p.tracked[q.ID] = q
		if len(m.trackers[q.ID]) == 0 {
			m.do(Track{ID: q.ID})
		}
		m.trackers[q.ID] = append(m.trackers[q.ID], p.name)
	}
	if len(news) > 0 {
		if u := systemd.UnitOf(news[0].Unit); u != "" {
			p.unit = u
		}
	}
}

// sayExcess reports more than count.max, once until it is over.
func (m *Machine) sayExcess(p *process) {
	was := p.excess
	p.excess = p.over() && (was || p.op == nil)
	p.endured = p.endured && p.over()
	if was || !p.excess {
		return
	}
	m.say(message.Excess, p, func(s *message.Message) {
		s.Detail = fmt.Sprintf("%d match, at most %d are wanted (pids %s)", len(p.tracked), p.spec.Match.Count.Max.N, pids(p.tracks()))
	})
}

// excess restarts what is up in more than count.max, where that is asked for.
func (m *Machine) excess(p *process) {
	if !p.over() || p.spec.Excess != confd.ExcessRestart || p.state != Up || p.endured || m.suspended != "" {
		return
	}
	if m.observe {
		p.endured = true
		m.sayObserved(p)
		return
	}
	p.event, p.died, p.cause = "count", m.now, watch.Cause{}
	m.plan(p, restart.Down)
}

func pids(ids []procscan.ID) string {
	var b strings.Builder
	for i, id := range ids {
		if i == 20 {
			return b.String() + " …"
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprint(&b, id.PID)
	}
	return b.String()
}

// inDoubt says that a process which could be the one cannot be read, and was not there
// in that state when all was well: then nothing is done.
func (m *Machine) inDoubt(p *process, f Finding) bool {
	for _, u := range f.Selection.Unreadable {
		if !p.unreadable[u.ID] {
			m.doubt(p, message.Unreadable, fmt.Sprintf("%s of pid %d (%s): %v", u.What, u.PID, u.Comm, u.Err))
			return true
		}
	}
	unproved := func(q procscan.Process) bool { return !p.strays[q.ID] }
	if m.toldLate(p) && slices.ContainsFunc(p.orphans, unproved) {
		m.doubt(p, message.Orphans, "pids "+processPIDs(p.orphans)+", or successors: procward itself was stopped when the death was to be told, so its time is not known")
		return true
	}
	return false
}

// lateWithin is how near to the end of a stop of the daemon a death was told that may
// have come at any time during it.
const lateWithin = 2 * time.Second

// toldLate says that the death may be much older than its wake-up, so that what started
// before the one may have started after the other.
func (m *Machine) toldLate(p *process) bool {
	return m.paused != 0 && (p.died-m.paused).Abs() < lateWithin
}

func (p *process) forgetDoubt(f Finding) {
	p.unreadable = map[procscan.ID]bool{}
	for _, u := range f.Selection.Unreadable {
		p.unreadable[u.ID] = true
	}
}

// doubt reports that nothing is known, once per outage, and looks again a little later.
func (m *Machine) doubt(p *process, kind *message.Kind, why string) {
	held := m.ladderOf(p).need[p.name] || p.attempt.ready != 0
	switch {
	case p.state == Unknown, p.state == Looking, p.state == Waiting && !m.observe:
		kept := p.deadline
		if p.state != Waiting {
			kept = 0
		}
		m.sayDoubt(p, kind, why)
		m.enter(p, Unclear)
		p.kept = kept
	case held && !p.blind:
		m.sayDoubt(p, kind, why)
		fallthrough
	default:
		if p.nextLook == 0 || p.nextLook > m.now+lookLast {
			p.nextLook = m.now + lookLast
		}
	}
	p.waitsFor, p.blind = why, true
}

func (m *Machine) sayDoubt(p *process, kind *message.Kind, why string) {
	m.say(kind, p, func(s *message.Message) { s.Detail = why + "; nothing is done while in doubt" })
}

// killing is how the process is ended by a stop that starts nothing after it, where
// `kill: never` has no script to leave it to.
func (p *process) killing() restart.Kill {
	if p.spec.Restart.Kill.Never {
		return restart.DefaultSpec().Kill
	}
	return p.spec.Restart.Kill
}
