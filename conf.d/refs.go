package confd

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// ref is one name that a section names at one of its keys.
type ref struct {
	section, from, key, to string // "processes", "httpd", "after[0]", "appserver"
}

// fault is a reference that leads nowhere, or in a circle.
type fault struct {
	ref
	circle bool
	text   string
}

// faults finds what is wrong with the references of a composition. In a circle it blames
// the reference whose section has the highest rank.
func (c *Config) faults(rank func(name string) int) []fault {
	var out []fault
	var afters, depends, needs []ref
	for _, name := range slices.Sorted(maps.Keys(c.Processes)) {
		for i, to := range c.Processes[name].After {
			r := ref{"processes", name, fmt.Sprintf("after[%d]", i), to}
			if text := c.notBeside(name, to); text != "" {
				out = append(out, fault{ref: r, text: text})
			} else {
				afters = append(afters, r)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Groups)) {
		for i, to := range c.Groups[name].DependsOn {
			r := ref{"groups", name, fmt.Sprintf("depends-on[%d]", i), to}
			if _, ok := c.Groups[to]; !ok {
				out = append(out, fault{ref: r, text: fmt.Sprintf("there is no group %q: %s", to, meant(to, maps.Keys(c.Groups)))})
			} else {
				depends = append(depends, r)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Monitors)) {
		m := c.Monitors[name]
		if r := (ref{"monitors", name, "recover", m.Recover}); m.Recover != "" && !c.recoverable(m.Recover) {
			out = append(out, fault{ref: r, text: fmt.Sprintf("there is no process or group %q: %s", m.Recover, meant(m.Recover, c.recoverables()))})
		}
		for i, to := range m.Needs {
			r := ref{"monitors", name, fmt.Sprintf("needs[%d]", i), to}
			if _, ok := c.Monitors[to]; !ok {
				out = append(out, fault{ref: r, text: fmt.Sprintf("there is no monitor %q: %s", to, meant(to, maps.Keys(c.Monitors)))})
			} else {
				needs = append(needs, r)
			}
		}
	}
	return slices.Concat(out, circles(afters, rank), circles(depends, rank), circles(needs, rank))
}

// recoverable reports whether a monitor may restart this name.
func (c *Config) recoverable(name string) bool {
	return slices.Contains(slices.Collect(c.recoverables()), name)
}

// recoverables is the names of all processes and groups.
func (c *Config) recoverables() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range c.Processes {
			if !yield(name) {
				return
			}
		}
		for name := range c.Groups {
			if !yield(name) {
				return
			}
		}
	}
}

// notBeside says why a process is not a member of another's group, "" if it is one.
func (c *Config) notBeside(name, to string) string {
	group := c.Processes[name].Group
	p, ok := c.Processes[to]
	if ok && p.Group == group {
		return ""
	}
	members := map[string]bool{}
	for n, p := range c.Processes {
		if p.Group == group && n != name {
			members[n] = true
		}
	}
	switch {
	case !ok:
		return fmt.Sprintf("there is no process %q in group %s: %s", to, group, meant(to, maps.Keys(members)))
	case p.Group == "":
		return fmt.Sprintf("%s is in no group, and after orders the members of one: give it group: %s, or remove it here", to, group)
	}
	return fmt.Sprintf("%s is in group %s, not in %s: use depends-on between the groups, or remove it here", to, p.Group, group)
}

// circles finds a circle, blames one of its references, leaves that out and looks again.
func circles(refs []ref, rank func(name string) int) []fault {
	var out []fault
	for {
		circle := findCircle(refs)
		if circle == nil {
			return out
		}
		blamed := slices.MaxFunc(circle, func(a, b ref) int { return rank(a.from) - rank(b.from) })
		i := slices.Index(circle, blamed)
		out = append(out, fault{ref: blamed, circle: true, text: "goes in a circle: " + words(append(circle[i:], circle[:i]...)) + ": remove one of them"})
		refs = slices.DeleteFunc(refs, func(r ref) bool { return r == blamed })
	}
}

// words shows a circle: "a → b → a".
func words(circle []ref) string {
	var b strings.Builder
	for _, r := range circle {
		b.WriteString(r.from + " → ")
	}
	return b.String() + circle[0].from
}

// findCircle gives the references of one circle, in order, or nil.
func findCircle(refs []ref) []ref {
	next := map[string][]ref{}
	for _, r := range refs {
		next[r.from] = append(next[r.from], r)
	}
	done := map[string]bool{}
	var path []ref
	var visit func(name string) []ref
	visit = func(name string) []ref {
		if i := slices.IndexFunc(path, func(r ref) bool { return r.from == name }); i >= 0 {
			return slices.Clone(path[i:])
		}
		if done[name] {
			return nil
		}
		done[name] = true
		for _, r := range next[name] {
			path = append(path, r)
			if found := visit(r.to); found != nil {
				return found
			}
			path = path[:len(path)-1]
		}
		return nil
	}
	for _, r := range refs {
		if found := visit(r.from); found != nil {
			return found
		}
	}
	return nil
}

// meant is the remedy for a name that does not exist.
func meant(name string, names func(func(string) bool)) string {
	known := slices.Sorted(names)
	if near := nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 || len(known) > 12 {
		return "add it, or remove it here"
	}
	return "add it, or remove it here; known here: " + strings.Join(known, ", ")
}
