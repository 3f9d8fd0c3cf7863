// Package vital reads from /proc and sock_diag whether a tracked process makes progress
// and keeps its limits, without touching it. The judgement is pure; one reader serves all
// processes of a tick.
package vital

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"procward/internal/kind"
	"procward/internal/scalar"
	"procward/watch"
)

// Set names the fields that are set.
func (s Sign) Set() []string {
	var names []string
	for _, row := range s.set() {
		names = append(names, row.Name)
	}
	return names
}

// Validate reports, as KeyErrors, what makes no sense: not exactly one sign, or a length
// of 0.
func (s Sign) Validate() error {
	var errs []error
	set := s.set()
	for _, row := range set {
		errs = append(errs, positive(row.Name, *row.Kind))
	}
	switch {
	case len(set) == 0:
		errs = append(errs, scalar.Errorf("", "names no sign: write one of %s", strings.Join(kind.Names[Sign](), ", ")))
	case len(set) > 1:
		errs = append(errs, scalar.Errorf(set[1].Name, "stands beside %s: write one list item for each", set[0].Name))
	}
	return errors.Join(errs...)
}

func positive(key string, d scalar.Duration) error {
	if d <= 0 {
		return scalar.Errorf(key, "must be above 0: write for example 30s")
	}
	return nil
}

// Spec is everything passive about one process.
type Spec struct {
	Signs  []Judged // the passive items under stall:
	Limits Limits
}

// Judged is a passive sign with what follows from it.
type Judged struct {
	Sign
	Action watch.Action
}

// Validate reports, as KeyErrors below "stall" and "limits", what makes no sense, and
// signs that are given twice.
func (s Spec) Validate() error {
	var errs []error
	first := map[string]int{}
	for i, j := range s.Signs {
		at := fmt.Sprintf("stall[%d]", i)
		errs = append(errs, scalar.Under(at, j.Validate()), scalar.Under(at, j.Action.Validate()))
		for _, name := range j.Set() {
			if before, twice := first[name]; twice {
				errs = append(errs, scalar.Errorf(at+"."+name, "stands twice, first as stall[%d]: remove one", before))
				continue
			}
			first[name] = i
		}
	}
	return errors.Join(errors.Join(errs...), scalar.Under("limits", s.Limits.Validate()))
}

// Names are the names of the signs that a spec makes, as watch.SignChange has them.
func Names(s Spec) []string {
	var names []string
	for _, it := range compile(s).items {
		names = append(names, it.name)
	}
	return names
}

// Within is the longest time from the beginning of a sign to its verdict on a host that
// gives the watcher CPU time: the time that it must last, and twice its pace. It is 0 for
// a name that the spec does not make.
func Within(s Spec, name string) time.Duration {
	p := compile(s)
	for _, it := range p.items {
		if it.name == name {
			return it.lasts + 2*max(p.paceOf(it), p.tick(defaultTick))
		}
	}
	return 0
}

// Action is what follows when the sign of a name is bad; empty for a name that the spec
// does not make.
func Action(s Spec, name string) watch.Action {
	for _, it := range compile(s).items {
		switch {
		case it.name != name:
		case it.report:
			return watch.ActReport
		default:
			return watch.ActRestart
		}
	}
	return ""
}
