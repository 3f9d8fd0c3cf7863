// Package kind reads tables of kinds. A table is a struct of pointers with one row for
// each kind: the yaml tag of the row is the name of the kind, and the struct that it
// points to holds the keys of the kind. In a value of the table, the rows that are not
// nil are set.
package kind

import "reflect"

// Row is one kind of a table: its name, and what its row points to.
type Row[Kind any] struct {
	Name string
	Kind Kind
}

// Names is the names of all kinds of a table, in its order.
func Names[Table any]() []string {
	t := reflect.TypeFor[Table]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("yaml")
	}
	return names
}

// Set is the kinds that are set in a table, in its order. Every row must point to a Kind.
func Set[Kind, Table any](table Table) []Row[Kind] {
	var rows []Row[Kind]
	v := reflect.ValueOf(table)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsNil() {
			rows = append(rows, Row[Kind]{v.Type().Field(i).Tag.Get("yaml"), f.Interface().(Kind)})
		}
	}
	return rows
}

// All is every kind of a table, each with the zero values of its keys.
func All[Kind, Table any]() []Row[Kind] {
	full := reflect.New(reflect.TypeFor[Table]()).Elem()
	for i := range full.NumField() {
		full.Field(i).Set(reflect.New(full.Field(i).Type().Elem()))
	}
	return Set[Kind](full.Interface().(Table))
}
