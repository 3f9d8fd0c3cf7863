package confd

import (
	"reflect"

	"procward/escalate"
)

// fields are the keys of a struct, in its order.
func fields(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" && key != "-" {
			out = append(out, key)
		}
	}
	return out
}

// field is the number of the struct field that has the key.
func field(t reflect.Type, key string) (int, bool) {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") == key && key != "-" && key != "" {
			return i, true
		}
	}
	return 0, false
}

// preset gives a section its defaults before its keys are read.
func preset(v reflect.Value) {
	switch s := v.Addr().Interface().(type) {
	case *Daemon:
		*s = DefaultDaemon()
	case *Process:
		*s = DefaultProcess()
	case *escalate.Group:
		*s = escalate.DefaultGroup()
	case *escalate.RestartGroup:
		*s = escalate.DefaultRestartGroup()
	case *escalate.Hook:
		*s = escalate.DefaultHook()
	}
}

// later says that a key belongs to the contract but is built by a later version.
func later(t reflect.Type, key string) bool {
	switch t {
	case reflect.TypeFor[dropin]():
		return key == "monitors"
	case reflect.TypeFor[Process]():
		return key == "stall" || key == "limits"
	}
	return false
}
