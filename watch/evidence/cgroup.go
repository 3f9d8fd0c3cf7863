package evidence

import (
	"path/filepath"
	"strings"

	"procward/internal/procfile"
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
	mounts := procfile.OwnMounts()
	for _, g := range procfile.Groups(text) {
		if g.Has("") {
			s.group(mounts.Dir("", g.Path), files2)
			continue
		}
		for _, controller := range strings.Split(g.Controllers, ",") {
			s.group(mounts.Dir(controller, g.Path), files1[controller])
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
