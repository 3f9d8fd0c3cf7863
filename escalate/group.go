package escalate

import (
	"errors"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
)

// Strategy says what is restarted when one member of a group dies.
type Strategy string

// The strategies. One is the default.
const (
	One Strategy = "one" // the member that died
	All Strategy = "all" // every member: stopped in reverse order, started in order
)

// Startup says who starts a group.
type Startup string

// The startups. Auto is the default.
const (
	Auto   Startup = "auto"   // procward, when it begins to watch and something is absent
	Manual Startup = "manual" // the operator, by procward start; once it is up it is watched like any other
)

// Group is a groups: section: processes that start, stop and restart together.
type Group struct {
	DependsOn     []string        `yaml:"depends-on"`
	Strategy      Strategy        `yaml:"strategy"`
	Startup       Startup         `yaml:"startup"`
	Start         script.Argv     `yaml:"start"`
	StartAttempts int             `yaml:"start-attempts"` // 1: how many times the operator's start is tried
	Stop          script.Argv     `yaml:"stop"`
	Timeout       scalar.Duration `yaml:"timeout"` // 120s for each script
	Escalate      Ladder          `yaml:"escalate"`
	RetryAfter    scalar.Interval `yaml:"retry-after"` // never
	Remind        scalar.Interval `yaml:"remind"`      // 1h
}

// DefaultGroup returns a Group with its defaults.
func DefaultGroup() Group {
	return Group{
		Strategy: One, Startup: Auto, StartAttempts: 1, Timeout: scalar.Duration(2 * time.Minute),
		RetryAfter: scalar.Interval{Never: true}, Remind: scalar.Interval{D: time.Hour},
	}
}

// SetDefaults sets the defaults before the keys are read.
func (g *Group) SetDefaults() { *g = DefaultGroup() }

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (g Group) Validate() error {
	var errs []error
	if g.Strategy != One && g.Strategy != All {
		errs = append(errs, scalar.Errorf("strategy", "%q is neither one nor all", g.Strategy))
	}
	if g.Startup != Auto && g.Startup != Manual {
		errs = append(errs, scalar.Errorf("startup", "%q is neither auto nor manual", g.Startup))
	}
	if g.StartAttempts < 1 {
		errs = append(errs, scalar.Errorf("start-attempts", "must be at least 1"))
	}
	if g.Timeout <= 0 {
		errs = append(errs, scalar.Errorf("timeout", "must be above 0s"))
	}
	if g.Start != nil {
		errs = append(errs, scalar.Under("start", g.Start.Validate()))
	}
	if g.Stop != nil {
		errs = append(errs, scalar.Under("stop", g.Stop.Validate()))
	}
	if (g.Start == nil) != (g.Stop == nil) {
		errs = append(errs, scalar.Errorf("", "has one of start and stop: a group restart needs both, or neither"))
	}
	errs = append(errs, scalar.Under("escalate", g.Escalate.Validate()))
	return errors.Join(errs...)
}
