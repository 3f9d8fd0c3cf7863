package vital

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/procscan"
	"procward/watch"
)

// A parent and two children that share 64 MiB.
func TestMemoryKinds(t *testing.T) {
	v := startVictim(t)
	v.do("mem 64")
	v.do("child 2")
	for _, c := range []struct {
		kind           MemoryKind
		exceeds, keeps string
		words          string
	}{
		{RSS, "60MiB", "90MiB", "rss "},
		{PSS, "15MiB", "40MiB", "pss "},
		{Private, "10KiB", "15MiB", "private memory "},
		{Tree, "180MiB", "250MiB", "with all descendants"},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			s := stage(t, 1)
			s.attend(limitSpec(Limits{RSS: memory(c.kind, c.keeps, long)}), v.id)
			if sign := s.told(); sign.Verdict != watch.OK || !strings.Contains(sign.Text, c.words) {
				t.Errorf("below its limit: %+v", sign)
			}
			s.attend(limitSpec(Limits{RSS: memory(c.kind, c.exceeds, long)}), v.id)
			first, second := s.told(), s.told()
			if first.Verdict != watch.Failing || second.Verdict != watch.Bad || second.Name != "rss" || !strings.Contains(second.Text, c.words) {
				t.Errorf("above its limit: %+v, %+v", first, second)
			}
		})
	}
}

// told ticks until something is told. Answers come when they come.
func (s *staged) told() watch.SignChange {
	s.t.Helper()
	until(s.t, "something that is told", func() bool { s.tick(1); return len(s.said) > 0 })
	sign := s.said[0]
	s.said = s.said[:0]
	return sign
}

// The limit is of the whole tree, also below a child that holds nothing.
func TestTreeBelowAShell(t *testing.T) {
	v, s := startCommand(t, exec.Command("sh", "-c", victimProgram(t)+"; exit")), stage(t, 1)
	s.attend(limitSpec(Limits{RSS: memory(Tree, "150MiB", long)}), v.id)
	s.tick(1)
	s.expect("rss", "ok")
	v.do("mem 64")
	v.do("child 2")
	s.tick(1)
	s.expect("rss", "failing")
	s.tick(4)
	s.expect("rss", "bad")
	if s.rd.family.at != s.clock.now {
		t.Error("a pass is older than the tick of the limit")
	}
}

// A process without its leading thread is counted by another thread.
func TestMemoryOfALeaderless(t *testing.T) {
	for _, kind := range []MemoryKind{PSS, Private, Tree} {
		v, s := startVictim(t), stage(t, 1)
		v.do("mem 64")
		v.do("leave")
		s.attend(limitSpec(Limits{Threads: atMost("5", long)}), v.id)
		until(t, "the end of the leading thread", func() bool { s.tick(1); return s.targets["x"].procs[0].live != 0 })
		s.said = s.said[:0]
		s.attend(limitSpec(Limits{RSS: memory(kind, "60MiB", long)}), v.id)
		if sign := s.told(); sign.Verdict != watch.Failing {
			t.Errorf("%s: %+v", kind, sign)
		}
	}
}

func TestFamily(t *testing.T) {
	f := family{kin: []kin{{parent: 1, pid: 10, rss: 1}, {parent: 10, pid: 11, rss: 2}, {parent: 10, pid: 12, rss: 4}, {parent: 12, pid: 13, rss: 8}, {parent: 14, pid: 15, rss: 16}, {parent: 15, pid: 14, rss: 32}}}
	for pid, want := range map[int]int64{1: 15, 10: 14, 12: 8, 13: 0, 14: 16, 15: 32, 99: 0} {
		if got := f.below(pid); got != want {
			t.Errorf("below %d: %d, want %d", pid, got, want)
		}
	}
}

// table is a process table in which files of some processes can be replaced.
func table(t *testing.T, ids ...procscan.ID) string {
	t.Helper()
	root := t.TempDir()
	for _, id := range ids {
		dir := filepath.Join(root, fmt.Sprint(id.PID))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"stat", "smaps_rollup", "status", "task"} {
			if err := os.Symlink(fmt.Sprintf("/proc/%d/%s", id.PID, name), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// hangs makes the smaps_rollup of a process one that does not answer before the end.
func hangs(t *testing.T, root string, id procscan.ID) {
	t.Helper()
	name := filepath.Join(root, fmt.Sprint(id.PID), "smaps_rollup")
	if err := errors.Join(os.Remove(name), unix.Mkfifo(name, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // it answers those who wait, with nothing
		fd, err := unix.Open(name, unix.O_RDWR|unix.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
	})
}

// A file that never answers costs one reading: it is unknown, read once, and the ticks and
// all others go on, also where there are more of them than readers.
func TestMemoryThatHangs(t *testing.T) {
	var ids []procscan.ID
	for range usualReaders + 2 {
		ids = append(ids, startVictim(t).id)
	}
	last := len(ids) - 1
	root := table(t, ids...)
	for _, id := range ids[:last] {
		hangs(t, root, id)
	}
	s := stageAt(t, root, 1)
	spec := limitSpec(Limits{RSS: memory(PSS, "1GiB", long), Threads: atMost("5", long)})
	for i, id := range ids {
		s.Attend(fmt.Sprint(i), 1, []procscan.ID{id}, spec)
	}
	verdicts := map[string]string{}
	until(t, "that all is told", func() bool {
		s.tick(1)
		for _, sign := range s.said {
			verdicts[sign.Target+sign.Name] += string(sign.Verdict) + " "
			if sign.Verdict == watch.Blind && !strings.HasSuffix(sign.Text, hang.ErrHangs.Error()) {
				t.Errorf("%+v", sign)
			}
		}
		s.said = s.said[:0]
		return len(verdicts) == 2*len(ids)
	})
	for i := range ids {
		want := "unknown "
		if i == last {
			want = "ok "
		}
		if verdicts[fmt.Sprint(i, "rss")] != want || verdicts[fmt.Sprint(i, "threads")] != "ok " {
			t.Errorf("target %d: %v", i, verdicts)
		}
	}
	for range 3 { // attended anew it is not read anew
		s.Attend("0", s.targets["0"].round+1, ids[:1], spec)
		s.tick(20)
	}
	until(t, "no more readers than files that hang", func() bool {
		s.rd.rollups.mu.Lock()
		defer s.rd.rollups.mu.Unlock()
		return s.rd.rollups.readers == last
	})
}

// Without the right to read it, it is unknown and no failure.
func TestMemoryThatIsDenied(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give its rights away")
	}
	v := startVictim(t)
	var err error
	withoutRights(t, func() { _, _, err = readRollup(fmt.Sprintf("/proc/%d/smaps_rollup", v.id.PID)) })
	if !errors.Is(err, unix.EACCES) {
		t.Fatalf("it is not denied: %v", err)
	}
	s := stage(t, 1)
	s.read = func(p *proc) {
		s.rd.read(p)
		p.r.fail[fromRollup], p.r.rolled = wrap("count the memory", err), false
	}
	s.attend(limitSpec(Limits{RSS: memory(PSS, "1KiB", long)}), v.id)
	s.tick(20)
	if len(s.said) != 1 || s.said[0].Verdict != watch.Blind || s.said[0].Text != "cannot be told: count the memory: smaps_rollup: permission denied" {
		t.Errorf("%+v", s.said)
	}
}

// withoutRights runs f on a thread that is nobody's meanwhile.
func withoutRights(t *testing.T, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const same = ^uintptr(0)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, same, 65534, same); errno != 0 {
		t.Fatal(errno)
	}
	f()
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, same, 0, same); errno != 0 {
		panic(errno) // the thread must not go on
	}
}

// Who has ended meanwhile says nothing of the kernel.
func TestRollupOfOneThatHasEnded(t *testing.T) {
	if _, _, err := readRollup("/proc/self/task/1/smaps_rollup"); !errors.Is(err, procscan.ErrGone) { // no thread of ours
		t.Error(err)
	}
}
