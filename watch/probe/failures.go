package probe

import (
	"fmt"
	"regexp"
	"strconv"

	"procward/internal/scalar"
)

// Failures is how many failures make a check bad: N of the last Of known results; Of is N
// if they must be in a row. In YAML it is a number, or "3 of 5".
type Failures struct{ N, Of int }

// failures is how they are written.
var failures = regexp.MustCompile(`^([1-9][0-9]{0,5})(?: of ([1-9][0-9]{0,5}))?$`)

// UnmarshalText reads "3" or "3 of 5".
func (f *Failures) UnmarshalText(text []byte) error {
	m := failures.FindSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is not a number of failures in a row, like 3, nor like 3 of 5", text)
	}
	f.N, _ = strconv.Atoi(string(m[1]))
	f.Of = f.N
	if m[2] != nil {
		f.Of, _ = strconv.Atoi(string(m[2]))
	}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (f Failures) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Wanted says which values are allowed, for error messages.
func (Failures) Wanted() string { return "a number, or like 3 of 5" }

// String is "3", or "3 of 5".
func (f Failures) String() string {
	if f.N == f.Of {
		return strconv.Itoa(f.N)
	}
	return fmt.Sprintf("%d of %d", f.N, f.Of)
}

// Validate returns nil if 1 <= N <= Of <= 64.
func (f Failures) Validate() error {
	switch {
	case f.N < 1:
		return scalar.Errorf("", "%d is less than 1", f.N)
	case f.N > f.Of:
		return scalar.Errorf("", "%d failures cannot be among %d results: write for example %d of %d", f.N, f.Of, f.Of, f.N)
	case f.Of > maxCount:
		return scalar.Errorf("", "%d results are not remembered: the most is %d; use a longer interval", f.Of, maxCount)
	}
	return nil
}
