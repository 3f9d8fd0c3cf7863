// Package scalar holds the scalar values of the configuration that plain Go types cannot
// express: durations that need a unit, and numbers that may be the words "unlimited" and
// "never". Other tools use magic zeros there.
//
// The types implement encoding.TextUnmarshaler and encoding.TextMarshaler, so that every
// decoder reads them and only conf.d knows YAML.
package scalar

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time written with a unit: "30s", "1h30m", "2d". A bare number
// and a negative length are errors.
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

// MarshalText writes the duration in the shortest form that UnmarshalText reads back.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is the shortest form: "1h30m", not "1h30m0s".
func (d Duration) String() string { return short(time.Duration(d)) }

// Rounded is the duration for a person to read, with no more digits than needed:
// "0.85ms", "320ms", "1.2s", "12m5s".
func (d Duration) Rounded() string {
	unit := time.Second
	switch t := time.Duration(d); {
	case 0 < t && t < 10*time.Millisecond:
		return strconv.FormatFloat(t.Seconds()*1000, 'f', 2, 64) + "ms"
	case t < time.Second:
		unit = time.Millisecond
	case t < 10*time.Second:
		unit = 100 * time.Millisecond
	}
	return short(time.Duration(d).Round(unit))
}

// D is the value as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// Wanted says which values are allowed, for error messages.
func (Duration) Wanted() string { return "a duration, like 30s" }

// Interval is a Duration that may also be the word "never".
type Interval struct {
	// Never: it does not happen at all; D is 0 then.
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

// Wanted says which values are allowed, for error messages.
func (Interval) Wanted() string { return "a duration, like 1h, or the word never" }

// Limit is a whole number that may also be the word "unlimited".
type Limit struct {
	// Unlimited: there is no bound; N is 0 then.
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
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || !digits.Match(text) {
		return fmt.Errorf("%q is not a whole number of at least 0, nor the word unlimited", text)
	}
	*l = Limit{N: int(n)}
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

// Wanted says which values are allowed, for error messages.
func (Limit) Wanted() string { return "a number, or the word unlimited" }

// Allows reports whether one more than used is within the limit.
func (l Limit) Allows(used int) bool { return l.Unlimited || used < l.N }

// bareNumber is a number without a unit; digits is a whole one of at least 0.
var (
	bareNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?$`)
	digits     = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
)

// KeyError is a problem with the value of one key of a spec. Key is the path below the
// spec, with dots ("backoff.max", "match.args", "escalate[2].hook.run"); conf.d adds the
// file, the line and the path above it.
type KeyError struct {
	Key string
	Err error
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }

// Unwrap returns the problem itself.
func (e *KeyError) Unwrap() error { return e.Err }

// Errorf makes a KeyError.
func Errorf(key, format string, args ...any) error {
	return &KeyError{Key: key, Err: fmt.Errorf(format, args...)}
}

// Under puts a path in front of the key of every KeyError joined in err; nil stays nil.
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

// maxDuration is the longest duration: a hundred years of 365 days.
const maxDuration = 36500 * day

const day = 24 * time.Hour

func parseDuration(s string) (time.Duration, error) {
	if bareNumber.MatchString(s) {
		return 0, fmt.Errorf("%q has no unit: write %ss for seconds, %sm for minutes", s, s, s)
	}
	number, rest, ok := strings.Cut(s, "d")
	if !ok {
		number, rest = "0", s
	}
	days, err := strconv.Atoi(number)
	v := time.Duration(0)
	if err == nil && (rest != "" || !ok) {
		v, err = time.ParseDuration(rest)
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration: write for example 30s, 5m, 24h or 2d", s)
	case days < 0 || v < 0:
		return 0, fmt.Errorf("%q is negative: write for example 30s, 5m, 24h or 2d", s)
	case days > int(maxDuration/day) || v > maxDuration-time.Duration(days)*day:
		return 0, fmt.Errorf("%q is longer than 36500d, a hundred years", s)
	}
	return time.Duration(days)*day + v, nil
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
