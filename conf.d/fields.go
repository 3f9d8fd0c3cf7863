package confd

import "reflect"

// inline marks a struct field whose keys are among those of the struct around it.
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
	if s, ok := v.Addr().Interface().(interface{ SetDefaults() }); ok {
		s.SetDefaults()
	}
}
