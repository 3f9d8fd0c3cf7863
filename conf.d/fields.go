package confd

import (
	"reflect"
	"slices"

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

// index is the number of the struct field that has the i-th key.
func index(t reflect.Type, i int) int {
	for f := range t.NumField() {
		if key := t.Field(f).Tag.Get("yaml"); key != "" && key != "-" {
			if i--; i < 0 {
				return f
			}
		}
	}
	return -1
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

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
