package daemon

import (
	"fmt"
	"maps"
	"slices"

	confd "procward/conf.d"
	"procward/escalate/power"
)

// Reach is the machine that check looks at and that the daemon may end. Only main has the
// machine that this runs on; a test uses one made of files, the demo none. The zero value
// reaches nothing, and neither does nil.
type Reach struct {
	power.Paths
	power.Kernel
	Systemd bool        // the service manager may be asked
	Booted  func() bool // it is systemd
}

// Foreign reports whether the machine has another service manager than systemd.
func (r *Reach) Foreign() bool { return r != nil && r.Systemd && !r.Booted() }

// The remedies for what a machine cannot carry out.
const (
	rungRemedy = "remove these rungs, or provide what they need, or start with --observe"
	unitRemedy = "give the commands that restart them as restart.run, or start with --observe"
)

// Refusals is the rungs and restarts of a configuration that a machine cannot carry out,
// each with its place: then the daemon does not start, unless it only observes. Nothing
// is opened.
func Refusals(cfg *confd.Config, at *Reach) []confd.Problem {
	return append(rungProblems(cfg, at), unitProblems(cfg, at)...)
}

// rungProblems is the rungs of a configuration that cannot be carried out here, each with
// its place. Nothing is opened.
func rungProblems(cfg *confd.Config, at *Reach) []confd.Problem {
	var out []confd.Problem
	if at == nil {
		return nil
	}
	for _, u := range cfg.OSRungs() {
		if err := power.CheckRung(u.Rung, at.Paths); err != nil {
			out = append(out, cfg.At(u.Section, u.Name, u.Key, fmt.Sprintf("the rung %s cannot be carried out on this machine: %v", u.Rung, err)))
		}
	}
	if cfg.Daemon.Userspace != nil {
		if err := power.CheckRung(power.WatchdogReset, at.Paths); err != nil {
			out = append(out, confd.Problem{Text: fmt.Sprintf("daemon.userspace cannot be obeyed on this machine: %v", err)})
		}
	}
	return out
}

// unitProblems is the units of a configuration that nobody can restart on a host without
// systemd.
func unitProblems(cfg *confd.Config, at *Reach) []confd.Problem {
	var out []confd.Problem
	if !at.Foreign() {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Processes)) {
		if cfg.Processes[name].Restart.Unit != "" {
			out = append(out, cfg.At("processes", name, "restart.unit", "systemd does not run on this host, so that no unit can be restarted: give the command that restarts it as restart.run"))
		}
	}
	return out
}
