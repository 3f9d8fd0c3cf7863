package confd

import (
	"reflect"

	"procward/escalate"
	"procward/escalate/power"
	"procward/restart"
	"procward/watch/probe"
	"procward/watch/vital"
)

// inline marks a struct field whose keys stand among those of the struct around it.
const inline = ",inline"

// fields are the keys of a struct, in its order.
func fields(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		switch key := t.Field(i).Tag.Get("yaml"); key {
		case "", "-":
		case inline:
			out = append(out, fields(t.Field(i).Type)...)
		default:
			out = append(out, key)
		}
	}
	return out
}

// field is the struct field that has the key, as reflect.Value.FieldByIndex takes it.
func field(t reflect.Type, key string) ([]int, bool) {
	for i := range t.NumField() {
		switch tag := t.Field(i).Tag.Get("yaml"); {
		case tag == "" || tag == "-":
		case tag == inline:
			if below, ok := field(t.Field(i).Type, key); ok {
				return append([]int{i}, below...), true
			}
		case tag == key:
			return []int{i}, true
		}
	}
	return nil, false
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
	case *Sign:
		s.Check = probe.DefaultCheck()
	case *Monitor:
		*s = DefaultMonitor()
	case *probe.HTTP:
		*s = probe.DefaultHTTP()
	case *probe.TLS:
		*s = probe.DefaultTLS()
	case *probe.Exec:
		*s = probe.DefaultExec()
	case *vital.Memory:
		*s = vital.DefaultMemory()
	case *vital.Limit:
		*s = vital.DefaultLimit()
	case *vital.Leak:
		*s = vital.DefaultLeak()
	case *escalate.RestartGroup:
		*s = escalate.DefaultRestartGroup()
	case *escalate.Hook:
		*s = escalate.DefaultHook()
	case *power.Userspace:
		*s = power.DefaultUserspace()
	case *restart.Dump:
		*s = restart.DefaultDump()
	}
}
