package engine

import (
	"slices"
	"time"

	"procward/internal/message"
	"procward/watch"
)

// died takes an exit, or the cause of an earlier one, to every process that tracked it.
func (m *Machine) died(ev watch.Event) {
	if ev.Belated {
		for _, name := range m.graves.of[ev.ID] {
			if p := m.procs[name]; p != nil {
				m.causeKnown(p, ev)
			}
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
	m.touch(p)
	p.recall()
	if p.state != Looking && !p.dead[i].passing() { // else the message about the death is still to come, and tells it
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
	m.stir(p)
	stalled := p.isStalled()
	traits := p.traits[ev.ID]
	delete(p.tracked, ev.ID)
	delete(p.traits, ev.ID)
	expected := p.op != nil || p.state == Restarting && !p.attempt.started || stalled && p.stall.ids[ev.ID] && p.endsIt()
	m.bury(p, death{Process: info, traits: traits, cause: ev.Cause, expected: expected}, ev.At)
	if expected {
		return // it is being stopped by procward
	}
	p.cause, p.lastCause, p.lastDown = ev.Cause, ev.Cause.String(), ev.At
	switch p.state {
	case Up, Settling, Looking, Unclear:
		if m.suspends(p) != "" && p.state == Up && !p.enough() {
			m.sayDown(p, "")
			m.enter(p, Unknown)
			return
		}
		m.enter(p, Looking)
		m.wantLook(p)
	default:
		if stalled && !p.isStalled() {
			m.stalledLost(p)
		}
	}
}

// bringPast takes what has died as past, since it was found again. One that ended after the
// newest script was started, and is followed by another, was on its way to that.
func (p *process) bringPast() {
	for i := range p.dead {
		d := &p.dead[i]
		d.launched = d.launched || !d.past && !d.expected && p.script != 0 && d.at > p.script
		d.past = true
	}
	p.recall()
}

// passing reports whether a death was only the end of a launcher: it matched for a moment, and is
// not known to have failed.
func (d death) passing() bool { return d.launched && (!d.cause.Known || d.cause.Clean()) }

// recall puts the last death of the outage in its place again.
func (p *process) recall() {
	for _, d := range slices.Backward(p.dead) {
		if !d.expected && !d.passing() {
			p.cause, p.lastCause, p.lastDown = d.cause, d.cause.String(), max(d.at, p.died)
			return
		}
	}
}

// endsIt reports whether procward is ending what is stalled, or has it write a dump, which may
// end it as well.
func (p *process) endsIt() bool {
	return p.state == Restarting || p.evidence != 0 && p.spec.Restart.Dump != nil
}

// bury remembers a death: what is found later is judged by it.
func (m *Machine) bury(p *process, d death, at time.Duration) {
	m.touch(p)
	d.at = at
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
	m.digGrave(d.ID, p.name)
}
