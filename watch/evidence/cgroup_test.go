package evidence

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"procward/internal/procfile"
	"procward/internal/testbed"
	"procward/procscan"
)

// The counters of a control group of version 2, and that it is frozen.
func TestCollectFrozen(t *testing.T) {
	dir := procfile.OwnMounts().Dir("", filepath.Join(procfile.GroupOf(os.Getpid()), "procward-evidence-"+strconv.Itoa(os.Getpid())))
	if dir == "" {
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
		v.End()
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
