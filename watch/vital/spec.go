// Package vital sees from /proc and sock_diag whether a tracked process makes progress
// and keeps its limits, without touching it. The judgement is pure; one reader serves
// all processes of a tick.
package vital

import (
	"errors"
	"fmt"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// Sign is one passive sign of a stall: exactly one of its fields is set.
type Sign struct {
	// Stopped is job control's stop (state T of proc_pid_stat(5)) or a frozen cgroup for
	// this long. A tracer's stop (state t) is none: somebody is debugging.
	Stopped *scalar.Duration `yaml:"stopped"`
	// Uninterruptible is a thread in state D without one context switch for this long:
	// the rule of the kernel's own hung task detector. A frozen process is none.
	Uninterruptible *scalar.Duration `yaml:"uninterruptible"`
	// Spinning is a thread that for this long used at least a hundredth of a CPU and did not
	// wait for anything once (its voluntary switches stand still).
	Spinning *scalar.Duration `yaml:"spinning"`
	// Backlog is a listening socket of the process (TCP, unix) from whose accept queue
	// nothing has been taken for this long, and something waits in it.
	Backlog *scalar.Duration `yaml:"backlog"`
}

// Set names the fields that are set.
func (s Sign) Set() []string {
	var names []string
	for _, f := range s.fields() {
		if f.value != nil {
			names = append(names, f.kind.String())
		}
	}
	return names
}

type field struct {
	kind  kind
	value *scalar.Duration
}

func (s Sign) fields() []field {
	return []field{{stopped, s.Stopped}, {uninterruptible, s.Uninterruptible}, {spinning, s.Spinning}, {backlog, s.Backlog}}
}

// Validate reports, as KeyErrors, what makes no sense: not exactly one sign, or a length
// of 0.
func (s Sign) Validate() error {
	var errs []error
	for _, f := range s.fields() {
		if f.value != nil {
			errs = append(errs, positive(f.kind.String(), *f.value))
		}
	}
	switch set := s.Set(); {
	case len(set) == 0:
		errs = append(errs, scalar.Errorf("", "names no sign: write one of stopped, uninterruptible, spinning, backlog"))
	case len(set) > 1:
		errs = append(errs, scalar.Errorf(set[1], "stands beside %s: write one list item for each", set[0]))
	}
	return errors.Join(errs...)
}

func positive(key string, d scalar.Duration) error {
	if d <= 0 {
		return scalar.Errorf(key, "must be above 0: write for instance 30s")
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
// signs that stand twice.
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

// Names are the names of the signs that a spec makes, as watch.Sign has them.
func Names(s Spec) []string {
	var names []string
	for _, it := range compile(s).items {
		names = append(names, it.kind.String())
	}
	return names
}

// Within is the longest time from the beginning of a sign to its verdict on a host that
// lets the watcher run: what must be held, and twice the pace at which it is looked at.
// It is 0 for a name that the spec does not make.
func Within(s Spec, name string) time.Duration {
	p := compile(s)
	for _, it := range p.items {
		if it.kind.String() == name {
			return it.hold + 2*max(p.pace(it.kind), p.tick(defaultTick))
		}
	}
	return 0
}

// Action is what follows when the sign of a name is bad; empty for a name that the spec
// does not make.
func Action(s Spec, name string) watch.Action {
	for _, it := range compile(s).items {
		switch {
		case it.kind.String() != name:
		case it.report:
			return watch.ActReport
		default:
			return watch.ActRestart
		}
	}
	return ""
}
