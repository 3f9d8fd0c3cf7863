// Package confd reads the drop-ins: it parses, validates, composes and follows the
// YAML files of a conf.d directory, and embeds the drop-ins that procward ships. It
// knows the sections; each section's keys belong to the package that obeys them.
package confd

import (
	"fmt"
	"maps"
	"slices"

	"procward/escalate"
	"procward/watch/probe"
)

// Config is the whole configuration, composed of every good drop-in. Two configurations
// are compared section by section with reflect.DeepEqual.
type Config struct {
	Daemon    Daemon
	Processes map[string]Process
	Groups    map[string]escalate.Group
	Monitors  map[string]Monitor
	Files     []File    // every drop-in, in order, good or bad
	Problems  []Problem // what is wrong or doubtful, in order of file and line

	origins map[string]origin // of every process, group and monitor, by name
}

// File is one drop-in as it was last read.
type File struct {
	Name     string `json:"name"`     // its path
	Rejected bool   `json:"rejected"` // it, or its newest version, is left out
	Stale    bool   `json:"stale"`    // its last good version stands in for it
}

// AllRejected reports whether there are drop-ins and the newest version of each is bad.
func (c *Config) AllRejected() bool {
	for _, f := range c.Files {
		if !f.Rejected {
			return false
		}
	}
	return len(c.Files) > 0
}

// Scripts is the path of every script, plug-in and hook in the configuration, sorted, each once.
func (c *Config) Scripts() []string {
	var paths []string
	for _, p := range c.Processes {
		paths = append(paths, programs(p.needs())...)
	}
	for _, g := range c.Groups {
		paths = append(paths, programs(groupNeeds(g))...)
	}
	for _, m := range c.Monitors {
		paths = append(paths, programs(m.needs())...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func programs(needs []need) []string {
	var paths []string
	for _, n := range needs {
		if n.use == probe.Runs {
			paths = append(paths, n.argv[0])
		}
	}
	return paths
}

// Members returns the processes of a group in the order of starts: after those that they
// name under after, else by name.
func (c *Config) Members(group string) []string {
	return c.MembersOfAll()[group]
}

// MembersOfAll is Members of every group that has members.
func (c *Config) MembersOfAll() map[string][]string {
	out, seen := map[string][]string{}, map[string]bool{}
	var visit func(group, name string)
	visit = func(group, name string) {
		p, ok := c.Processes[name]
		if !ok || p.Group != group || seen[name] {
			return
		}
		seen[name] = true
		for _, before := range p.After {
			visit(group, before)
		}
		out[group] = append(out[group], name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Processes)) {
		if group := c.Processes[name].Group; group != "" {
			visit(group, name)
		}
	}
	return out
}

// Use is one rung that ends or resets the operating system, at one place.
type Use struct {
	Rung               string // "reboot"
	Section, Name, Key string // "groups", "web", "escalate[1].reboot", as At takes them
}

// OSRungs lists the rungs that end or reset the operating system, by section, name and
// place.
func (c *Config) OSRungs() []Use {
	var out []Use
	add := func(section, name string, l escalate.Ladder) {
		for i, r := range l {
			if r.OS() {
				out = append(out, Use{r.Name(), section, name, fmt.Sprintf("escalate[%d].%s", i, r.Name())})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Processes)) {
		if p := c.Processes[name]; p.Escalate != nil {
			add("processes", name, *p.Escalate)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Groups)) {
		add("groups", name, c.Groups[name].Escalate)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Monitors)) {
		add("monitors", name, c.Monitors[name].Escalate)
	}
	return out
}

// At makes a problem at a key of a process, group or monitor (section "processes",
// "groups" or "monitors"), with its place in the drop-in.
func (c *Config) At(section, name, key, text string) Problem {
	return c.origins[name].problem(join(section, name), key, text)
}
