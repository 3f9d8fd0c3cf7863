package main

import (
	"maps"
	"slices"
	"strings"

	confd "procward/conf.d"
)

const unitRemedy = "give the commands that restart them as restart.run, or start with --observe"

// unitProblems is the units of a configuration that nobody can restart on a host without
// systemd, each with its place: the start is refused, as it is for a rung that cannot be
// carried out.
func unitProblems(cfg *confd.Config) []confd.Problem {
	var out []confd.Problem
	for _, name := range slices.Sorted(maps.Keys(cfg.Processes)) {
		if cfg.Processes[name].Restart.Unit != "" {
			out = append(out, cfg.At("processes", name, "restart.unit", "systemd does not run on this host, so that no unit can be restarted: give the command that restarts it as restart.run"))
		}
	}
	return out
}

// unitDoubts is the matches by a unit of systemd on such a host. A control group of another
// maker may be matched all the same, so that they are no problems.
func unitDoubts(cfg *confd.Config) []confd.Problem {
	var out []confd.Problem
	for _, name := range slices.Sorted(maps.Keys(cfg.Processes)) {
		if u := cfg.Processes[name].Match.Unit; strings.HasSuffix(u, ".service") && !strings.Contains(u, "/") {
			p := cfg.At("processes", name, "match.unit", "systemd does not run on this host, so that there is no control group of this name: match by exe, name or args")
			p.Warning = true
			out = append(out, p)
		}
	}
	return out
}

// foreign says that the machine has another service manager than systemd, which could be
// asked else.
func (m *machine) foreign() bool { return m != nil && m.systemd && !m.booted() }
