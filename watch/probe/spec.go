// Package probe checks from outside whether a process or service works: over HTTP, TCP
// and unix sockets, by programs, heartbeat files and sd_notify. The judgement of the
// results is pure; each check runs on its own schedule.
package probe

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"procward/internal/kind"
	"procward/internal/scalar"
	"procward/watch"
)

// Check is one active check: exactly one of its kinds is set, in addition to the common
// keys.
type Check struct {
	Kinds `yaml:",inline"`

	// in messages; without it the kind, then `http-2` and so on
	Name string `yaml:"name"`
	// from the start of one check to the start of the next; see below
	Interval scalar.Duration `yaml:"interval"`
	// of one check. A check that takes more than 80 % of it is a warning
	Timeout scalar.Duration `yaml:"timeout"`
	// so many failures in a row are bad; or `3 of 5`: so many of the last five
	Failures Failures `yaml:"failures"`
	// so many successes in a row are good again
	Successes int `yaml:"successes"`
	// after each start of the process, before the first check
	StartDelay scalar.Duration `yaml:"start-delay"`
	// what a timeout counts as: `fail`, or `unknown`
	OnTimeout OnTimeout `yaml:"on-timeout"`
	// if the sign is bad: `restart`, or `report`, which is a message and nothing else
	Action watch.Action `yaml:"action"`
}

// Limits of the common keys.
const (
	minInterval = 100 * time.Millisecond
	maxInterval = 24 * time.Hour
	maxTimeout  = time.Hour
	maxCount    = 64 // results that are remembered
)

// DefaultCheck returns a check with its defaults.
func DefaultCheck() Check {
	return Check{
		Interval: scalar.Duration(15 * time.Second), Timeout: scalar.Duration(10 * time.Second),
		Failures: Failures{N: 3, Of: 3}, Successes: 1, OnTimeout: TimeoutFails, Action: watch.ActRestart,
	}
}

// SetDefaults sets the defaults before the keys are read.
func (c *Check) SetDefaults() { *c = DefaultCheck() }

// OnTimeout says what a timeout of a check counts as.
type OnTimeout string

// The choices of OnTimeout.
const (
	TimeoutFails   OnTimeout = "fail" // default
	TimeoutUnknown OnTimeout = "unknown"
)

// name matches the allowed names of a check: they appear in messages and on command
// lines.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (c Check) Validate() error {
	var errs []error
	switch set := c.set(); len(set) {
	case 0:
		errs = append(errs, scalar.Errorf("", "says not what is checked: add one of %s", strings.Join(kind.Names[Kinds](), ", ")))
	case 1:
		errs = append(errs, scalar.Under(set[0].Name, set[0].Kind.validate(c)))
	default:
		errs = append(errs, scalar.Errorf(set[1].Name, "there is %s already: one check is of one kind, make it two", set[0].Name))
	}
	if c.Name != "" && !name.MatchString(c.Name) {
		errs = append(errs, scalar.Errorf("name", "%q is no name: use up to 64 letters, digits, and . _ - between them", c.Name))
	}
	errs = append(errs,
		within("interval", c.Interval, minInterval, maxInterval), within("timeout", c.Timeout, time.Millisecond, maxTimeout),
		scalar.Under("failures", c.Failures.Validate()), c.validateWords())
	if c.Successes < 1 || c.Successes > maxCount {
		errs = append(errs, scalar.Errorf("successes", "%d is not from 1 to %d", c.Successes, maxCount))
	}
	return errors.Join(errs...)
}

func (c Check) validateWords() error {
	errs := []error{c.Action.Validate()}
	if c.OnTimeout != TimeoutFails && c.OnTimeout != TimeoutUnknown {
		errs = append(errs, scalar.Errorf("on-timeout", "%q is neither fail nor unknown", c.OnTimeout))
	}
	return errors.Join(errs...)
}

// within returns nil if a duration is from low to high.
func within(key string, d scalar.Duration, low, high time.Duration) error {
	if d.D() < low || d.D() > high {
		return scalar.Errorf(key, "%s is not from %s to %s", d, scalar.Duration(low), scalar.Duration(high))
	}
	return nil
}

// Names are the names of the checks of one target, each unique: as configured, else the
// kind; if a name is used already it gets a number, "http-2".
func Names(checks []Check) []string {
	taken, out := map[string]bool{}, make([]string, len(checks))
	for i, c := range checks { // configured names come first
		if c.Name != "" && !taken[c.Name] {
			out[i], taken[c.Name] = c.Name, true
		}
	}
	for i, c := range checks {
		if out[i] != "" {
			continue
		}
		base := c.Name
		if base == "" {
			base = c.Kind()
		}
		out[i] = base
		for n := 2; taken[out[i]]; n++ {
			out[i] = fmt.Sprintf("%s-%d", base, n)
		}
		taken[out[i]] = true
	}
	return out
}

// WorstCase is the longest time from a stall until it is known as bad: the stall begins
// right after a check has looked, and every later check takes its whole timeout. It does
// not include: a timeout that counts as unknown if nothing ever answers, time while the
// host is under pressure, time in which the host is suspended, and the time of a
// resolver.
func WorstCase(c Check) time.Duration {
	if set := c.set(); len(set) > 0 {
		return set[0].Kind.worst(c)
	}
	return 0
}

// asked is the WorstCase of a check that asks, if it ends at most some time after its
// timeout.
func (c Check) asked(after time.Duration) time.Duration {
	last := c.Timeout.D() + after
	return time.Duration(c.Failures.N)*max(c.Interval.D(), last) + last
}
