package restart

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
	"procward/internal/testbed"
	"procward/procscan"
)

// clan is a process with descendants. Its members bear a mark by which those that are
// left are found and ended when the test is over, wherever they have gone.
type clan struct {
	t    *testing.T
	mark string
	cmd  *exec.Cmd
	id   procscan.ID
}

// startClan starts sh(1) with a script that says "ready" once it is as the test wants it.
func startClan(t *testing.T, attr *syscall.SysProcAttr, script string) *clan {
	t.Helper()
	c := &clan{t: t, mark: fmt.Sprintf("CLAN_%d=%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", "_"))}
	c.cmd = exec.Command("/bin/sh", "-c", script)
	c.cmd.Env = append(os.Environ(), c.mark)
	c.cmd.SysProcAttr = attr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.clean)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the clan began with %q, %v", line, err)
	}
	c.id = identify(t, c.cmd.Process.Pid)
	return c
}

// left are the members that live.
func (c *clan) left() []procscan.Process {
	fs := openProc(c.t)
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var left []procscan.Process
	for _, dir := range dirs {
		environ, _ := os.ReadFile(dir + "/environ")
		if !strings.Contains("\x00"+string(environ), "\x00"+c.mark+"\x00") {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if p, err := fs.Read(pid); err == nil && !p.Dead() {
			left = append(left, p)
		}
	}
	return left
}

func (c *clan) clean() {
	for range 100 {
		left := c.left()
		if len(left) == 0 {
			break
		}
		for _, p := range left {
			if fd, err := openProc(c.t).Pidfd(p.ID); err == nil {
				_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
				_ = unix.Close(fd)
			}
		}
	}
	_ = c.cmd.Wait()
}

// end ends the clan with its descendants, and gives how often each outcome was.
func (c *clan) end(timeout time.Duration) map[Outcome]int {
	c.t.Helper()
	k := kill("TERM", timeout)
	k.Tree = true
	got := k.End(context.Background(), openProc(c.t), []procscan.ID{c.id})
	if len(got) == 0 || got[0].ID != c.id {
		c.t.Fatalf("%+v", got)
	}
	seen, n := map[procscan.ID]bool{}, map[Outcome]int{}
	for _, e := range got {
		if seen[e.ID] {
			c.t.Errorf("%v stands twice", e.ID)
		}
		seen[e.ID] = true
		n[e.Outcome]++
	}
	return n
}

// nobody reports members that are left.
func (c *clan) nobody() {
	c.t.Helper()
	if left := c.left(); len(left) > 0 {
		c.t.Errorf("left: %+v", left)
	}
}

// What a clan is: a process group, or a session, of its own.
var (
	inGroup   = &syscall.SysProcAttr{Setpgid: true}
	inSession = &syscall.SysProcAttr{Setsid: true}
)

// Three generations; without tree only the first is ended.
func TestTree(t *testing.T) {
	const script = `sh -c 'sh -c "sleep 1000 & echo ready; wait" & wait' & wait`
	c := startClan(t, inGroup, script)
	if n := c.end(time.Minute); n[BySignal] != 4 || len(n) != 1 {
		t.Errorf("%v", n)
	}
	c.nobody()

	c = startClan(t, inGroup, script)
	got := kill("TERM", time.Minute).End(context.Background(), openProc(t), []procscan.ID{c.id})
	if len(got) != 1 || len(c.left()) != 3 {
		t.Errorf("%+v, %+v", got, c.left())
	}
}

// Who ignores the signal is killed; a stranger in the same process group is unharmed.
func TestTreeStubborn(t *testing.T) {
	c := startClan(t, inGroup, `trap "" TERM; sh -c 'sleep 1000 & echo ready; wait' & wait`)
	stranger := exec.Command("sleep", "1000")
	stranger.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: c.id.PID}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	id := identify(t, stranger.Process.Pid)
	defer func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	}()
	if n := c.end(100 * time.Millisecond); n[ByKill] != 3 || len(n) != 1 {
		t.Errorf("%v", n)
	}
	c.nobody()
	if p, err := openProc(t).Read(id.PID); err != nil || p.ID != id || p.State == 'Z' || p.State == 'T' {
		t.Errorf("%+v, %v", p, err)
	}
}

// A tree that forks all the time, in three generations, from the moment it is ready.
func TestTreeForking(t *testing.T) {
	for _, trap := range []string{":", `trap "" TERM`} {
		c := startClan(t, inGroup, trap+`
			forks() { i=0; while [ $i -lt 100 ]; do $1 & i=$((i+1)); done; wait; }
			twig() { sleep 1000; }
			branch() { forks2; }
			forks2() { j=0; while [ $j -lt 3 ]; do twig & j=$((j+1)); done; wait; }
			echo ready; forks branch`)
		n := c.end(300 * time.Millisecond)
		if n[Unkillable]+n[Refused] != 0 {
			t.Errorf("%v", n)
		}
		c.nobody()
	}
}

// An orphan is found by the session that its ancestor leads, and not when it has left that.
func TestTreeOrphans(t *testing.T) {
	c := startClan(t, inSession, `(sleep 1000 &); echo ready; exec sleep 1000`)
	if n := c.end(time.Minute); n[BySignal] != 2 || len(n) != 1 {
		t.Errorf("%v", n)
	}
	c.nobody()

	c = startClan(t, inSession, `setsid -f sleep 1000; echo ready; exec sleep 1000`)
	testbed.Until(t, "a member has left for a session of its own", c.parted)
	if n := c.end(time.Minute); n[BySignal] != 1 || len(n) != 1 {
		t.Errorf("%v", n)
	}
	left := c.left()
	if len(left) != 1 || left[0].Session != left[0].PID || left[0].State == 'T' {
		t.Errorf("%+v", left)
	}
}

// parted reports whether a member has left for a session of its own.
func (c *clan) parted() bool {
	return slices.ContainsFunc(c.left(), func(p procscan.Process) bool { return p.Session == p.PID && p.ID != c.id })
}

// inCgroup makes a control group and an attribute to start a process in it.
func inCgroup(t *testing.T) (*syscall.SysProcAttr, string) {
	t.Helper()
	name := "procward-test-" + strconv.Itoa(os.Getpid()) + "-tree.service" // the PID ends at a dash: sweeps of other tests go by it
	dir := procfile.OwnMounts().Dir("", filepath.Join(procfile.GroupOf(os.Getpid()), name))
	if dir == "" {
		t.Skip("control groups of version 2 are not mounted")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("cannot make a control group: %v", err)
	}
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Close()
		_ = os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0)
		testbed.Until(t, dir+" can be removed", func() bool { return os.Remove(dir) == nil })
	})
	return &syscall.SysProcAttr{Setsid: true, UseCgroupFD: true, CgroupFD: int(d.Fd())}, dir
}

func members(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// In a control group of its own those are found as well that made themselves daemons
// while the signal was acted on.
func TestTreeCgroup(t *testing.T) {
	attr, dir := inCgroup(t)
	// A busy machine may need longer than the timeout until it acts on the signal: then it
	// gets more time.
	for timeout, caught := 700*time.Millisecond, false; !caught; timeout *= 2 {
		c := startClan(t, attr, `trap "setsid -f sleep 1000" TERM; sleep 1000 & echo ready; while :; do wait; sleep 0.01; done`)
		n := c.end(timeout)
		if caught = n[ByKill] > 1; n[Unkillable]+n[Refused]+n[Gone] != 0 || !caught && timeout > testbed.Patience {
			t.Fatalf("%v", n)
		}
		c.nobody()
		if got := members(t, dir); len(got) > 0 {
			t.Errorf("left in the group: %v", got)
		}
	}
}

// In one that it shares it is ended by the tree, and the others are unharmed.
func TestTreeSharedCgroup(t *testing.T) {
	attr, dir := inCgroup(t)
	c := startClan(t, attr, `sleep 1000 & echo ready; wait`)
	stranger := exec.Command("sleep", "1000")
	stranger.SysProcAttr = attr
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	}()
	if n := c.end(time.Minute); n[BySignal] != 2 || len(n) != 1 {
		t.Errorf("%v", n)
	}
	if got := members(t, dir); len(got) != 1 || got[0] != strconv.Itoa(stranger.Process.Pid) {
		t.Errorf("%v, want %d", got, stranger.Process.Pid)
	}
}

// What starts in the group after the victim's end, as a successor does, is not the victim's.
func TestHomeBore(t *testing.T) {
	h := home{seen: 10 * time.Second}
	for start, want := range map[uint64]bool{0: true, 998: true, 999: true, 1000: false, 2000: false} {
		if got := h.bore(procscan.Process{ID: procscan.ID{PID: 1, Start: start}}); got != want {
			t.Errorf("%d: %v", start, got)
		}
	}
}

func TestOwnable(t *testing.T) {
	const mine = "/system.slice/procward.service/scripts"
	for group, want := range map[string]bool{
		"/system.slice/web.service": true, "/user.slice/user-1.slice/user@1.service/app.slice/x.service": true, "/web": true,
		"/system.slice/procward.service/scripts/below": true, "/system.slice/procward.service2": true, "/machine.slice/a.scope": true,
		"": false, "/": false, "/system.slice": false, "/init.scope": false, "/user.slice/user-1.slice/session-4.scope": false,
		"/user.slice/user-1.slice/user@1.service": false, mine: false, "/system.slice/procward.service": false,
		"/../other": false, "/web (deleted)": false,
	} {
		if got := ownable(group, mine); got != want {
			t.Errorf("%q: %v", group, got)
		}
	}
}

// A candidate that is not what it was seen as is not taken in: another start time, no
// child any more, or a parent that has ended.
func TestAdopt(t *testing.T) {
	fs := openProc(t)
	tg, parent := startTarget(t, ":"), startTarget(t, ":")
	c := condemn(fs, []procscan.ID{parent.id})
	defer c.close()
	c.family = &family{known: map[procscan.ID]struct{}{}}
	p, err := fs.Read(tg.id.PID)
	if err != nil {
		t.Fatal(err)
	}
	other := p
	other.Start++
	yes := func(procscan.Process) bool { return true }
	c.adopt(other, yes)
	c.adopt(p, func(now procscan.Process) bool { return now.PPID == parent.id.PID && c.lives(0) })
	_ = parent.Cmd.Process.Kill()
	parent.await(unix.WEXITED)
	c.adopt(p, func(procscan.Process) bool { return c.lives(0) })
	if len(c.ended) != 1 {
		t.Errorf("%+v", c.ended)
	}
	c.adopt(p, yes)
	c.adopt(p, yes)
	if len(c.ended) != 2 || c.ended[1].ID != tg.id {
		t.Errorf("%+v", c.ended)
	}
	tg.unharmed()
}

// When it is broken off, what was held goes on.
func TestTreeBrokenOff(t *testing.T) {
	tg := startTarget(t, stubborn)
	k := kill("TERM", time.Minute)
	k.Tree = true
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan []Ended)
	go func() { ended <- k.End(ctx, openProc(t), []procscan.ID{tg.id}) }()
	cancel()
	if got := <-ended; got[0].Outcome != Refused {
		t.Errorf("%+v", got)
	}
	tg.unharmed()
}
