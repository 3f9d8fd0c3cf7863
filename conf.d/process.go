package confd

import (
	"errors"
	"fmt"

	"procward/escalate"
	"procward/internal/scalar"
	"procward/procscan"
	"procward/restart"
	"procward/watch/vital"
)

// Process is one entry of the processes: section.
type Process struct {
	// the group that it is a member of
	Group string `yaml:"group"`
	// members of the same group that are started before it, and stopped after it. No circles
	After []string `yaml:"after"`
	// how it is found in the process table: below. Required
	Match procscan.Match `yaml:"match"`
	// if it is not there at the start: `restart` it, `wait` until it comes, or `ignore` it
	Absent Absent `yaml:"absent"`
	// if there are more than `match.count.max`; `excess: restart` is short for `action`
	Excess Excess `yaml:"excess"`
	// how it is restarted: below. Required; to watch only, `{attempts: 0}`
	Restart restart.Spec `yaml:"restart"`
	// signs that it runs but does not work: [stall](stall.md)
	Stall []StallItem `yaml:"stall"`
	// how much one process may use: [limits](limits.md)
	Limits vital.Limits `yaml:"limits"`
	// its own ladder: [escalate](escalate.md). Without it, that of its group; `[]`: none
	Escalate *escalate.Ladder `yaml:"escalate"`
}

// Absent says what to do if a process is not there at the start.
type Absent string

// The choices of Absent.
const (
	AbsentRestart Absent = "restart" // default
	AbsentWait    Absent = "wait"
	AbsentIgnore  Absent = "ignore"
)

// DefaultProcess returns a Process with its defaults.
func DefaultProcess() Process {
	return Process{Match: procscan.DefaultMatch(), Absent: AbsentRestart, Excess: DefaultExcess(), Restart: restart.DefaultSpec()}
}

// SetDefaults sets the defaults before the keys are read.
func (p *Process) SetDefaults() { *p = DefaultProcess() }

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (p Process) Validate() error {
	errs := []error{scalar.Under("match", p.Match.Validate()), scalar.Under("restart", p.Restart.Validate())}
	switch p.Absent {
	case AbsentRestart, AbsentWait, AbsentIgnore:
	default:
		errs = append(errs, scalar.Errorf("absent", "%q is not one of restart, wait, ignore", p.Absent))
	}
	errs = append(errs, p.Excess.validate(p.Match))
	if len(p.After) > 0 && p.Group == "" {
		errs = append(errs, scalar.Errorf("after", "orders the members of a group, and there is no group: add group, or remove after"))
	}
	errs = append(errs, p.validateStall())
	if p.Escalate != nil {
		errs = append(errs, scalar.Under("escalate", p.Escalate.Validate()))
		if p.Group == "" {
			errs = append(errs, targetless(*p.Escalate, "there is no group to act on: add group to the process, or remove the rung"))
		}
	}
	return errors.Join(errs...)
}

// targetless reports rungs that act on a group, in a ladder without one.
func targetless(l escalate.Ladder, why string) error {
	var errs []error
	for i, r := range l {
		if _, regroups := r.Deed().(escalate.Regroup); regroups {
			errs = append(errs, scalar.Errorf(fmt.Sprintf("escalate[%d].%s", i, r.Name()), "%s", why))
		}
	}
	return errors.Join(errs...)
}
