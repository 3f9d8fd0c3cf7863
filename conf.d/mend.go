package confd

import (
	"fmt"
	"maps"
	"slices"
)

// missing are the names in drop-ins that are left out.
type missing struct {
	names   map[string]bool
	unknown bool // some of those drop-ins have names that cannot be read
}

// perhaps reports whether a name may be in a drop-in that is left out.
func (m missing) perhaps(name string) bool { return m.unknown || m.names[name] }

// lost collects the names of the versions that are left out.
func (cs candidates) lost() missing {
	m := missing{names: map[string]bool{}}
	for _, c := range cs {
		if c.use == c.newest {
			continue
		}
		m.unknown = m.unknown || !c.newest.known
		for _, n := range c.newest.names {
			m.names[n.name] = true
		}
	}
	return m
}

// holder is the drop-in that declares a name.
func (cs candidates) holder(whole *Config, name string) *candidate {
	file := whole.origins[name].file
	return cs[slices.IndexFunc(cs, func(c *candidate) bool { return c.newest.file == file })]
}

// rank orders names by the claim of their drop-ins: the latest claim is highest.
func (cs candidates) rank(whole *Config) func(name string) int {
	order := cs.byClaim()
	return func(name string) int { return slices.Index(order, cs.holder(whole, name)) }
}

// mend leaves out the references that still lead nowhere: from drop-ins that were in
// force and stay so, and to names in drop-ins that are left out. A monitor with such a
// reference is itself left out.
func (cs candidates) mend(whole *Config) {
	gone := cs.lost()
	drop := map[string][]string{} // by section and name: what is left out
	for _, f := range whole.faults(cs.rank(whole)) {
		p := whole.At(f.section, f.from, f.key, f.text+" (left out for now)")
		if !f.circle && gone.perhaps(f.to) {
			p.Text = fmt.Sprintf("%q may stand in a drop-in that is rejected: left out for now", f.to)
			p.Warning = true
		} else {
			cs.holder(whole, f.from).rejected = true
		}
		whole.Problems = append(whole.Problems, p)
		drop[f.from] = append(drop[f.from], f.to)
	}
	for name, to := range drop {
		if p, ok := whole.Processes[name]; ok {
			p.After = without(p.After, to)
			whole.Processes[name] = p
		}
		if g, ok := whole.Groups[name]; ok {
			g.DependsOn = without(g.DependsOn, to)
			whole.Groups[name] = g
		}
		delete(whole.Monitors, name)
	}
	whole.withoutNeeds()
	whole.doubt(gone)
}

// withoutNeeds leaves out the monitors that need one which is left out: without it they
// could act when they must not.
func (c *Config) withoutNeeds() {
	before := -1
	for before != len(c.Monitors) {
		before = len(c.Monitors)
		maps.DeleteFunc(c.Monitors, func(_ string, m Monitor) bool {
			return slices.ContainsFunc(m.Needs, func(need string) bool { _, ok := c.Monitors[need]; return !ok })
		})
	}
}

func without(names, drop []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(drop, n) })
}

// doubt warns of processes whose group does not exist, and of groups without a member.
func (c *Config) doubt(gone missing) {
	warn := func(section, name, key, text string) {
		p := c.At(section, name, key, text)
		p.Warning = true
		c.Problems = append(c.Problems, p)
	}
	members := map[string]bool{}
	for name, p := range c.Processes {
		members[p.Group] = true
		if _, ok := c.Groups[p.Group]; ok || p.Group == "" {
			continue
		}
		text := fmt.Sprintf("there is no group %q, so the process has no ladder but its own: %s", p.Group, meant(p.Group, maps.Keys(c.Groups)))
		if gone.perhaps(p.Group) {
			text = fmt.Sprintf("the group %q may stand in a drop-in that is rejected: until that is corrected the process has no ladder but its own", p.Group)
		}
		warn("processes", name, "group", text)
	}
	for name := range c.Groups {
		if !members[name] && len(gone.names) == 0 && !gone.unknown {
			warn("groups", name, "", "has no member: give a process group: "+name+", or remove the group")
		}
	}
}
