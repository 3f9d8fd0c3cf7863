package confd

import (
	"errors"
	"fmt"

	"procward/escalate"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
	"procward/watch/vital"
)

// Process is one entry of the processes: section.
type Process struct {
	Group    string           `yaml:"group"`
	After    []string         `yaml:"after"`
	Match    procscan.Match   `yaml:"match"`
	Absent   Absent           `yaml:"absent"`
	Excess   Excess           `yaml:"excess"`
	Restart  restart.Spec     `yaml:"restart"`
	Stall    []Sign           `yaml:"stall"`
	Limits   vital.Limits     `yaml:"limits"`
	Escalate *escalate.Ladder `yaml:"escalate"` // nil: the group's; empty: none
}

// Absent says what to do about a process that is not there at the start.
type Absent string

// The choices of Absent.
const (
	AbsentRestart Absent = "restart" // default
	AbsentWait    Absent = "wait"
	AbsentIgnore  Absent = "ignore"
)

// DefaultProcess is what a process holds before its keys are read.
func DefaultProcess() Process {
	return Process{Match: procscan.DefaultMatch(), Absent: AbsentRestart, Excess: DefaultExcess(), Restart: restart.DefaultSpec()}
}

// SetDefaults is for who reads the keys.
func (p *Process) SetDefaults() { *p = DefaultProcess() }

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (p Process) Validate() error {
	errs := []error{scalar.Under("match", p.Match.Validate()), scalar.Under("restart", p.Restart.Validate())}
	switch p.Absent {
	case AbsentRestart, AbsentWait, AbsentIgnore:
	default:
		errs = append(errs, scalar.Errorf("absent", "%q is none of restart, wait, ignore", p.Absent))
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

// targetless reports rungs that act on a group, for a ladder that has none.
func targetless(l escalate.Ladder, why string) error {
	var errs []error
	for i, r := range l {
		if (r.RestartGroup != nil || r.StopGroup != nil) && r.Name() != "" {
			errs = append(errs, scalar.Errorf(fmt.Sprintf("escalate[%d].%s", i, r.Name()), "%s", why))
		}
	}
	return errors.Join(errs...)
}

// scriptAt is a configured script and the key it stands at.
type scriptAt struct {
	key  string
	argv script.Argv
}

// scripts are those of a valid process.
func (p Process) scripts() []scriptAt {
	var out []scriptAt
	if len(p.Restart.Run) > 0 {
		out = append(out, scriptAt{"restart.run", p.Restart.Run})
	}
	for i, s := range p.Stall {
		if s.Exec != nil && len(s.Exec.Run) > 0 {
			out = append(out, scriptAt{fmt.Sprintf("stall[%d].exec.run", i), s.Exec.Run})
		}
	}
	if p.Escalate != nil {
		out = append(out, hooks(*p.Escalate)...)
	}
	return out
}

// scripts are those of a valid monitor.
func (m Monitor) scripts() []scriptAt {
	var out []scriptAt
	if m.Exec != nil && len(m.Exec.Run) > 0 {
		out = append(out, scriptAt{"exec.run", m.Exec.Run})
	}
	return append(out, hooks(m.Escalate)...)
}

// groupScripts are those of a valid group.
func groupScripts(g escalate.Group) []scriptAt {
	var out []scriptAt
	if len(g.Start) > 0 {
		out = append(out, scriptAt{"start", g.Start})
	}
	if len(g.Stop) > 0 {
		out = append(out, scriptAt{"stop", g.Stop})
	}
	return append(out, hooks(g.Escalate)...)
}

func hooks(l escalate.Ladder) []scriptAt {
	var out []scriptAt
	for i, r := range l {
		if r.Hook != nil && len(r.Hook.Run) > 0 {
			out = append(out, scriptAt{fmt.Sprintf("escalate[%d].hook.run", i), r.Hook.Run})
		}
	}
	return out
}
