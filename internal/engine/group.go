package engine

import "slices"

// members is the processes of a group in the order of starts.
func (m *Machine) members(group string) []string { return m.cfg.Members(group) }

// dependencies is every group that a group depends on, also through others.
func (m *Machine) dependencies(group string) []string {
	var out []string
	var visit func(name string)
	visit = func(name string) {
		for _, dep := range m.cfg.Groups[name].DependsOn {
			if !slices.Contains(out, dep) {
				out = append(out, dep)
				visit(dep)
			}
		}
	}
	visit(group)
	return out
}

// heldBy is the dependency that is down or being restarted, or empty.
func (m *Machine) heldBy(p *process) string {
	for _, dep := range m.dependencies(p.spec.Group) {
		for _, name := range m.members(dep) {
			switch m.procs[name].state {
			case Up, AbsentNow, EndedState, Unknown:
			default:
				return dep
			}
		}
	}
	return ""
}

// groupKey names what group operations exclude each other on.
func (p *process) groupKey() string {
	if p.spec.Group == "" {
		return "process " + p.name
	}
	return "group " + p.spec.Group
}
