package confd

import (
	"errors"
	"time"

	"procward/escalate"
	"procward/internal/scalar"
	"procward/restart"
	"procward/watch/probe"
)

// Monitor is one entry of the monitors: section: a check of something that is not one
// process, and what is restarted if it is bad.
type Monitor struct {
	probe.Check `yaml:",inline"`
	// the process or group that is restarted when the check is bad
	Recover string `yaml:"recover"`
	// how many such restarts are allowed within the window
	Attempts scalar.Limit `yaml:"attempts"`
	// a sliding window
	Window scalar.Duration `yaml:"window"`
	// `up`: judge only while what `recover` names is up
	When When `yaml:"when"`
	// other monitors that must be good, see below. No circles
	Needs []string `yaml:"needs"`
	// its own ladder: [escalate](escalate.md)
	Escalate escalate.Ladder `yaml:"escalate"`
}

// When says when a monitor is judged.
type When string

// The choices of When.
const (
	WhenAlways When = "always" // default
	WhenUp     When = "up"     // only while what it recovers is up
)

// DefaultMonitor returns a Monitor with its defaults.
func DefaultMonitor() Monitor {
	return Monitor{
		Check: probe.DefaultCheck(), Attempts: scalar.AtMost(3), Window: scalar.Duration(24 * time.Hour), When: WhenAlways,
	}
}

// SetDefaults sets the defaults before the keys are read.
func (m *Monitor) SetDefaults() { *m = DefaultMonitor() }

// Policy says how many restarts of its target the monitor has, in which window; none
// without a target.
func (m Monitor) Policy() restart.Spec {
	s := restart.Spec{When: restart.Always, Window: m.Window}
	if m.Recover != "" {
		s.Attempts = m.Attempts
	}
	return s
}

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (m Monitor) Validate() error {
	errs := []error{m.Check.Validate(), scalar.Under("escalate", m.Escalate.Validate())}
	if m.Window <= 0 {
		errs = append(errs, scalar.Errorf("window", "must be above 0s"))
	}
	if m.Name != "" {
		errs = append(errs, scalar.Errorf("name", "a monitor is called what it stands under: remove it"))
	}
	switch {
	case m.When != WhenAlways && m.When != WhenUp:
		errs = append(errs, scalar.Errorf("when", "%q is neither always nor up", m.When))
	case m.When == WhenUp && m.Recover == "":
		errs = append(errs, scalar.Errorf("when", "up asks for recover: name the process or group that has to be up, or remove it"))
	}
	if m.Recover == "" {
		errs = append(errs, targetless(m.Escalate, "there is nothing to act on: name a process or group under recover, or remove the rung"))
	}
	return errors.Join(errs...)
}
