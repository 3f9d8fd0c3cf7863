package procscan

import (
	"slices"
	"strings"

	"procward/internal/procfile"
)

// unitPath is the path in the hierarchy that systemd uses: name=systemd on v1 and hybrid
// hosts (cgroups(7)), otherwise the unified one.
func unitPath(groups []procfile.Group) string {
	unified, named := "", ""
	for _, g := range groups {
		switch {
		case g.Has("name=systemd"):
			named = g.Path
		case g.Has(""):
			unified = g.Path
		}
	}
	path := named
	if path == "" || path == "/" && unified != "" {
		path = unified
	}
	return strings.TrimSuffix(path, deleted)
}

// inUnit reports whether the path ends in the wanted components, or the wanted one is the
// name of a unit and the process is in a group below it.
func inUnit(path string, want []string) bool {
	have := components(path)
	if n := len(have) - len(want); n >= 0 && slices.EqualFunc(have[n:], want, sameGroup) {
		return true
	}
	if len(want) != 1 || !isUnit(want[0]) {
		return false
	}
	return slices.ContainsFunc(have, func(c string) bool { return sameGroup(c, want[0]) })
}

// sameGroup compares a component of a path with a wanted one. systemd writes an
// underscore before names that the kernel could take for its own files, such as
// cpu.service.
func sameGroup(have, want string) bool {
	return have == want || len(have) == len(want)+1 && have[0] == '_' && have[1:] == want
}

func isUnit(name string) bool {
	return strings.HasSuffix(name, ".service") || strings.HasSuffix(name, ".scope") || strings.HasSuffix(name, ".slice")
}

// UnitOf is the system service of a cgroup path as in /proc/PID/cgroup
// ("/system.slice/httpd.service"): the first component that ends in ".service". It is ""
// if there is none, or if a scope comes before it (login sessions, containers, whose
// services do not belong to this systemd).
func UnitOf(cgroupPath string) string {
	for c := range strings.SplitSeq(cgroupPath, "/") {
		if strings.HasSuffix(c, ".scope") {
			return ""
		}
		if strings.HasSuffix(c, ".service") {
			return strings.TrimPrefix(c, "_") // put before names that cgroups would misread
		}
	}
	return ""
}
