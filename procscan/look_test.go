package procscan

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fastScanner is a scanner for which every process is old enough to be remembered.
func fastScanner(t *testing.T) *Scanner {
	t.Helper()
	s, _ := realScanner(t)
	if ok, why := s.Fast(); !ok {
		t.Skipf("Look is not fast here: %s", why)
	}
	s.settled = 0
	return s
}

// remembered reports whether the last scan did not read the process.
func (s *Scanner) remembered(pid int) bool {
	for _, e := range s.todo {
		if s.memory.now.entries[e.place].pid == pid {
			return false
		}
	}
	return true
}

// sees checks that Look and Scan find exactly these processes.
func (s *Scanner) sees(t *testing.T, m *Matcher, want ...int) {
	t.Helper()
	for name, scan := range map[string]scanFunc{"look": s.Look, "scan": s.Scan} {
		if got := pids(scanOne(t, scan, m).Matching); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// unseen checks that Look does not read the process while nothing happens to it.
func (s *Scanner) unseen(t *testing.T, m *Matcher, pid int) {
	t.Helper()
	scanOne(t, s.Scan, m)
	scanOne(t, s.Look, m)
	if !s.remembered(pid) {
		t.Fatalf("process %d was read again", pid)
	}
}

func TestLookSeesAnExecInPlace(t *testing.T) {
	s := fastScanner(t)
	path := program(t, "look-exec")
	shell := exec.Command("/bin/sh", "-c", "read x; exec "+path+" helper $x")
	in, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	shell.Env = []string{helperEnv + "=1"}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer shell.Wait()
	defer in.Close()
	pid := shell.Process.Pid
	within(t, "the shell runs", func() bool {
		p, err := s.fs.Read(pid)
		return err == nil && p.Comm == "sh"
	})
	m := matcher(t, func(m *Match) { m.Name, m.Args = commOf(path), "helper now" })
	s.unseen(t, m, pid)
	fmt.Fprintln(in, "now")
	within(t, "look sees it", func() bool { return len(scanOne(t, s.Look, m).Selected) == 1 })
	s.sees(t, m, pid)
}

func TestLookSeesANewName(t *testing.T) {
	s := fastScanner(t)
	h := start(t)
	m := matcher(t, func(m *Match) { m.Name = "look-renamed" })
	s.unseen(t, m, h.pid())
	h.Do("comm look-renamed")
	s.sees(t, m, h.pid())
	h.Do("comm another")
	s.sees(t, m)
	s.unseen(t, m, h.pid())
}

func TestLookSeesANewUser(t *testing.T) {
	needRoot(t)
	s := fastScanner(t)
	h := start(t, called(t, "look-user"))
	m := matcher(t, func(m *Match) { m.Name, m.User = "look-user", "65534" })
	s.unseen(t, m, h.pid())
	h.Do("setuid 65534")
	s.sees(t, m, h.pid())
}

func TestLookSeesANewProcess(t *testing.T) {
	s := fastScanner(t)
	m := matcher(t, func(m *Match) { m.Name = "look-new" })
	s.sees(t, m)
	h := start(t, called(t, "look-new"))
	s.sees(t, m, h.pid())
	h.End()
	s.sees(t, m)
}

// Without the connector's help a reused PID shows by the inode number of its directory.
func TestLookSeesAReusedPID(t *testing.T) {
	s := fastScanner(t)
	h := start(t)
	m := matcher(t, func(m *Match) { m.Name = "look-reused" })
	s.unseen(t, m, h.pid())
	h.End()
	again := reuse(t, h.pid(), called(t, "look-reused"))
	s.connector.drain(func(int) {}) // what it tells is thrown away
	s.sees(t, m, again.pid())
}

// The name of a young process is known, for every match that asks for one.
func TestLookKnowsTheNamesOfTheYoung(t *testing.T) {
	s := fastScanner(t)
	s.settled, s.reliable = settled, time.Hour
	h := start(t, called(t, "look-young"))
	for _, name := range []string{"nobody", "nobody-else"} {
		s.sees(t, matcher(t, func(m *Match) { m.Name = name }))
		scanOne(t, s.Look, matcher(t, func(m *Match) { m.Name = name + "-2" }))
		if !s.remembered(h.pid()) {
			t.Error("read again")
		}
	}
	s.sees(t, matcher(t, func(m *Match) { m.Name = "look-young" }), h.pid())
	h.Do("comm look-older")
	s.sees(t, matcher(t, func(m *Match) { m.Name = "look-young" }))
	h.Do("comm look-young")
	s.sees(t, matcher(t, func(m *Match) { m.Name = "look-young" }), h.pid())
}

// What the kernel did not tell of a young process is seen a moment later.
func TestLookDoesNotRelyOnNamesForLong(t *testing.T) {
	s := fastScanner(t)
	s.settled, s.reliable = settled, time.Millisecond
	h := start(t)
	m := matcher(t, func(m *Match) { m.Name = "look-untold" })
	s.sees(t, m)
	h.Do("comm look-untold")
	s.connector.drain(func(int) {}) // what it tells is thrown away
	within(t, "look sees it", func() bool { return len(scanOne(t, s.Look, m).Selected) == 1 })
}

// What a scan for one matcher learns holds for that one only.
func TestLookWithOtherMatchers(t *testing.T) {
	s := fastScanner(t)
	h := start(t, called(t, "look-other"))
	other := matcher(t, func(m *Match) { m.Name = "nobody" })
	s.unseen(t, other, h.pid())
	m := matcher(t, func(m *Match) { m.Name = "look-other" })
	for range 2 {
		out, err := s.Look(t.Context(), []*Matcher{other, m})
		if err != nil || len(out[0].Matching) != 0 || !slices.Equal(pids(out[1].Matching), []int{h.pid()}) {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	s.unseen(t, other, h.pid())
}

// More happens than the queue can hold: everything is read, and then remembered again.
func TestLookAfterAnOverflow(t *testing.T) {
	s := fastScanner(t)
	h := start(t)
	m := matcher(t, func(m *Match) { m.Name = "look-overflow" })
	s.unseen(t, m, h.pid())
	if err := unix.SetsockoptInt(s.connector.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		h.Do("comm look-flood")
	}
	h.Do("comm look-overflow")
	if err := s.connector.exchange(s.connector.prctl, func(int) {}); !errors.Is(err, errLost) {
		t.Fatalf("nothing was lost: %v", err)
	}
	s.sees(t, m, h.pid())
	h.Do("comm look-flood")
	s.unseen(t, m, h.pid())
	if ok, why := s.Fast(); !ok {
		t.Error(why)
	}
}

func TestDrain(t *testing.T) {
	s := fastScanner(t)
	h := start(t)
	m := matcher(t, func(m *Match) { m.Name = "look-drained" })
	s.unseen(t, m, h.pid())
	h.Do("comm look-drained")
	if !s.Drain() {
		t.Fatal("not trusted")
	}
	s.sees(t, m, h.pid())
	without, _ := tree(t)
	if without.Drain() {
		t.Error("true without a connector")
	}
}

// A connector that has fallen silent is not believed.
func TestLookAfterSilence(t *testing.T) {
	s := fastScanner(t)
	h := start(t)
	m := matcher(t, func(m *Match) { m.Name = "look-silence" })
	s.unseen(t, m, h.pid())
	deaf := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}
	if err := unix.SetsockoptSockFprog(s.connector.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &deaf[0]}); err != nil {
		t.Fatal(err)
	}
	h.Do("comm look-silence")
	s.sees(t, m, h.pid())
	if ok, why := s.Fast(); !ok {
		t.Errorf("did not listen again: %s", why)
	}
}

// Without a connector Look is Scan.
func TestLookWithoutConnector(t *testing.T) {
	s, _ := tree(t, fake{pid: 10, comm: "a"}, fake{pid: 11, comm: "b"})
	if ok, why := s.Fast(); ok || !strings.Contains(why, "namespace") {
		t.Errorf("%v, %q", ok, why)
	}
	for range 2 {
		scanOne(t, s.Look, matcher(t, func(m *Match) { m.Name = "a" }))
		if len(s.todo) != 2 {
			t.Errorf("%d were read", len(s.todo))
		}
	}
}

// The kernel's queue gets nothing but what is listened for.
func TestFilter(t *testing.T) {
	s := fastScanner(t)
	h := start(t)
	count := map[int]int{}
	s.connector.drain(func(int) {})
	for range 5 {
		if err := exec.Command("/bin/true").Run(); err != nil { // fork, exec, exit
			t.Fatal(err)
		}
	}
	h.Do("comm filtered")
	if !s.connector.drain(func(pid int) { count[pid]++ }) {
		t.Fatal("not trusted")
	}
	if count[h.pid()] != 1 {
		t.Errorf("%d events of one rename", count[h.pid()])
	}
	for pid, n := range count {
		if pid == h.pid() {
			continue
		}
		if n > 3 { // an exec, and what else the host may be doing
			t.Errorf("process %d: %d events", pid, n)
		}
	}
	// Renaming another thread than the leading one tells nothing.
	count = map[int]int{}
	h.Do("thread renamed")
	if !s.connector.drain(func(pid int) { count[pid]++ }) || count[h.pid()] != 0 {
		t.Errorf("%d events of a thread", count[h.pid()])
	}
}

func TestCloseEndsTheListening(t *testing.T) {
	s := fastScanner(t)
	m := matcher(t, func(m *Match) { m.Name = "nobody" })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	scanOne(t, s.Look, m)
	if ok, _ := s.Fast(); ok || s.connector.fd != -1 {
		t.Error("it listens again")
	}
}
