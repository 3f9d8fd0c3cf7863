package confd

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// Limits of one drop-in: how many values are read (values behind aliases count each time)
// and how many problems are reported.
const (
	maxValues   = 1 << 18
	maxProblems = 50
)

// decoder reads YAML nodes into specs and notes every problem with its place. yaml.v3
// itself gives no column, and is no longer strict inside our own unmarshallers.
type decoder struct {
	file     string
	values   int
	problems []Problem
	wrong    []string // the keys of the problems
	meant    []string // the keys that unknown ones were probably meant to be
}

// bad notes a problem at a node.
func (d *decoder) bad(n *yaml.Node, path, format string, args ...any) {
	switch len(d.problems) {
	case maxProblems:
		return
	case maxProblems - 1:
		path, format, args = "", "there are more problems: correct these first", nil
	}
	d.problems = append(d.problems, Problem{File: d.file, Line: n.Line, Column: n.Column, Key: path, Text: fmt.Sprintf(format, args...)})
	d.wrong = append(d.wrong, path)
}

// value reads n into v; defaults stay if n does not mention a key. at is where an empty
// value is: its key, or the list item.
func (d *decoder) value(n, at *yaml.Node, v reflect.Value, path string) {
	if d.values++; d.values > maxValues {
		if d.values == maxValues+1 {
			d.bad(at, path, "the aliases unfold to too many values: write them out")
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		n = resolve(n)
	}
	if isNull(n) {
		d.empty(at, v, path)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
		preset(v)
	}
	if !plain(n) {
		d.bad(n, path, "the tag %s is not known: remove it", n.Tag)
		return
	}
	switch {
	case n.Kind == yaml.ScalarNode:
		d.scalar(n, v, path)
	case n.Kind == yaml.MappingNode && v.Kind() == reflect.Struct && len(fields(v.Type())) > 0:
		d.section(n, v, path)
	case n.Kind == yaml.MappingNode && v.Kind() == reflect.Map:
		d.names(n, v, path)
	case n.Kind == yaml.SequenceNode && v.Kind() == reflect.Slice:
		d.list(n, v, path)
	default:
		d.bad(at, path, "is %s: write %s", form(n), wanted(v.Type()))
	}
}

// empty reads a key without a value: it is allowed where an empty section has a meaning.
func (d *decoder) empty(at *yaml.Node, v reflect.Value, path string) {
	t := v.Type()
	switch {
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct && len(fields(t.Elem())) > 0:
		v.Set(reflect.New(t.Elem()))
		preset(v.Elem())
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct:
	default:
		d.bad(at, path, "has no value: remove it, or write %s", wanted(t))
	}
}

// section reads a mapping into a struct.
func (d *decoder) section(n *yaml.Node, v reflect.Value, path string) {
	d.pairs(n, path, func(key string, k, value *yaml.Node) {
		if i, ok := field(v.Type(), key); ok {
			d.value(value, k, v.FieldByIndex(i), join(path, key))
		} else {
			d.unknown(k, v.Type(), path)
		}
	})
}

// names reads a mapping whose keys the operator chooses.
func (d *decoder) names(n *yaml.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, path, func(key string, k, value *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		preset(e)
		if e.Kind() != reflect.Struct || !isNull(resolve(value)) {
			d.value(value, k, e, join(path, key))
		}
		v.SetMapIndex(reflect.ValueOf(key), e)
	})
}

// pairs calls back for every key of a mapping, once.
func (d *decoder) pairs(n *yaml.Node, path string, each func(key string, k, value *yaml.Node)) {
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, value := n.Content[i], n.Content[i+1]
		name := resolve(k)
		switch before := first[name.Value]; {
		case name.Kind != yaml.ScalarNode || isNull(name) || name.Value == "":
			d.bad(k, path, "a key is not a word: write key: value")
		case name.ShortTag() == "!!merge":
			d.bad(k, join(path, "<<"), "merge keys are not read: write the keys out, or use an alias for the whole value")
			d.wrong = append(d.wrong, path) // anything may be missing now
		case before != nil:
			d.bad(k, join(path, name.Value), "stands twice, first in line %d: remove one", before.Line)
		default:
			first[name.Value] = k
			each(name.Value, k, value)
		}
	}
}

// list reads a sequence into a slice that is not nil even when it is empty.
func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		preset(out.Index(i))
		d.value(item, item, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

// unknown notes a key that the struct does not have, with the most similar key that it
// has.
func (d *decoder) unknown(k *yaml.Node, t reflect.Type, path string) {
	key := resolve(k).Value
	known := strings.Join(fields(t), ", ")
	meant := meantKey(key, t)
	if meant == "" {
		d.bad(k, join(path, key), "unknown key %s: remove it; known here: %s", key, known)
		return
	}
	d.bad(k, join(path, key), "unknown key %s: did you mean %s? known here: %s", key, meant, known)
	d.meant = append(d.meant, join(path, meant))
}

// meantKey is the key that an unknown one was probably meant to be: one with nearly the
// same spelling, or one of a section below.
func meantKey(key string, t reflect.Type) string {
	if near := nearest(key, fields(t)); near != "" {
		return near
	}
	for i := range t.NumField() {
		if below := t.Field(i).Type; below.Kind() == reflect.Struct {
			if _, ok := field(below, key); ok {
				return t.Field(i).Tag.Get("yaml") + "." + key
			}
		}
	}
	return ""
}

// textual reports whether v reads itself from a word.
func textual(v reflect.Value) (encoding.TextUnmarshaler, bool) {
	u, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return u, ok
}
