package confd

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// origin is where a section is: its file, its key and its value there.
type origin struct {
	file       string
	key, value *yaml.Node
}

// problem is a problem with the key below the section, at the place of the key or, if it
// is not in the file, of the nearest key above it.
func (o origin) problem(section, key, text string) Problem {
	p := Problem{File: o.file, Key: join(section, key), Text: text}
	if n := o.find(key); n != nil {
		p.Line, p.Column = n.Line, n.Column
	}
	return p
}

// find is the node that shows the place of key: the value of a scalar or a list item, the
// key of a section or list.
func (o origin) find(key string) *yaml.Node {
	shown, n := o.key, resolve(o.value)
	for key != "" && n != nil {
		k, v, rest := child(n, key)
		if v == nil {
			break
		}
		shown, key = k, rest
		if n = resolve(v); n.Kind == yaml.ScalarNode && !isNull(n) {
			shown = v
		}
	}
	return shown
}

// child is the part of n at the beginning of the path, and the rest of the path.
func child(n *yaml.Node, path string) (key, value *yaml.Node, rest string) {
	if strings.HasPrefix(path, "[") {
		number, rest, _ := strings.Cut(path[1:], "]")
		i, err := strconv.Atoi(number)
		if err != nil || n.Kind != yaml.SequenceNode || i >= len(n.Content) {
			return nil, nil, ""
		}
		return n.Content[i], n.Content[i], strings.TrimPrefix(rest, ".")
	}
	if n.Kind != yaml.MappingNode {
		return nil, nil, ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if rest, ok := strings.CutPrefix(path, k.Value); ok && k.Value != "" && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return k, n.Content[i+1], strings.TrimPrefix(rest, ".")
		}
	}
	return nil, nil, ""
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// join puts two parts of a key path together.
func join(above, key string) string {
	if above == "" || key == "" || key[0] == '[' {
		return above + key
	}
	return above + "." + key
}
