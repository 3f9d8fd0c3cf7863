package engine

import (
	"slices"

	confd "procward/conf.d"
)

// relations says who depends on whom in the configuration in force. It is worked out
// once, because a death must not search ten thousand entries for those that it concerns.
type relations struct {
	members    map[string][]string // of a group, in the order of starts
	needs      map[string][]string // the groups that a group depends on, also through others
	dependents map[string][]string // the other way round
	monitored  map[string][]string // by process: the monitors that restart it
	neededBy   map[string][]string // by monitor: those that need it directly
}

func newRelations(cfg *confd.Config) relations {
	r := relations{
		members: cfg.MembersOfAll(), needs: map[string][]string{}, dependents: map[string][]string{},
		monitored: map[string][]string{}, neededBy: map[string][]string{},
	}
	for _, group := range sortedKeys(cfg.Groups) {
		r.needs[group] = dependencies(cfg, group)
		for _, dep := range r.needs[group] {
			r.dependents[dep] = append(r.dependents[dep], group)
		}
	}
	for _, name := range sortedKeys(cfg.Monitors) {
		for _, target := range r.targets(cfg, cfg.Monitors[name]) {
			r.monitored[target] = append(r.monitored[target], name)
		}
		for _, need := range cfg.Monitors[name].Needs {
			r.neededBy[need] = append(r.neededBy[need], name)
		}
	}
	return r
}

// targets is the processes that a monitor restarts, in the order of starts.
func (r relations) targets(cfg *confd.Config, mon confd.Monitor) []string {
	if _, is := cfg.Processes[mon.Recover]; is {
		return []string{mon.Recover}
	}
	return r.members[mon.Recover]
}

// dependencies is every group that a group depends on, also through others.
func dependencies(cfg *confd.Config, group string) []string {
	var out []string
	var visit func(name string)
	visit = func(name string) {
		for _, dep := range cfg.Groups[name].DependsOn {
			if !slices.Contains(out, dep) {
				out = append(out, dep)
				visit(dep)
			}
		}
	}
	visit(group)
	return out
}

// unsettle makes what is watched of a monitor, and of those that need it, be calculated
// again at the end of the step, and also the time when it is due.
func (m *monitors) unsettle(mon *attended) {
	m.alarms.mark(keyMonitor + mon.Name)
	if m.unsettled[mon.Name] {
		return
	}
	m.unsettled[mon.Name] = true
	for _, name := range m.relations.neededBy[mon.Name] {
		if other := m.all[name]; other != nil {
			m.unsettle(other)
		}
	}
}

// unsettleOf does this for the monitors that restart a process.
func (m *monitors) unsettleOf(p *process) {
	for _, name := range m.relations.monitored[p.Name] {
		if mon := m.all[name]; mon != nil {
			m.unsettle(mon)
		}
	}
}
