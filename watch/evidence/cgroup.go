package evidence

import (
	"path/filepath"
	"strings"

	"github.com/prometheus/procfs"
)

// The files of a control group that are shown, by version (cgroup-v2.rst, cgroup-v1/ of
// the kernel).
var (
	files2 = []string{
		"cgroup.freeze", "cgroup.events", "memory.current", "memory.max", "memory.events", "memory.pressure",
		"cpu.stat", "cpu.pressure", "io.pressure", "pids.current", "pids.max",
	}
	files1 = map[string][]string{
		"memory":  {"memory.usage_in_bytes", "memory.limit_in_bytes", "memory.failcnt", "memory.oom_control"},
		"freezer": {"freezer.state"},
		"cpu":     {"cpu.stat"},
		"pids":    {"pids.current", "pids.max"},
	}
)

// cgroup writes the control groups of the process and their counters.
func (s *subject) cgroup() {
	s.show(s.via+"cgroup", 20)
	text, err := readAt(s.page, s.dir, s.via+"cgroup", 64<<10)
	if err != nil {
		return
	}
	s.page.reading("the mounts")
	mounts, err := procfs.GetMounts()
	if err != nil {
		s.page.linef("    (%s)", inWords(err))
		return
	}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		if f[0] == "0" && f[1] == "" {
			s.group(directory(mounts, "", f[2]), files2)
			continue
		}
		for _, controller := range strings.Split(f[1], ",") {
			s.group(directory(mounts, controller, f[2]), files1[controller])
		}
	}
}

// group writes those of the files that exist.
func (s *subject) group(dir string, files []string) {
	if dir == "" {
		return
	}
	said := false
	for _, name := range files {
		if text, err := readAt(s.page, nil, filepath.Join(dir, name), 4096); err == nil {
			if !said {
				s.page.linef("  in %s", dir)
			}
			said = true
			s.page.linef("  %s", name)
			s.page.block(text, 20)
		}
	}
}

// directory is where a control group is mounted: that of a controller of version 1, or of
// version 2 if the controller is "". It is "" if that is not mounted, or is outside what
// we can see.
func directory(mounts []*procfs.MountInfo, controller, group string) string {
	for _, m := range mounts {
		if _, has := m.SuperOptions[controller]; m.FSType == "cgroup2" && controller == "" || m.FSType == "cgroup" && has {
			below, err := filepath.Rel(m.Root, group)
			if err == nil && below != ".." && !strings.HasPrefix(below, "../") {
				return filepath.Join(m.MountPoint, below)
			}
		}
	}
	return ""
}
