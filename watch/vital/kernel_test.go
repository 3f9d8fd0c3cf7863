package vital

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/sockdiag"
	"procward/procscan"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// newGroup makes a cgroup in a hierarchy for the time of the test.
func newGroup(t *testing.T, hierarchy string) string {
	t.Helper()
	needRoot(t)
	if hierarchy == "" {
		t.Skip("this hierarchy is not mounted")
	}
	dir, err := os.MkdirTemp(hierarchy, "vital-test-")
	if err != nil {
		t.Skipf("no cgroup can be made: %v", err)
	}
	t.Cleanup(func() {
		until(t, "the cgroup is empty", func() bool { return os.Remove(dir) == nil })
	})
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0); err != nil {
		t.Fatal(err)
	}
}

func awaitText(t *testing.T, file, text string) {
	t.Helper()
	until(t, file+" says "+text, func() bool {
		b, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(b), text)
	})
}

// A process in a frozen cgroup is stopped, and is not stuck in D however it looks.
func TestFrozen(t *testing.T) {
	var g groups
	g.mounts("/proc")
	for _, c := range []struct{ hierarchy, file, freeze, thaw, state, frozen, thawed string }{
		{g.unified, "cgroup.freeze", "1", "0", "cgroup.events", "frozen 1", "frozen 0"},
		{g.freezer, "freezer.state", "FROZEN", "THAWED", "freezer.state", "FROZEN", "THAWED"},
	} {
		t.Run(c.file, func(t *testing.T) {
			dir := newGroup(t, c.hierarchy)
			v, s := startVictim(t), stage(t, 1)
			t.Cleanup(func() { _ = v.Cmd.Process.Kill(); _, _ = v.Cmd.Process.Wait() }) // before the group is removed
			write(t, filepath.Join(dir, "cgroup.procs"), strconv.Itoa(v.id.PID))
			if _, err := os.Stat(filepath.Join(dir, c.file)); err != nil {
				t.Skipf("no freezer here: %v", err)
			}
			s.attend(stallSpec(Sign{Stopped: d(long)}, Sign{Uninterruptible: d(long)}), v.id)
			s.tick(2)
			write(t, filepath.Join(dir, c.file), c.freeze)
			awaitText(t, filepath.Join(dir, c.state), c.frozen)
			s.tick(9)
			write(t, filepath.Join(dir, c.file), c.thaw)
			awaitText(t, filepath.Join(dir, c.state), c.thawed)
			s.tick(1)
			said := s.said
			s.expect("stopped", "ok failing bad ok")
			s.said = said
			s.expect("uninterruptible", "ok")
		})
	}
}

// The sockets of a process in another network namespace are asked there.
func TestBacklogElsewhere(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(victimProgram(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	v, s := startCommand(t, cmd), stage(t, 0)
	dial := listen(t, v, "unix") // which a path reaches from anywhere
	dial()
	s.attend(stallSpec(Sign{Backlog: d(long)}), v.id)
	s.tick(5)
	s.expect("backlog", "failing bad")
	if n := len(s.rd.spaces.known); n != 1 {
		t.Errorf("%d namespaces", n)
	}
	s.Unattend("x")
	s.obey()
	s.rd.turn = 5*forget - 1
	s.rd.begin(s.now, s.clock.now)
	s.rd.end()
	if n := len(s.rd.spaces.known); n != 0 {
		t.Errorf("%d namespaces are kept alive", n)
	}
}

// Without the privilege to see whose the sockets are, backlog is unknown; the rest is not.
func TestWithoutPrivilege(t *testing.T) {
	const inside = "VITAL_INSIDE"
	if os.Getenv(inside) == "" && os.Geteuid() == 0 {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestWithoutPrivilege$", "-test.v")
		cmd.Env = append(os.Environ(), inside+"=1", "GORACE=atexit_sleep_ms=0")
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	s := stage(t, 1)
	spec := stallSpec(Sign{Backlog: d(long)}, Sign{Stopped: d(long)})
	spec.Limits = Limits{FDs: atMost("90%", long), RSS: memory(RSS, "90%", long), Zombies: atMost("10000", long)}
	s.attend(spec, identify(t, 1))
	s.tick(15)
	for _, sign := range s.said {
		want := "ok"
		if sign.Name == "backlog" {
			want = "unknown"
		}
		if string(sign.Verdict) != want {
			t.Errorf("%+v", sign)
		}
	}
	if len(s.said) != 5 {
		t.Errorf("%+v", s.said)
	}
}

// What this kernel lacks is made up for.
func TestDescriptorsCounted(t *testing.T) {
	v, s := startVictim(t), stage(t, 0)
	v.do("fd 20")
	have, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", v.id.PID))
	if err != nil || len(have) < 23 {
		t.Fatal(have, err)
	}
	for _, counts := range []bool{s.rd.counts, false} {
		s.rd.counts = counts
		s.Attend("x", 1, []procscan.ID{v.id}, limitSpec(Limits{FDs: atMost("1", long)}))
		s.tick(1)
		if got := int(s.targets["x"].procs[0].r.fds); got != len(have) {
			t.Errorf("%d descriptors, want %d", got, len(have))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("1 (x) S 12 4711 4711 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 3 0 123456 5000000 250"))
	f.Add([]byte("voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t9\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var g groups
		g.unified, g.known = "/sys/fs/cgroup", map[string]*group{}
		g.freezer, g.old = g.unified, map[string]*group{}
		g.of(text)
		var n netns
		_, _ = sockdiag.Answers(text, func(msg []byte) { n.inet(msg); n.unix(msg) })
	})
}
