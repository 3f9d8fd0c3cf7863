package kind

import (
	"fmt"
	"slices"
	"testing"
)

type plant interface{ legs() int }

type (
	fern struct{ leaves int }
	moss struct{}
)

func (*fern) legs() int { return 0 }
func (*moss) legs() int { return 0 }

type plants struct {
	Fern *fern `yaml:"fern"`
	Moss *moss `yaml:"club-moss"`
}

func TestTable(t *testing.T) {
	if got := Names[plants](); !slices.Equal(got, []string{"fern", "club-moss"}) {
		t.Errorf("names %q", got)
	}
	for want, table := range map[string]plants{
		"[]":               {},
		"[club-moss]":      {Moss: &moss{}},
		"[fern club-moss]": {&fern{3}, &moss{}},
	} {
		var names []string
		for _, r := range Set[plant](table) {
			names = append(names, r.Name)
			if f, is := r.Kind.(*fern); is && f != table.Fern {
				t.Errorf("%s: a copy", want)
			}
		}
		if got := fmt.Sprint(names); got != want {
			t.Errorf("set are %s, want %s", got, want)
		}
	}
	if got := len(All[plant, plants]()); got != 2 {
		t.Errorf("%d kinds in all", got)
	}
}
