package confd

import (
	"reflect"
	"strings"
)

// wanted says which values a type allows, for the operator: a type with its own form says
// so itself.
func wanted(t reflect.Type) string {
	if w, ok := reflect.Zero(t).Interface().(interface{ Wanted() string }); ok && t.Kind() != reflect.Pointer {
		return w.Wanted()
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
