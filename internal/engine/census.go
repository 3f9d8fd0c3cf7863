package engine

import (
	"procward/procscan"
)

// census counts the members of each group by the questions that others ask, so that
// nobody has to go through a group because of one member. Members whose state may have
// changed are counted again before the next question.
type census struct {
	stale  map[string]bool    // processes to be counted anew, by name
	as     map[string]counted // what each one is counted as
	groups map[string]*tally
}

// counted is what one process is counted as.
type counted struct {
	group   string
	down    bool // dependents have to wait
	notUp   bool // it prevents the climb of the group's ladder from ending
	spent   bool // it climbs with the group, has to wait for a dependency and has no attempt left
	held    bool // it has to wait for a dependency itself
	climber bool // it climbs with the group
}

// tally is the counts of one group.
type tally struct {
	down, notUp, spent int
	held               map[string]bool // members that have to wait for a dependency, by name
}

func newCensus() census {
	return census{stale: map[string]bool{}, as: map[string]counted{}, groups: map[string]*tally{}}
}

// countedAs says what a process is counted as now.
func (p *process) countedAs() counted {
	state := p.State()
	c := counted{group: p.Spec.Group, held: state == HeldState, climber: p.Spec.Escalate == nil}
	switch state {
	case Up, AbsentNow, EndedState, Unknown:
	default:
		c.down = true
	}
	c.notUp = c.climber && p.Required() && state != Up
	c.spent = c.climber && c.held && p.History.Exhausted
	return c
}

// tallyOf is the counts of a group.
func (m *Machine) tallyOf(group string) tally {
	for name := range m.census.stale {
		m.census.recount(name, m.procs[name])
	}
	m.census.stale = emptied(m.census.stale)
	if t := m.census.groups[group]; t != nil {
		return *t
	}
	return tally{}
}

func (c *census) recount(name string, p *process) {
	if was, counted := c.as[name]; counted {
		c.add(name, was, -1)
		delete(c.as, name)
	}
	if p != nil && p.Spec.Group != "" {
		now := p.countedAs()
		c.add(name, now, 1)
		c.as[name] = now
	}
}

func (c *census) add(name string, as counted, n int) {
	t := c.groups[as.group]
	if t == nil {
		t = &tally{held: map[string]bool{}}
		c.groups[as.group] = t
	}
	for count, yes := range map[*int]bool{&t.down: as.down, &t.notUp: as.notUp, &t.spent: as.spent} {
		if yes {
			*count += n
		}
	}
	if delete(t.held, name); as.held && n > 0 {
		t.held[name] = true
	}
}

// graves says to which process a dead one belonged, for causes that come later. Entries
// that no outage remembers are removed whenever it has doubled.
type graves struct {
	of   map[procscan.ID][]string
	tidy int // the size at which it is cleaned next
}

const leastGraves = 1024

func (m *processes) digGrave(id procscan.ID, name string) {
	if m.graves.of == nil {
		m.graves = graves{of: map[procscan.ID][]string{}, tidy: leastGraves}
	}
	m.graves.of[id] = append(m.graves.of[id], name)
	if len(m.graves.of) < m.graves.tidy {
		return
	}
	m.graves.of = map[procscan.ID][]string{}
	for _, name := range m.names {
		for _, id := range m.procs[name].DeadIDs() {
			m.graves.of[id] = append(m.graves.of[id], name)
		}
	}
	m.graves.tidy = max(2*len(m.graves.of), leastGraves)
}
