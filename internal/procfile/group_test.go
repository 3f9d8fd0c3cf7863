package procfile

import (
	"reflect"
	"testing"
)

func TestGroups(t *testing.T) {
	got := Groups("4:cpu,cpuacct:/a:b\n1:name=systemd:/x.service\n0::/y (deleted)\nnonsense\n")
	want := []Group{{"cpu,cpuacct", "/a:b"}, {"name=systemd", "/x.service"}, {"", "/y (deleted)"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	for controller, has := range map[string][3]bool{"": {2: true}, "cpuacct": {0: true}, "name=systemd": {1: true}, "memory": {}} {
		for i, g := range got {
			if g.Has(controller) != has[i] {
				t.Errorf("%+v has %q: %v", g, controller, !has[i])
			}
		}
	}
}

func TestMounts(t *testing.T) {
	mounts := GroupMounts(`25 1 0:23 / /sys/fs/cgroup rw shared:9 - tmpfs tmpfs rw
26 25 0:24 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
27 25 0:25 /docker/x /sys/fs/cgroup/unified rw shared:1 master:2 - cgroup2 cgroup2 rw
`)
	for _, c := range [][3]string{
		{"", "/docker/x", "/sys/fs/cgroup/unified"}, {"", "/docker/x/web.service", "/sys/fs/cgroup/unified/web.service"},
		{"", "/docker/y", ""}, {"", "/../y", ""}, {"", "/", ""},
		{"cpuacct", "/a", "/sys/fs/cgroup/cpu,cpuacct/a"}, {"memory", "/a", ""},
	} {
		if got := mounts.Dir(c[0], c[1]); got != c[2] {
			t.Errorf("%q: %q", c, got)
		}
	}
}
