package evidence

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/procfs"

	"procward/internal/testbed"
	"procward/procscan"
)

func TestDirectory(t *testing.T) {
	mounts := []*procfs.MountInfo{
		{FSType: "tmpfs", MountPoint: "/sys/fs/cgroup", Root: "/"},
		{FSType: "cgroup", MountPoint: "/sys/fs/cgroup/cpu,cpuacct", Root: "/", SuperOptions: map[string]string{"cpu": "", "cpuacct": ""}},
		{FSType: "cgroup2", MountPoint: "/sys/fs/cgroup/unified", Root: "/docker/x"},
	}
	for _, c := range [][3]string{
		{"", "/docker/x", "/sys/fs/cgroup/unified"}, {"", "/docker/x/web.service", "/sys/fs/cgroup/unified/web.service"},
		{"", "/docker/y", ""}, {"", "/../y", ""}, {"", "/", ""},
		{"cpuacct", "/a", "/sys/fs/cgroup/cpu,cpuacct/a"}, {"memory", "/a", ""},
	} {
		if got := directory(mounts, c[0], c[1]); got != c[2] {
			t.Errorf("%q: %q", c, got)
		}
	}
}

// The counters of a control group of version 2, and that it is frozen.
func TestCollectFrozen(t *testing.T) {
	mounts, err := procfs.GetMounts()
	if err != nil {
		t.Fatal(err)
	}
	own, _ := os.ReadFile("/proc/self/cgroup")
	_, group, _ := strings.Cut(string(own), "0::")
	dir := directory(mounts, "", filepath.Join(strings.TrimSpace(group), "procward-evidence-"+strconv.Itoa(os.Getpid())))
	if group == "" || dir == "" {
		t.Skip("control groups of version 2 are not mounted")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("cannot make a control group: %v", err)
	}
	set := func(name, value string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
	v := newVictim(t)
	t.Cleanup(func() {
		set("cgroup.freeze", "0")
		v.end()
		testbed.Until(t, dir+" can be removed", func() bool { return os.Remove(dir) == nil })
	})
	set("cgroup.procs", strconv.Itoa(v.id.PID))
	set("cgroup.freeze", "1")
	testbed.Until(t, "the group is frozen", func() bool {
		events, _ := os.ReadFile(filepath.Join(dir, "cgroup.events"))
		return strings.Contains(string(events), "frozen 1")
	})
	text := collect(t, &Writer{}, Case{IDs: []procscan.ID{v.id}})
	wants(t, text, "  in "+dir+"\n  cgroup.freeze\n    1\n", "frozen 1", "cpu.stat")
}
