package confd

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"procward/watch/probe"
)

// probeAt is a probe and the keys above its own.
type probeAt struct {
	at    string // "stall[0]", or empty
	check probe.Check
}

// probes are those of a declared process or monitor.
func (v *version) probes(n declared) []probeAt {
	switch e := v.entry(n).(type) {
	case Process:
		var out []probeAt
		for i, s := range e.Stall {
			if !s.passive() {
				out = append(out, probeAt{fmt.Sprintf("stall[%d]", i), s.Check})
			}
		}
		return out
	case Monitor:
		return []probeAt{{"", e.Check}}
	}
	return nil
}

// escape matches an escape sequence of double quotes (YAML 1.2, 7.3.1).
var escape = regexp.MustCompile(`\\(?:[abefnrtv0]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})`)

// doubtQuotes warns of texts that probably mean something else because of their quotes.
func (v *version) doubtQuotes(n declared) {
	warn := func(key, text string) {
		p := n.origin.problem(n.path(), key, text)
		p.Warning = true
		v.problems = append(v.problems, p)
	}
	for _, p := range v.probes(n) {
		sent, sought := texts(p)
		for key, text := range sent {
			if found := escape.FindString(text); found != "" && !n.origin.doubleQuoted(key) {
				warn(key, fmt.Sprintf("%s stands for itself here, as it is in single quotes or in none, and is sent as %d characters: write it in double quotes", found, len(found)))
			}
		}
		for key, text := range sought {
			if strings.ContainsAny(text, "\a\b\v\f\x1b\x00") && n.origin.doubleQuoted(key) {
				warn(key, `in double quotes \b and its like stand for control characters, and not for what they are in a regular expression: write it in single quotes`)
			}
		}
	}
}

// texts are what a probe sends, and its regular expressions, by their keys.
func texts(p probeAt) (sent, sought map[string]string) {
	sent, sought = map[string]string{}, map[string]string{}
	var collect func(at string, v reflect.Value)
	collect = func(at string, v reflect.Value) {
		switch text := v.Interface().(type) {
		case probe.Sent:
			sent[at] = string(text)
		case probe.Pattern:
			sought[at] = string(text)
		}
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() == reflect.Struct {
			for _, key := range fields(v.Type()) {
				i, _ := field(v.Type(), key)
				collect(join(at, key), v.FieldByIndex(i))
			}
		}
	}
	collect(p.at, reflect.ValueOf(p.check.Kinds))
	return sent, sought
}

// doubleQuoted says how the value of a key is written.
func (o origin) doubleQuoted(key string) bool {
	return o.find(key).Style&yaml.DoubleQuotedStyle != 0
}
