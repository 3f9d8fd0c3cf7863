// Package probe checks from outside whether a process or service works: over HTTP, TCP
// and unix sockets, by programs, heartbeat files and sd_notify. The judgement of the
// results is pure; around it each check runs on its own schedule.
package probe

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// Check is one active check: exactly one of its kinds is set, beside the common keys.
type Check struct {
	HTTP      *HTTP      `yaml:"http"`
	TCP       *TCP       `yaml:"tcp"`
	Unix      *Unix      `yaml:"unix"`
	Exec      *Exec      `yaml:"exec"`
	Heartbeat *Heartbeat `yaml:"heartbeat"`
	Notify    *Notify    `yaml:"notify"`

	Name       string          `yaml:"name"`        // in messages; the kind, and for the second of a kind "http-2" and so on
	Interval   scalar.Duration `yaml:"interval"`    // 15s, from start to start; up to a tenth less, so that checks drift apart
	Timeout    scalar.Duration `yaml:"timeout"`     // 10s for one check
	Failures   Failures        `yaml:"failures"`    // 3 in a row, or "3 of 5", make it bad
	Successes  int             `yaml:"successes"`   // 1 in a row makes it ok again
	StartDelay scalar.Duration `yaml:"start-delay"` // 0s after each start of the process before the first check
	OnTimeout  OnTimeout       `yaml:"on-timeout"`  // fail
	Action     watch.Action    `yaml:"action"`      // restart
}

// Bounds of the common keys.
const (
	minInterval = 100 * time.Millisecond
	maxInterval = 24 * time.Hour
	maxTimeout  = time.Hour
	maxCount    = 64 // results that are remembered
)

// DefaultCheck is what a check holds before its keys are read.
func DefaultCheck() Check {
	return Check{
		Interval: scalar.Duration(15 * time.Second), Timeout: scalar.Duration(10 * time.Second),
		Failures: Failures{N: 3, Of: 3}, Successes: 1, OnTimeout: TimeoutFails, Action: watch.ActRestart,
	}
}

// SetDefaults is for who reads the keys.
func (c *Check) SetDefaults() { *c = DefaultCheck() }

// OnTimeout says what a check that ran out of its time counts as.
type OnTimeout string

// The choices of OnTimeout.
const (
	TimeoutFails   OnTimeout = "fail" // default
	TimeoutUnknown OnTimeout = "unknown"
)

// spec is what every kind is.
type spec interface{ Validate() error }

// kinds are the names of the kinds that are set, and the last of these.
func (c Check) kinds() (names []string, last spec) {
	for _, k := range []struct {
		name string
		set  bool
		spec spec
	}{
		{"http", c.HTTP != nil, c.HTTP},
		{"tcp", c.TCP != nil, c.TCP},
		{"unix", c.Unix != nil, c.Unix},
		{"exec", c.Exec != nil, c.Exec},
		{"heartbeat", c.Heartbeat != nil, c.Heartbeat},
		{"notify", c.Notify != nil, c.Notify},
	} {
		if k.set {
			names, last = append(names, k.name), k.spec
		}
	}
	return names, last
}

// Kind is the kind of a valid check: "http", "exec" and so on; empty where none is set.
func (c Check) Kind() string {
	if names, _ := c.kinds(); len(names) > 0 {
		return names[0]
	}
	return ""
}

// name is how a check may be called: it appears in messages and on command lines.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (c Check) Validate() error {
	var errs []error
	switch names, kind := c.kinds(); len(names) {
	case 0:
		errs = append(errs, scalar.Errorf("", "says not what is checked: add one of http, tcp, unix, exec, heartbeat, notify"))
	case 1:
		errs = append(errs, scalar.Under(names[0], kind.Validate()))
	default:
		errs = append(errs, scalar.Errorf(names[1], "there is %s already: one check is of one kind, make it two", names[0]))
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
	if c.HTTP != nil && c.HTTP.TLS != nil && c.HTTP.TLS.Expires > 0 && c.Action == watch.ActRestart {
		errs = append(errs, scalar.Errorf("http.tls.expires", "no restart makes a certificate last longer: add action: report, and check what a restart can mend without expires"))
	}
	return errors.Join(errs...)
}

// within holds when a duration is from low to high.
func within(key string, d scalar.Duration, low, high time.Duration) error {
	if d.D() < low || d.D() > high {
		return scalar.Errorf(key, "%s is not from %s to %s", d, scalar.Duration(low), scalar.Duration(high))
	}
	return nil
}

// Names are the names of the checks of one target, each unique: as configured, else the
// kind; a name that is taken already gets a number, "http-2".
func Names(checks []Check) []string {
	taken, out := map[string]bool{}, make([]string, len(checks))
	for i, c := range checks { // what is configured comes first
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
// right after a check has looked, and every check after it takes its whole timeout. It
// does not hold where a timeout counts as unknown and nothing ever answers, while the
// host is under pressure, for time in which the host is suspended, and for time that a
// resolver takes.
func WorstCase(c Check) time.Duration {
	gap, last := max(c.Interval.D(), c.Timeout.D()), c.Timeout.D()
	worst := time.Duration(c.Failures.N) * gap
	switch {
	case c.Exec != nil:
		gap, last = max(c.Interval.D(), c.Timeout.D()+grace), c.Timeout.D()+grace
		worst = time.Duration(c.Failures.N) * gap
	case c.Heartbeat != nil: // the last beat is seen up to a gap late
		worst += gap + c.Heartbeat.MaxAge.D()
	case c.Notify != nil: // it is seen at once, and looking takes no time
		return time.Duration(c.Failures.N)*c.Interval.D() + c.Notify.MaxAge.D()
	}
	return worst + last
}
