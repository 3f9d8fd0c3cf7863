package vital

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
	"procward/procscan"
)

const long = 3 * stagedTick

func (s *staged) attend(spec Spec, ids ...procscan.ID) {
	s.t.Helper()
	if err := spec.Validate(); err != nil {
		s.t.Fatal(err)
	}
	s.Attend("x", 1, ids, spec)
}

func TestStopped(t *testing.T) {
	for keep := range 2 {
		v, s := startVictim(t), stage(t, keep)
		s.attend(stallSpec(Sign{Stopped: d(long)}), v.id)
		s.tick(2)
		s.expect("stopped", "ok")
		v.Signal(unix.SIGSTOP)
		v.awaitState("T")
		s.tick(3)
		s.expect("stopped", "failing")
		s.tick(5)
		if len(s.said) != 1 || !strings.Contains(s.said[0].Text, "stopped by a signal for 3s") || s.said[0].PID != v.id.PID || s.said[0].Took != long {
			t.Errorf("%+v", s.said)
		}
		s.expect("stopped", "bad")
		v.Signal(unix.SIGCONT)
		v.awaitState("SR")
		s.tick(2)
		s.expect("stopped", "ok")
	}
}

// A stop shorter than the limit is none, and the next begins anew.
func TestStopsTooShort(t *testing.T) {
	v, s := startVictim(t), stage(t, 0)
	s.attend(stallSpec(Sign{Stopped: d(long)}), v.id)
	s.tick(1)
	for range 3 {
		v.Signal(unix.SIGSTOP)
		v.awaitState("T")
		s.tick(3)
		v.Signal(unix.SIGCONT)
		v.awaitState("SR")
		s.tick(1)
	}
	s.expect("stopped", "ok failing ok failing ok failing ok")
}

func TestUninterruptible(t *testing.T) {
	for _, more := range []int{0, 3} {
		v, s := startVictim(t), stage(t, 1)
		v.do("idle %d", more)
		s.attend(stallSpec(Sign{Uninterruptible: d(long)}, Sign{Stopped: d(long)}), v.id)
		s.tick(2)
		s.expect("uninterruptible", "ok")
		v.do("vfork")
		v.awaitState("D")
		s.tick(9)
		s.expect("uninterruptible", "failing bad")
	}
}

func TestSpinning(t *testing.T) {
	for _, more := range []int{0, 3} {
		v, l := startVictim(t), run(t, 1)
		v.do("idle %d", more)
		l.Attend("x", 1, []procscan.ID{v.id}, stallSpec(Sign{Spinning: d(500 * time.Millisecond)}))
		l.expect("spinning", "ok")
		v.do("spin")
		if s := l.expect("spinning", "failing", "bad"); !strings.Contains(s.Text, "runs without ever waiting") || s.Took < 500*time.Millisecond {
			t.Errorf("%+v", s)
		}
	}
}

// One that spins from the first reading on. A host that does not let it run may make it
// look idle at first.
func TestSpinningFromTheStart(t *testing.T) {
	v, l := startVictim(t), run(t, 1)
	v.do("spin")
	l.Attend("x", 1, []procscan.ID{v.id}, stallSpec(Sign{Spinning: d(300 * time.Millisecond)}))
	told := l.next()
	if told.Verdict == "ok" {
		told = l.next()
	}
	if told.Verdict == "failing" { // unless the second look came late
		told = l.next()
	}
	if told.Verdict != "bad" {
		t.Errorf("told %+v", told)
	}
}

// A queue that nobody serves, on each family.
func TestBacklog(t *testing.T) {
	for _, family := range []string{"4", "6", "unix"} {
		t.Run(family, func(t *testing.T) {
			v, s := startVictim(t), stage(t, 0)
			dial := listen(t, v, family)
			s.attend(stallSpec(Sign{Backlog: d(long)}), v.id)
			s.tick(2)
			s.expect("backlog", "ok")
			dial()
			s.tick(2)
			dial()
			s.tick(8)
			if n := len(s.said); n != 2 || !strings.Contains(s.said[1].Text, ": 2 in the accept queue") {
				t.Errorf("%+v", s.said)
			}
			s.expect("backlog", "failing bad")
			v.do("accept")
			s.tick(1)
			s.expect("backlog", "ok") // the spell has ended
			v.do("accept")
			s.tick(2)
			s.expect("backlog", "")
		})
	}
}

// A queue as long at every look as at the last is served all the same when those in it
// are others each time.
func TestBacklogServed(t *testing.T) {
	for _, family := range []string{"4", "6", "unix"} {
		t.Run(family, func(t *testing.T) {
			v, s := startVictim(t), stage(t, 0)
			dial := listen(t, v, family)
			dial()
			dial()
			s.attend(stallSpec(Sign{Backlog: d(long)}), v.id)
			for range 20 {
				s.tick(1)
				dial()
				v.do("accept")
			}
			s.expect("backlog", "failing")
		})
	}
}

// Who has given up waiting still stands in the queue.
func TestBacklogOfThoseWhoLeft(t *testing.T) {
	v, s := startVictim(t), stage(t, 0)
	dial := listen(t, v, "4")
	s.attend(stallSpec(Sign{Backlog: d(long)}), v.id)
	s.tick(1)
	if err := dial().Close(); err != nil {
		t.Fatal(err)
	}
	s.tick(5)
	s.expect("backlog", "ok failing bad")
}

// The signs of a process whose leading thread has exited are those of the others.
func TestLeaderless(t *testing.T) {
	v, s := startVictim(t), stage(t, 1)
	v.do("leave")
	v.do("fd 50")
	fs := openProc(t)
	until(t, "the leading thread has exited", func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", v.id.PID))
		return err == nil && strings.Contains(string(text), ") Z ")
	})
	spec := stallSpec(Sign{Stopped: d(long)}, Sign{Uninterruptible: d(long)})
	spec.Limits = Limits{FDs: atMost("30", long), RSS: memory(RSS, "100KiB", long), Children: atMost("0", long)}
	s.attend(spec, v.id)
	v.do("child 1")
	v.Signal(unix.SIGSTOP)
	until(t, "it is stopped", func() bool { p, err := fs.Read(v.id.PID); return err == nil && p.State == 'T' })
	s.tick(5)
	told := map[string]string{}
	for _, sign := range s.said {
		told[sign.Name] += string(sign.Verdict) + " "
	}
	for _, name := range []string{"stopped", "fds", "rss", "children"} {
		if told[name] != "failing bad " {
			t.Errorf("%s: told %q\n%s", name, told[name], strings.Join(s.Last("x"), "\n"))
		}
	}
}

// listen makes a victim listen, and gives what connects to it.
func listen(t *testing.T, v *victim, family string) (dial func() net.Conn) {
	t.Helper()
	network, address := "tcp", ""
	switch family {
	case "4":
		address = fmt.Sprintf("127.0.0.1:%d", v.do("listen 4"))
	case "6":
		if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
			t.Skipf("no IPv6 here: %v", err)
		} else {
			l.Close()
		}
		address = fmt.Sprintf("[::1]:%d", v.do("listen 6"))
	default:
		network, address = "unix", filepath.Join(t.TempDir(), "s")
		v.do("listen %s", address)
	}
	return func() net.Conn {
		t.Helper()
		c, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		limits      Limits
	}{
		{"fds", "fd 50", Limits{FDs: atMost("30", long)}},
		{"fds", "fd 50", Limits{FDs: atMost("0.001%", long)}},
		{"rss", "mem 40", Limits{RSS: memory(RSS, "30MiB", long)}},
		{"threads", "idle 20", Limits{Threads: atMost("10", long)}},
		{"children", "child 5", Limits{Children: atMost("4", long)}},
		{"zombies", "zombie 3", Limits{Zombies: atMost("2", long)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, s := startVictim(t), stage(t, 1)
			s.attend(limitSpec(c.limits), v.id)
			if c.limits.FDs == nil || c.limits.FDs.Max.Form == Number {
				s.tick(1)
				s.expect(c.name, "ok")
			}
			v.do(c.fault)
			awaitZombies(v, c.name)
			s.tick(3)
			s.expect(c.name, "failing")
			s.tick(3)
			s.expect(c.name, "bad")
		})
	}
}

// awaitZombies waits until the children of a zombie maker have ended.
func awaitZombies(v *victim, name string) {
	if name == "zombies" {
		s := stage(v.T, 0)
		s.attend(limitSpec(Limits{Zombies: atMost("0", long)}), v.id)
		until(v.T, "three zombies", func() bool { s.tick(1); return s.targets["x"].procs[0].r.zombies == 3 })
	}
}

func TestCPU(t *testing.T) {
	v, l := startVictim(t), run(t, 1)
	l.Attend("x", 1, []procscan.ID{v.id}, limitSpec(Limits{CPU: atMost("5%", 500*time.Millisecond)}))
	l.expect("cpu", "ok")
	v.do("spin")
	l.expect("cpu", "failing")
}

func TestLeaks(t *testing.T) {
	leak := DefaultLeak()
	leak.For = 8 * 2 * 1e9
	for _, c := range []struct {
		name, fault string
		growth      Growth
	}{
		{"fds-growth", "fd 3", Growth{FDs: &leak}},
		{"threads-growth", "idle 1", Growth{Threads: &leak}},
		{"rss-growth", "mem 1", Growth{RSS: &leak}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, s := startVictim(t), stage(t, 1)
			s.attend(limitSpec(Limits{Growth: &c.growth}), v.id)
			for range 20 {
				s.tick(1)
				v.do(c.fault)
			}
			if n := len(s.said); n != 3 || !s.said[2].Report || !strings.Contains(s.said[2].Text, "only growing for 16s") {
				t.Errorf("%+v", s.said)
			}
			s.expect(c.name, "ok failing bad")
			s.tick(5)
			s.expect(c.name, "ok")
		})
	}
}

// everything is a spec with every sign, none of which an innocent process shows.
func everything() Spec {
	leak := DefaultLeak()
	leak.For = 8 * 1e9
	s := stallSpec(Sign{Stopped: d(long)}, Sign{Uninterruptible: d(long)}, Sign{Spinning: d(long)}, Sign{Backlog: d(long)})
	s.Limits = Limits{
		RSS: memory(RSS, "50%", long), FDs: atMost("90%", long), Threads: atMost("100", long), Children: atMost("10", long), Zombies: atMost("0", long),
		Growth: &Growth{RSS: &leak, FDs: &leak, Threads: &leak},
	}
	return s
}

// awaitWait waits until the second of two threads has waited for something once more. The clock
// that a test turns is far ahead of the real one, on which a thread that others keep from
// the CPU may take long to come to its next wait.
func (v *victim) awaitWait() {
	v.T.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", v.id.PID))
	if err != nil || len(threads) != 2 {
		v.T.Fatalf("threads: %v, %v", threads, err)
	}
	second := threads[0]
	if filepath.Base(second) == strconv.Itoa(v.id.PID) {
		second = threads[1]
	}
	waits := func() int64 {
		text, err := os.ReadFile(filepath.Join(second, "status"))
		if err != nil {
			v.T.Fatal(err)
		}
		n, _ := procfile.Line(text, "voluntary_ctxt_switches:")
		return n
	}
	before := waits()
	until(v.T, "it has waited", func() bool { return waits() > before })
}

// Innocent processes are told to be ok, each sign once, and that is all.
func TestNoFalseAlarm(t *testing.T) {
	for _, fault := range []string{"idle 0", "serve", "deadlock", "child 2", "leave", "listen 4"} {
		t.Run(fault, func(t *testing.T) {
			v, s := startVictim(t), stage(t, 1)
			v.do(fault)
			s.attend(everything(), v.id)
			for range 50 {
				if fault == "serve" {
					v.awaitWait()
				}
				s.tick(1)
			}
			told := map[string]string{}
			for _, sign := range s.said {
				told[sign.Name] += string(sign.Verdict)
			}
			for _, name := range Names(everything()) {
				if told[name] != "ok" {
					t.Errorf("%s: told %q\n%s", name, told[name], strings.Join(s.Last("x"), "\n"))
				}
			}
		})
	}
}
