package engine

// members is the processes of a group in the order of starts.
func (m *Machine) members(group string) []string { return m.relations.members[group] }

// those returns the processes of the names, in their order. A name that has gone with a
// reload is left out.
func (m *Machine) those(names []string) []*process {
	out := make([]*process, 0, len(names))
	for _, name := range names {
		if p := m.procs[name]; p != nil {
			out = append(out, p)
		}
	}
	return out
}

// dependencies is every group that a group depends on, also through others.
func (m *Machine) dependencies(group string) []string { return m.relations.needs[group] }

// heldBy is the dependency that is down or being restarted, or empty.
func (m *Machine) heldBy(p *process) string {
	for _, dep := range m.dependencies(p.Spec.Group) {
		if m.tallyOf(dep).down > 0 {
			return dep
		}
	}
	return ""
}

// groupKey names what group operations exclude each other on.
func (p *process) groupKey() string {
	if p.Spec.Group == "" {
		return "process " + p.Name
	}
	return "group " + p.Spec.Group
}
