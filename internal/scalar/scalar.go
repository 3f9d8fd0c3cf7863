// Package scalar holds the scalar values of the configuration that plain Go
// types cannot express: durations that need a unit, and numbers that may be the
// words "unlimited" and "never". Words stand where other tools use magic zeros.
//
// The types implement encoding.TextUnmarshaler and encoding.TextMarshaler, so
// that every decoder reads them and no package but conf.d knows YAML.
package scalar

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Duration is a length of time written with a unit: "30s", "1h30m", "2d".
// A bare number is refused; negative lengths are refused.
type Duration time.Duration

// UnmarshalText reads a duration as time.ParseDuration does, plus days ("2d").
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := parseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the duration in the shortest form that reads back the same.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is the shortest form that reads back the same: "1h30m", not "1h30m0s".
func (d Duration) String() string { return short(time.Duration(d)) }

// D is the value as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// Interval is a Duration that may also be the word "never".
type Interval struct {
	// Never says that it does not happen at all; D is 0 then.
	Never bool
	// D is the length, above 0 unless Never is set or the value was not given.
	D time.Duration
}

// UnmarshalText reads a duration above zero or the word "never".
func (i *Interval) UnmarshalText(text []byte) error {
	if string(text) == "never" {
		*i = Interval{Never: true}
		return nil
	}
	v, err := parseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%w, or the word never", err)
	}
	if v == 0 {
		return errors.New("0 is not a length here: write the word never")
	}
	*i = Interval{D: v}
	return nil
}

// MarshalText writes "never" or the duration.
func (i Interval) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// String is "never" or the shortest form of the duration.
func (i Interval) String() string {
	if i.Never {
		return "never"
	}
	return short(i.D)
}

// Limit is a whole number that may also be the word "unlimited".
type Limit struct {
	// Unlimited says that there is no bound; N is 0 then.
	Unlimited bool
	// N is the bound, 0 or more.
	N int
}

// Unlimited is the limit that is never reached.
var Unlimited = Limit{Unlimited: true}

// AtMost is the limit n.
func AtMost(n int) Limit { return Limit{N: n} }

// UnmarshalText reads a whole number of at least 0 or the word "unlimited".
func (l *Limit) UnmarshalText(text []byte) error {
	if string(text) == "unlimited" {
		*l = Unlimited
		return nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a whole number of at least 0, nor the word unlimited", text)
	}
	*l = Limit{N: n}
	return nil
}

// MarshalText writes the number or "unlimited".
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// String is the number or "unlimited".
func (l Limit) String() string {
	if l.Unlimited {
		return "unlimited"
	}
	return strconv.Itoa(l.N)
}

// Allows says whether one more than used is within the limit.
func (l Limit) Allows(used int) bool { return l.Unlimited || used < l.N }

// KeyError is a problem with the value of one key of a spec. Key is the path below
// the spec, with dots ("backoff.max", "match.args", "escalate[2].hook.run"); conf.d
// puts the file, the line and the rest of the path before it.
type KeyError struct {
	Key string
	Err error
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }

// Unwrap gives the problem itself.
func (e *KeyError) Unwrap() error { return e.Err }

// Errorf makes a KeyError.
func Errorf(key, format string, args ...any) error {
	return &KeyError{Key: key, Err: fmt.Errorf(format, args...)}
}

// Under puts a path before the key of every KeyError joined in err; nil stays nil.
func Under(prefix string, err error) error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, Under(prefix, e))
		}
		return errors.Join(out...)
	}
	if k, ok := err.(*KeyError); ok {
		return &KeyError{Key: join(prefix, k.Key), Err: k.Err}
	}
	return &KeyError{Key: prefix, Err: err}
}

func join(prefix, key string) string {
	if key == "" || key[0] == '[' {
		return prefix + key
	}
	return prefix + "." + key
}

func parseDuration(s string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, fmt.Errorf("%q has no unit: write %ss for seconds, %sm for minutes", s, s, s)
	}
	rest, days := s, time.Duration(0)
	for i := 0; i < len(s); i++ {
		if s[i] == 'd' {
			n, err := strconv.Atoi(s[:i])
			if err != nil || n > 36500 {
				return 0, fmt.Errorf("%q is not a duration: write for instance 30s, 5m, 24h or 2d", s)
			}
			days, rest = time.Duration(n)*24*time.Hour, s[i+1:]
			break
		}
	}
	if rest == "" && days > 0 {
		return days, nil
	}
	v, err := time.ParseDuration(rest)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: write for instance 30s, 5m, 24h or 2d", s)
	}
	if v < 0 || days < 0 {
		return 0, fmt.Errorf("%q is negative", s)
	}
	return days + v, nil
}

func short(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if n := len(s) - len(zero); n > 0 && s[n:] == zero {
			s = s[:n+1]
		}
	}
	return s
}
