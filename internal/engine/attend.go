package engine

import (
	"reflect"
	"slices"
	"time"

	"procward/procscan"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// attention is what the machine knows of the signs of one target, a process or a monitor.
// The zero value watches nothing.
type attention struct {
	given  Attend // in force; its round is 0 while nothing is watched
	since  time.Duration
	signs  map[string]sign // of this round, by name
	afresh bool            // the next Attend begins a new round whatever it says
	rests  bool            // it was watched, and will be again
	heard  []probe.Check   // the notify checks whose sockets are there
}

// sign is one sign of a round.
type sign struct {
	watch.Sign               // as it was told last
	since      time.Duration // when this verdict was first told
	bad        bool          // it was bad, and has not been ok since
}

func (a *attention) on() bool { return a.given.Round != 0 }

// hears says that a sign belongs to what is watched now.
func (a *attention) hears(s watch.Sign) bool { return a.on() && a.given.Round == s.Round }

// take remembers a sign and gives the one before it.
func (a *attention) take(s watch.Sign) (old sign) {
	old = a.signs[s.Name]
	now := sign{Sign: s, since: s.At, bad: s.Verdict == watch.Bad || old.bad && s.Verdict != watch.OK}
	a.signs[s.Name] = now
	return old
}

// bad says that a sign which is not only reported is bad.
func (a *attention) bad() bool {
	for _, s := range a.signs {
		if s.bad && !s.Report {
			return true
		}
	}
	return false
}

// reported says that a sign is bad, even if it is only reported.
func (a *attention) reported() bool {
	for _, s := range a.signs {
		if s.bad {
			return true
		}
	}
	return false
}

// verdict is that of a monitor, which has one sign.
func (a *attention) verdict() watch.Verdict {
	for _, s := range a.signs {
		return s.Verdict
	}
	return watch.Pending
}

// attend watches a target as want says. A new round begins when the specs have changed,
// or none of the processes is left that were watched before.
func (m *Machine) attend(a *attention, want Attend) {
	want.Round = a.given.Round
	same := func(id procscan.ID) bool { return slices.Contains(want.IDs, id) }
	switch {
	case !a.on(), a.afresh, len(a.given.IDs) > 0 && !slices.ContainsFunc(a.given.IDs, same),
		!reflect.DeepEqual(a.given.Checks, want.Checks), !reflect.DeepEqual(a.given.Vital, want.Vital):
		m.rounds++
		want.Round = m.rounds
		a.since, a.signs, a.afresh = m.now, map[string]sign{}, false
	case slices.Equal(a.given.IDs, want.IDs):
		return
	}
	a.given, a.heard = want, notifies(want.Checks)
	m.do(want)
}

// attendLater watches a target no more for now. The sockets of its notify checks are there before
// the program is started that looks for them, so they are opened where they are not.
func (m *Machine) attendLater(a *attention, target string, checks []probe.Check) {
	if ears := notifies(checks); len(ears) > 0 && !reflect.DeepEqual(a.heard, ears) {
		m.attend(a, Attend{Target: target, Checks: ears})
	}
	if a.on() {
		m.do(Unattend{Target: target, Stays: true})
		*a = attention{rests: true, heard: a.heard}
	}
}

// unattend watches a target no more.
func (m *Machine) unattend(a *attention, target string) {
	if a.on() || a.rests {
		m.do(Unattend{Target: target})
		*a = attention{}
	}
}

// notifies is those checks that a program is to speak to by itself.
func notifies(checks []probe.Check) []probe.Check {
	var out []probe.Check
	for _, c := range checks {
		if c.Does(probe.Listens) {
			out = append(out, c)
		}
	}
	return out
}

// stir lets what is watched of a process be reckoned anew at the end of the step.
func (m *Machine) stir(p *process) {
	if p.watched.on() || p.watched.rests || p.spec.Stall != nil || p.spec.Limits != (vital.Limits{}) {
		m.stirred[p.name] = true
	}
}

// attendStirred fits what is watched to where the processes have come to in this step.
func (m *Machine) attendStirred() {
	if len(m.stirred) == 0 {
		return
	}
	for _, name := range sortedKeys(m.stirred) {
		if p := m.procs[name]; p != nil {
			m.attendProcess(p)
		}
	}
	m.stirred = emptied(m.stirred)
}

func (m *Machine) attendProcess(p *process) {
	hasSigns := p.spec.Stall != nil || p.spec.Limits != (vital.Limits{})
	switch {
	case !hasSigns:
		m.unattend(&p.watched, p.name)
		m.unstall(p)
		return
	case !p.attended():
		m.attendLater(&p.watched, p.name, p.spec.Checks())
		return
	}
	round := p.watched.given.Round
	m.attend(&p.watched, Attend{Target: p.name, IDs: p.tracks(), Checks: p.spec.Checks(), Vital: p.spec.Vital()})
	if round != 0 && round != p.watched.given.Round {
		m.unstall(p) // it is judged afresh
	}
}

// attended says that the signs of the process are to be watched: while it is up, and while
// it is stalled, as it may begin to work again by itself. Members in the hands of a group
// operation are not.
func (p *process) attended() bool {
	if p.op != nil || len(p.tracked) == 0 {
		return false
	}
	switch p.state {
	case Up, Settling:
		return true
	case Looking, Unclear, Unknown:
		return p.watched.on()
	}
	return p.isStalled()
}
