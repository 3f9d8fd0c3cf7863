package restart

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
	"procward/watch"
)

// Ending is one way in which a process ends by itself: an exit code or a signal.
type Ending struct {
	Code   int
	Signal unix.Signal // 0: the code counts
}

// UnmarshalText reads an exit code from 0 to 255, or a signal such as TERM.
func (e *Ending) UnmarshalText(text []byte) error {
	if n, err := strconv.Atoi(string(text)); err == nil {
		if n < 0 || n > 255 {
			return fmt.Errorf("%d is not an exit code: write 0 to 255, or a signal like TERM", n)
		}
		*e = Ending{Code: n}
		return nil
	}
	s := number(string(text))
	if s == 0 {
		return fmt.Errorf("%q is neither an exit code nor a signal: write for example 143 or TERM", text)
	}
	*e = Ending{Signal: s}
	return nil
}

// MarshalText writes it in a form that UnmarshalText reads back.
func (e Ending) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

func (e Ending) String() string {
	if e.Signal != 0 {
		return strings.TrimPrefix(watch.SignalName(int(e.Signal)), "SIG")
	}
	return strconv.Itoa(e.Code)
}

// Endings are ways to end.
type Endings []Ending

// have reports whether a cause is one of them. An unknown cause is not.
func (es Endings) have(c watch.Cause) bool {
	for _, e := range es {
		if c.Known && (e.Signal != 0 && c.Signal == int(e.Signal) || e.Signal == 0 && c.Signal == 0 && c.Code == e.Code) {
			return true
		}
	}
	return false
}

// IsClean reports whether this end is no failure under when: abnormal. By default only
// exit code 0 is clean; an unknown cause never is.
func (s Spec) IsClean(c watch.Cause) bool {
	if s.Clean == nil {
		return c.Clean()
	}
	return s.Clean.have(c)
}

// IsFinal reports whether a restart cannot help after such an end.
func (s Spec) IsFinal(c watch.Cause) bool { return s.Final.have(c) }

// NeedsCause reports whether what follows from a death depends on its cause.
func (s Spec) NeedsCause() bool { return s.When == Abnormal || len(s.Final) > 0 }

// validateEndings reports endings that have no effect, or that stand for two things.
func (s Spec) validateEndings() error {
	var errs []error
	switch {
	case s.Clean != nil && s.When != Abnormal:
		errs = append(errs, scalar.Errorf("clean", "counts only with when: abnormal: add that, or remove clean"))
	case s.Clean != nil && len(s.Clean) == 0:
		errs = append(errs, scalar.Errorf("clean", "names nothing: write for example [0, 143], or remove it"))
	}
	if s.Final != nil && len(s.Final) == 0 {
		errs = append(errs, scalar.Errorf("final", "names nothing: write for example [78], or remove it"))
	}
	for i, e := range s.Final {
		if s.Clean.have(watch.Cause{Known: true, Code: e.Code, Signal: int(e.Signal)}) {
			errs = append(errs, scalar.Errorf(fmt.Sprintf("final[%d]", i), "%s stands in clean as well: keep one of them", e))
		}
	}
	return errors.Join(errs...)
}
