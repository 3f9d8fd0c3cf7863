package confd

import (
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// whole is how a whole number is written: no octal, no underscores, no exponent.
var whole = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// scalar reads a word, number or truth value into v. A string keeps the text as it is
// written, so that a name may be 8080 or true; everything else must have the right type.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	if u, ok := textual(v); ok {
		if err := u.UnmarshalText([]byte(n.Value)); err != nil {
			d.bad(n, path, "%s", err)
		}
		return
	}
	// An argv may be one word.
	if u, ok := v.Addr().Interface().(interface{ UnmarshalYAML(func(any) error) error }); ok {
		if err := u.UnmarshalYAML(n.Decode); err != nil {
			d.bad(n, path, "%s", err)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		d.truth(n, v, path)
	case reflect.Int:
		d.number(n, v, path)
	case reflect.Float64:
		d.fraction(n, v, path)
	default:
		d.bad(n, path, "is %s: write %s", form(n), instead(n.Value, v.Type()))
	}
}

// instead is what to write if a word was given for another type.
func instead(word string, t reflect.Type) string {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String {
		return "a list, like [" + word + "]"
	}
	if t.Kind() == reflect.Struct && slices.Contains(fields(t), word) {
		return "{" + word + ": {}}"
	}
	return wanted(t)
}

func (d *decoder) truth(n *yaml.Node, v reflect.Value, path string) {
	if n.ShortTag() != "!!bool" || n.Value != "true" && n.Value != "false" {
		d.bad(n, path, "%q is not a truth value: write true or false%s", n.Value, quoted(n))
		return
	}
	v.SetBool(n.Value == "true")
}

func (d *decoder) number(n *yaml.Node, v reflect.Value, path string) {
	if n.ShortTag() != "!!int" || !whole.MatchString(n.Value) {
		d.bad(n, path, "%q is not a whole number: write digits only, for instance 3%s", n.Value, quoted(n))
		return
	}
	i, err := strconv.ParseInt(n.Value, 10, 32)
	if err != nil {
		d.bad(n, path, "%s is too large: the most is %d", n.Value, math.MaxInt32)
		return
	}
	v.SetInt(i)
}

func (d *decoder) fraction(n *yaml.Node, v reflect.Value, path string) {
	f, err := strconv.ParseFloat(n.Value, 64)
	if tag := n.ShortTag(); tag != "!!int" && tag != "!!float" || err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		d.bad(n, path, "%q is not a number: write for example 2 or 0.5%s", n.Value, quoted(n))
		return
	}
	v.SetFloat(f)
}

// quoted is the remedy if only the quotes are wrong.
func quoted(n *yaml.Node) string {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return ", without quotes"
	}
	return ""
}

// plain reports whether a node has no tag except the one that its own form gives it.
func plain(n *yaml.Node) bool {
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp", "!!null", "!!merge":
		return n.Kind == yaml.ScalarNode
	case "!!map":
		return n.Kind == yaml.MappingNode
	case "!!seq":
		return n.Kind == yaml.SequenceNode
	}
	return false
}

// form says what a node is, for the operator.
func form(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a section of keys"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!int" || n.ShortTag() == "!!float":
		return "a number"
	case n.ShortTag() == "!!bool":
		return "a truth value"
	}
	return "a word"
}
