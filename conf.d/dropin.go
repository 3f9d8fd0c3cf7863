package confd

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"procward/escalate"
	"procward/internal/scalar"
)

// dropin is the content of one YAML file.
type dropin struct {
	Daemon    *Daemon                   `yaml:"daemon"`
	Processes map[string]Process        `yaml:"processes"`
	Groups    map[string]escalate.Group `yaml:"groups"`
	Monitors  map[string]Monitor        `yaml:"monitors"`
}

// version is one reading of a drop-in: its content, and what is wrong with it.
type version struct {
	file     string
	sum      sum
	dropin   dropin
	known    bool       // the names below are all that it has; false where it could not be parsed
	names    []declared // every process, group and monitor, and daemonName, in order of the file
	problems []Problem
}

// declared is one name that a drop-in declares, with its place.
type declared struct {
	section, name string // "processes", "httpd"
	origin        origin
}

// daemonName stands for the daemon: section among the names.
const daemonName = "daemon:"

// path is the key of the declaration.
func (d declared) path() string {
	if d.name == daemonName {
		return "daemon"
	}
	return join(d.section, d.name)
}

// bad reports whether the version cannot be used.
func (v *version) bad() bool { return hasErrors(v.problems) }

// read parses and validates one drop-in by itself.
func read(file string, text []byte) *version {
	v := &version{file: file, sum: sha256.Sum256(text)}
	root, p := parse(file, text)
	if p != nil {
		v.problems = []Problem{*p}
		return v
	}
	v.known = true
	if root == nil {
		return v
	}
	d := &decoder{file: file}
	d.value(root, root, reflect.ValueOf(&v.dropin).Elem(), "")
	v.problems = d.problems
	v.names = declarations(file, root)
	for _, n := range v.names {
		v.validate(n, d)
		v.doubtQuotes(n)
		v.doubtSpelling(n)
	}
	v.twice()
	return v
}

// declarations finds the names in the tree, so that their places are known even if the
// file is wrong.
func declarations(file string, root *yaml.Node) []declared {
	var out []declared
	seen := map[[2]string]bool{}
	add := func(section, name string, k, v *yaml.Node) {
		if both := [2]string{section, name}; name != "" && !seen[both] {
			seen[both] = true
			out = append(out, declared{section, name, origin{file, k, v}})
		}
	}
	pairs(root, func(k, v *yaml.Node) {
		switch section := resolve(k).Value; section {
		case "daemon":
			add(section, daemonName, k, v)
		case "processes", "groups", "monitors":
			pairs(resolve(v), func(k, v *yaml.Node) { add(section, resolve(k).Value, k, v) })
		}
	})
	return out
}

// pairs gives the keys and values of a mapping.
func pairs(n *yaml.Node, each func(k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		each(n.Content[i], n.Content[i+1])
	}
}

// entry is what stands under a declared name: a Daemon, Process, escalate.Group or Monitor;
// nil if it could not be read.
func (v *version) entry(n declared) any {
	switch n.section {
	case "daemon":
		if v.dropin.Daemon != nil {
			return *v.dropin.Daemon
		}
	case "processes":
		if p, ok := v.dropin.Processes[n.name]; ok {
			return p
		}
	case "groups":
		if g, ok := v.dropin.Groups[n.name]; ok {
			return g
		}
	case "monitors":
		if m, ok := v.dropin.Monitors[n.name]; ok {
			return m
		}
	}
	return nil
}

// name matches the allowed names of processes, groups and monitors.
var name = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}$`)

// validate asks the spec of one name, without what follows from problems that the decoder
// has reported.
func (v *version) validate(n declared, d *decoder) {
	var err error
	if e, ok := v.entry(n).(interface{ Validate() error }); ok {
		err = e.Validate()
	}
	if n.name != daemonName && !name.MatchString(n.name) && n.name != "<<" {
		v.problems = append(v.problems, n.origin.problem(n.path(), "",
			fmt.Sprintf("%q is no name: use 1 to 64 letters, digits, '.', '_', '-', '@'", n.name)))
	}
	for _, e := range keyErrors(err) {
		if key := join(n.path(), e.Key); !d.explains(key) {
			v.problems = append(v.problems, n.origin.problem(n.path(), e.Key, e.Err.Error()))
		}
	}
}

// twice reports the same name in two sections of this file.
func (v *version) twice() {
	first := map[string]declared{}
	for _, n := range v.names {
		before, ok := first[n.name]
		if !ok {
			first[n.name] = n
		} else if before.section != n.section {
			v.problems = append(v.problems, taken(n, before))
		}
	}
}

// taken is the problem of a name that was used before.
func taken(n, before declared) Problem {
	what := "rename one of them"
	if n.name == daemonName {
		what = "put all daemon keys into one file"
	}
	return n.origin.problem(n.path(), "", fmt.Sprintf("stands already at %s as %s: %s",
		before.origin.problem("", "", "").place(), before.path(), what))
}

// keyErrors splits the error that Validate returns.
func keyErrors(err error) []*scalar.KeyError {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*scalar.KeyError
		for _, e := range many.Unwrap() {
			out = append(out, keyErrors(e)...)
		}
		return out
	}
	var k *scalar.KeyError
	if errors.As(err, &k) {
		return []*scalar.KeyError{k}
	}
	return []*scalar.KeyError{{Err: err}}
}

// explains reports whether a problem at key is only the consequence of one that the
// decoder reported: at, above or below it, or at a key that was meant to be it.
func (d *decoder) explains(key string) bool {
	return slices.ContainsFunc(d.wrong, func(w string) bool { return within(key, w) || within(w, key) }) ||
		slices.ContainsFunc(d.meant, func(m string) bool { return within(m, key) })
}

// within reports whether the path lies at or below another.
func within(path, above string) bool {
	if len(path) < len(above) || path[:len(above)] != above {
		return false
	}
	return above == "" || len(path) == len(above) || path[len(above)] == '.' || path[len(above)] == '['
}
