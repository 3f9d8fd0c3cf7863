package systemd

import "strings"

// UnitOf is the system's service that a cgroup path belongs to, as it stands in
// /proc/PID/cgroup ("/system.slice/httpd.service"): the first component that ends in
// ".service". It is "" where there is none, and where a scope comes before it (login
// sessions, containers, whose services are not this systemd's).
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
