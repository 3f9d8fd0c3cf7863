package engine

import (
	"procward/internal/engine/signs"
	"procward/watch/vital"
)

// attend carries out what an Attention wants done.
func (m *Machine) attend(commands []signs.Command) {
	for _, c := range commands {
		switch c := c.(type) {
		case signs.Watch:
			m.do(Attend{c})
		case signs.Leave:
			m.do(Unattend{c})
		}
	}
}

// nextRound numbers a round of signs.
func (m *Machine) nextRound() int {
	m.rounds++
	return m.rounds
}

// stir lets what is watched of a process be reckoned anew at the end of the step.
func (m *Machine) stir(p *process) {
	if p.watched.Known() || p.spec.Stall != nil || p.spec.Limits != (vital.Limits{}) {
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
		m.attend(p.watched.Leave(p.name))
		m.unstall(p)
		return
	case !p.attended():
		m.attend(p.watched.Later(p.name, p.spec.Checks(), m.now, m.nextRound))
		return
	}
	round := p.watched.Given.Round
	m.attend(p.watched.Watch(signs.Watch{Target: p.name, IDs: p.tracks(), Checks: p.spec.Checks(), Vital: p.spec.Vital()}, m.now, m.nextRound))
	if round != 0 && round != p.watched.Given.Round {
		m.unstall(p) // it is judged afresh
	}
}

// attended reports whether the signs of the process are to be watched: while it is up, and while
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
		return p.watched.On()
	}
	return p.isStalled()
}
