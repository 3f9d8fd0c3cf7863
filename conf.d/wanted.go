package confd

import (
	"reflect"
	"strings"

	"procward/escalate"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/restart"
	"procward/watch/probe"
	"procward/watch/vital"
)

// wanted is what may stand for a type, for the operator.
func wanted(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[scalar.Duration]():
		return "a duration, like 30s"
	case reflect.TypeFor[scalar.Interval]():
		return "a duration, like 1h, or the word never"
	case reflect.TypeFor[scalar.Limit]():
		return "a number, or the word unlimited"
	case reflect.TypeFor[probe.Failures]():
		return "a number, or like 3 of 5"
	case reflect.TypeFor[[]probe.Status]():
		return "a list, like [200, 2xx]"
	case reflect.TypeFor[probe.Status]():
		return "a status, like 200 or 2xx"
	case reflect.TypeFor[probe.Share]():
		return "a share, like 90%, or the word never"
	case reflect.TypeFor[scalar.Size]():
		return "a size, like 64KiB"
	case reflect.TypeFor[vital.Amount]():
		return "a number, a size like 2GiB, or a share like 90%"
	case reflect.TypeFor[restart.Kill]():
		return "the word never, or {signal: TERM, timeout: 10s}"
	case reflect.TypeFor[escalate.Ladder]():
		return "a list, like [{restart-group: {}}], or [] for none"
	case reflect.TypeFor[script.Argv]():
		return "a list, like [/path/to/script, argument]"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.Struct:
		return "a section of keys (" + strings.Join(fields(t), ", ") + ")"
	case reflect.Map:
		if t.Elem().Kind() == reflect.Struct {
			return "a section of names, each with its keys"
		}
		return "names with values, like {LANG: C}"
	case reflect.Slice:
		return "a list, like [word]"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Float64:
		return "a number"
	}
	return "a word"
}
