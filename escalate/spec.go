// Package escalate is the ladder that is climbed when restarts do not help. It is pure.
package escalate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"procward/internal/kind"
	"procward/internal/scalar"
)

// DefaultWait is the time after a rung's action in which a recovery may show.
const DefaultWait = 60 * time.Second

// Name is the rung's word in the configuration, "" if not exactly one is set.
func (r Rung) Name() string {
	row, _ := r.only()
	return row.Name
}

// Deed is what a valid rung does.
func (r Rung) Deed() Deed {
	if row, one := r.only(); one {
		return row.Kind.deed()
	}
	return Stay{}
}

// OS reports whether the rung ends or resets the operating system.
func (r Rung) OS() bool {
	_, ends := r.Deed().(EndMachine)
	return ends
}

// Wait is the time after the rung's action in which a recovery may show.
func (r Rung) Wait() scalar.Duration {
	if row, one := r.only(); one && row.Kind.wait() != nil {
		return *row.Kind.wait()
	}
	return scalar.Duration(DefaultWait)
}

// Words describes a try of a valid rung, from 1, in a timetable.
func (r Rung) Words(try int) string {
	row, one := r.only()
	if !one {
		return ""
	}
	text := row.Name + row.Kind.words(try)
	if _, regroups := row.Kind.deed().(Regroup); regroups {
		text += fmt.Sprintf("; then %v to recover", r.Wait())
	}
	return text
}

// Details is what hangs on a rung, for a timetable; limit is the breaker of those that end
// the machine.
func (r Rung) Details(limit RebootLimit) string { return r.Deed().details(limit) }

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (r Rung) Validate() error {
	row, one := r.only()
	if !one {
		return fmt.Errorf("names not exactly one of %s; each is written like {reboot: {}}", strings.Join(kind.Names[Rung](), ", "))
	}
	return scalar.Under(row.Name, row.Kind.validate())
}

// Ladder is the ordered escalation.
type Ladder []Rung

// Wanted says which values are allowed, for error messages.
func (Ladder) Wanted() string { return "a list, like [{restart-group: {}}], or [] for none" }

// Validate reports every rung that is wrong.
func (l Ladder) Validate() error {
	var errs []error
	for i, r := range l {
		errs = append(errs, scalar.Under(fmt.Sprintf("[%d]", i), r.Validate()))
	}
	return errors.Join(errs...)
}
