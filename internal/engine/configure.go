package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/procscan"
)

// configure puts a configuration in force. What did not change is not touched: tracked
// PIDs, counters and running scripts go on.
func (m *Machine) configure(cfg *confd.Config) {
	m.cfg = cfg
	var ops []*operation // that have lost members
	for _, name := range m.names {
		if _, stays := cfg.Processes[name]; !stays {
			if op := m.procs[name].op; op != nil && !slices.Contains(ops, op) {
				ops = append(ops, op)
			}
			m.forget(m.procs[name])
		}
	}
	m.names = sortedKeys(cfg.Processes)
	var moved []*process // to another ladder, while climbing
	for _, name := range m.names {
		if m.configureProcess(name, cfg.Processes[name]) {
			moved = append(moved, m.procs[name])
		}
	}
	for key, l := range m.ladders {
		_, group := cfg.Groups[l.group]
		if m.procs[l.process] == nil && (l.process != "" || !group) {
			delete(m.ladders, key)
		}
	}
	m.sayConfig()
	for _, op := range ops {
		m.membersLeft(op)
	}
	for _, p := range moved {
		m.join(p)
	}
	for _, key := range sortedKeys(m.ladders) {
		m.needsLeft(m.ladders[key])
	}
}

// forget stops watching a process whose name is gone. Its script finishes and is
// reported, nothing follows.
func (m *Machine) forget(p *process) {
	for _, id := range p.tracks() {
		m.untrack(p, id)
	}
	delete(m.procs, p.name)
	delete(m.looking.want, p.name)
}

// configureProcess gives a process its spec, and says whether that moves it to another
// ladder while it climbs.
func (m *Machine) configureProcess(name string, spec confd.Process) (moved bool) {
	p := m.procs[name]
	if p == nil {
		p = &process{name: name, spec: spec, state: Unknown, tracked: map[procscan.ID]procscan.Process{}, unreadable: map[procscan.ID]bool{}}
		p.unit = configuredUnit(spec)
		m.procs[name] = p
		m.wantLook(p)
		return false
	}
	old := p.spec
	p.spec = spec
	if !reflect.DeepEqual(old.Match, spec.Match) {
		p.rematch = true
		m.wantLook(p)
	}
	return p.state == Climbing && (old.Group != spec.Group || (old.Escalate == nil) != (spec.Escalate == nil))
}

// configuredUnit is the unit that a spec names, before the process itself tells.
func configuredUnit(spec confd.Process) string {
	for _, u := range []string{spec.Restart.Unit, spec.Match.Unit} {
		if strings.HasSuffix(u, ".service") && !strings.Contains(u, "/") {
			return u
		}
	}
	return ""
}

func (m *Machine) sayConfig() {
	rejected := 0
	for _, f := range m.cfg.Files {
		if f.Rejected {
			rejected++
		}
	}
	for _, problem := range m.cfg.Problems {
		kind := message.ConfigRejected
		if problem.Warning {
			kind = message.ConfigWarning
		}
		m.say(kind, nil, func(s *message.Message) { s.Detail = problem.String() })
	}
	if len(m.names) == 0 {
		m.say(message.ConfigEmpty, nil, nil)
		return
	}
	m.say(message.ConfigLoaded, nil, func(s *message.Message) {
		s.Detail = fmt.Sprintf("processes: %d, groups: %d, drop-ins: %d, rejected: %d",
			len(m.names), len(m.cfg.Groups), len(m.cfg.Files), rejected)
	})
}
