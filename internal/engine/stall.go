package engine

import (
	"fmt"
	"strings"
	"time"

	"procward/internal/engine/climb"
	"procward/internal/engine/signs"
	"procward/internal/message"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
)

// stalled is what the machine knows of the stall of a process, from the first bad sign
// until all signs are ok again, or none of those is left that it was a sign of.
type stalled struct {
	ids  map[procscan.ID]bool // tracked when it began
	sign watch.Sign           // the first one, of the round in which it began
	told bool                 // looked at, and said
	old  bool                 // an earlier daemon saw it, and no sign is bad yet in this one
}

// stale reports whether its stall is known from an earlier daemon alone: it may have healed since,
// so nothing is done about it until a sign is bad again.
func (p *process) stale() bool { return p.isStalled() && p.stall.old }

// stillBad takes a sign that shows that a stall of an earlier daemon goes on.
func (m *Machine) stillBad(p *process) {
	if p.stall == nil || !p.stall.old {
		return
	}
	p.stall.old = false
	m.resumeClimb(p)
}

// resumeClimb looks again before a rung that had to wait for something about a process.
func (m *Machine) resumeClimb(p *process) {
	m.climb(m.ladderOf(p), climb.LookAgain{})
}

// isStalled reports whether it is there and does not work, as far as the signs tell.
func (p *process) isStalled() bool {
	if p.stall == nil {
		return false
	}
	for id := range p.tracked {
		if p.stall.ids[id] {
			return true
		}
	}
	return false
}

// well reports whether enough are there, and they work as far as the signs tell.
func (p *process) well() bool { return p.enough() && !p.isStalled() }

// healed reports whether the stall is over: nothing is bad any more, and where the signs are
// watched afresh since, what was bad is ok and every probe is.
func (p *process) healed() bool {
	switch {
	case p.watched.Bad():
		return false
	case p.watched.Given.Round == p.stall.sign.Round:
		return true
	}
	return len(p.unknown()) == 0 && p.watched.Of(p.stall.sign.Name).Verdict == watch.OK
}

// suspect takes the first bad sign: before anything is decided there is a look, as the
// unit may be in the operator's hands.
func (m *Machine) suspect(p *process, s watch.Sign) {
	p.stall = &stalled{ids: map[procscan.ID]bool{}, sign: s}
	for id := range p.tracked {
		p.stall.ids[id] = true
	}
	m.touch(p)
	switch {
	case p.state == Up, p.state == Settling:
		m.enter(p, Looking)
		m.wantLook(p)
	case p.state == Unknown && m.suspends(p) != "":
		m.sayStall(p, "suspended: "+m.suspends(p))
	}
}

// unstall forgets a stall: the process works again, or is judged afresh. A look then
// finds it well. Nothing is decided by an older look.
func (m *Machine) unstall(p *process) {
	if p.stall == nil {
		return
	}
	p.stall = nil
	m.touch(p)
	if p.op != nil || len(p.tracked) == 0 {
		return
	}
	switch p.state {
	case Up, Settling:
	default:
		p.lookedAt = 0
		m.wantLook(p)
	}
}

// stallSeen is the look after a bad sign, or after a while in other hands.
func (m *Machine) stallSeen(p *process, f Finding) {
	if len(p.dead) > 0 && p.event == "exit" && !p.outage {
		m.sayLost(p)
	}
	switch {
	case m.suspends(p) != "":
		m.sayStall(p, "suspended: "+m.suspends(p))
		m.letGo(p)
		m.enter(p, Unknown)
	case m.inHands(p, f):
	default:
		m.stalled(p)
	}
}

// stalled is a stall beyond doubt: the evidence is taken at once, and the policy asked.
func (m *Machine) stalled(p *process) {
	s := p.stall.sign
	why := signs.InWords(s)
	p.event, p.died, p.lastDown, p.cause, p.lastCause = "stall", s.At, s.At, watch.Cause{}, why
	p.stall.told = true
	p.stalledAt, p.stalledPID = s.At, s.PID
	if p.stalledPID == 0 {
		p.stalledPID = firstPID(p)
	}
	m.sayStall(p, "")
	if !m.observe {
		m.takeEvidence(p)
	}
	if p.attempt.number > 0 {
		m.attemptFailed(p, why)
		return
	}
	m.plan(p, restart.Down)
}

// sayStall tells of the sign that made the stall.
func (m *Machine) sayStall(p *process, besides string) {
	m.say(message.Stall, p, func(s *message.Message) {
		signs.About(p.stall.sign, s)
		if s.PID == 0 {
			s.PID = firstPID(p)
		}
		if besides != "" {
			s.Detail = strings.TrimPrefix(s.Detail+"; "+besides, "; ")
		}
	})
}

func (m *Machine) takeEvidence(p *process) {
	if p.evidence != 0 {
		return
	}
	p.evidence = m.newToken(job{process: p.name})
	m.do(Evidence{Token: p.evidence, Target: p.name, Sign: p.stall.sign.Name, Why: p.lastCause, IDs: p.tracks(), Spec: p.spec.Restart})
}

func (m *Machine) evidenceTaken(in EvidenceTaken) {
	j, ok := m.jobs[in.Token]
	if !ok {
		return
	}
	delete(m.jobs, in.Token)
	p := m.procs[j.process]
	tell := func(kind *message.Kind, detail string) {
		m.say(kind, p, func(s *message.Message) { s.Process, s.Detail = j.process, detail })
	}
	if in.Path != "" {
		tell(message.EvidenceKept, in.Path)
	}
	if in.Err != nil {
		tell(message.EvidenceFailed, in.Err.Error())
	}
	m.sayKilled(j.process, p, in.Ended)
	m.expected(p, in.Ended)
	if p != nil && p.evidence == in.Token {
		p.evidence = 0
		m.resumeClimb(p)
	}
}

// stalledLost is the loss of the last of a stalled process while it waits for its
// restart: from here on it is what any exit is.
func (m *Machine) stalledLost(p *process) {
	switch {
	case p.state == Waiting && !m.observe:
		m.enter(p, Looking)
		m.wantLook(p)
	case p.state == Waiting, p.state == Climbing, p.state == GaveUp, p.state == HeldState, p.state == Handed:
		m.sayDown(p, "it was stalled")
		m.wantLook(p)
	}
}

// settled is where the settle time is over: recovered, or not yet proved to work.
func (m *Machine) settled(p *process) {
	why, until := m.unproved(p)
	if why == "" {
		m.recovered(p)
		return
	}
	m.touch(p)
	p.waitsFor, p.deadline = why, 0
	if until > m.now {
		p.deadline = until
	}
}

// unproved is the probe that a recovery waits for, or empty, and until when it does so at
// most. A probe that fails decides itself; one that tells nothing holds nothing for ever.
func (m *Machine) unproved(p *process) (why string, until time.Duration) {
	checks := p.spec.Checks()
	for i, name := range probe.Names(checks) {
		verdict := p.watched.Of(name).Verdict
		patience := p.watched.Since + signs.Longest(checks[i])
		if checks[i].Action == watch.ActReport || verdict == watch.OK ||
			(verdict == watch.Pending || verdict == watch.Blind) && m.now >= patience {
			continue
		}
		if why == "" {
			why = "the probe " + name + " to succeed"
		}
		until = max(until, patience)
	}
	return why, until
}

// unknown is the probes that have told nothing, at a recovery.
func (p *process) unknown() []string {
	var out []string
	checks := p.spec.Checks()
	for i, name := range probe.Names(checks) {
		if v := p.watched.Of(name).Verdict; checks[i].Action != watch.ActReport && v != watch.OK {
			out = append(out, name)
		}
	}
	return out
}

func (m *Machine) sayLost(p *process) {
	m.say(message.Lost, p, func(s *message.Message) {
		m.aboutDead(p, s)
		s.Detail = fmt.Sprintf("%d are left, %d are needed", len(p.tracked), p.spec.Match.Count.Min)
	})
}
