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
	// groups that are started before this one and stopped after it. No circles
	DependsOn []string `yaml:"depends-on"`
	// what is restarted when a member dies: `one` (that member) or `all`
	Strategy Strategy `yaml:"strategy"`
	// `manual`: what is absent at the start is left alone until `procward start`
	Startup Startup `yaml:"startup"`
	// the script that starts the group; give both `start` and `stop`, or none
	Start script.Argv `yaml:"start"`
	// how many times `procward start` tries to start the group
	StartAttempts int `yaml:"start-attempts"`
	// the script that stops the group
	Stop script.Argv `yaml:"stop"`
	// of each of the two scripts
	Timeout scalar.Duration `yaml:"timeout"`
	// the ladder of the group: [escalate](escalate.md)
	Escalate Ladder `yaml:"escalate"`
	// after giving up: begin again from the bottom after this time
	RetryAfter scalar.Interval `yaml:"retry-after"`
	// after giving up: repeat the message this often; or `never`
	Remind scalar.Interval `yaml:"remind"`
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
