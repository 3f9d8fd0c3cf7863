package procfile

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Group is a control group that a process is in, a line of /proc/PID/cgroup (cgroups(7)).
type Group struct {
	Controllers string // of a hierarchy of version 1, with commas: "cpu,cpuacct", "name=systemd"; empty: version 2
	Path        string
}

// Has reports whether the hierarchy is that of a controller of version 1, or that of version 2
// where controller is empty.
func (g Group) Has(controller string) bool { return has(g.Controllers, controller) }

func has(list, word string) bool {
	return list == word || word != "" && slices.Contains(strings.Split(list, ","), word)
}

// Groups reads the text of /proc/PID/cgroup.
func Groups(text string) []Group {
	var out []Group
	EachGroup([]byte(text), func(controllers, path []byte) { out = append(out, Group{string(controllers), string(path)}) })
	return out
}

// EachGroup is Groups without garbage.
func EachGroup(text []byte, f func(controllers, path []byte)) {
	for line := range bytes.Lines(text) {
		_, rest, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(":"))
		if controllers, path, ok := bytes.Cut(rest, []byte(":")); ok {
			f(controllers, path)
		}
	}
}

// GroupOf is the path of the control group of version 2 that a process of this host is in; ""
// where there is none.
func GroupOf(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	for _, g := range Groups(string(text)) {
		if g.Has("") {
			return g.Path
		}
	}
	return ""
}

// Mounts is where control groups are mounted.
type Mounts []mount

type mount struct{ controllers, root, point string }

// GroupMounts finds them in the text of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
func GroupMounts(mountinfo string) Mounts {
	var out Mounts
	for line := range strings.Lines(mountinfo) {
		before, after, _ := strings.Cut(line, " - ")
		where, what := strings.Fields(before), strings.Fields(after)
		if len(where) < 5 || len(what) < 3 {
			continue
		}
		switch what[0] {
		case "cgroup2":
			out = append(out, mount{"", where[3], where[4]})
		case "cgroup":
			out = append(out, mount{what[2], where[3], where[4]})
		}
	}
	return out
}

// OwnMounts is GroupMounts of this process; there are none where that cannot be read.
func OwnMounts() Mounts {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	return GroupMounts(string(text))
}

// Dir is the directory of a control group: of the hierarchy of a controller of version 1, or of
// version 2 where that is empty. It is "" where the group is not mounted, or lies outside of what
// we see.
func (ms Mounts) Dir(controller, group string) string {
	for _, m := range ms {
		if !has(m.controllers, controller) {
			continue
		}
		below, err := filepath.Rel(m.root, group)
		if err == nil && below != ".." && !strings.HasPrefix(below, "../") {
			return filepath.Join(m.point, below)
		}
	}
	return ""
}
