package watch

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
	"procward/procscan"
)

// The test binary, started with this variable set, is a helper: it does what it reads
// from its standard input, line by line, and answers each line with one.
const helperEnv = "WATCH_HELPER"

func TestMain(m *testing.M) {
	testbed.Leash()
	if os.Getenv(helperEnv) != "" {
		help()
		return
	}
	os.Exit(m.Run())
}

func help() {
	foster := &foster{}
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		order, arg, _ := strings.Cut(in.Text(), " ")
		switch order {
		case "start":
			fmt.Println(foster.start(arg))
		case "reap":
			fmt.Println(foster.reap(arg))
		case "leave":
			fmt.Println(testbed.LeaveLeader())
		case "exec":
			fmt.Println(execElsewhere())
		}
	}
	foster.close()
}

// foster is the parent of processes whose own parent has exited (PR_SET_CHILD_SUBREAPER
// of prctl(2)), and reaps them when it is told to.
type foster struct{ wards map[int]bool }

// start forks twice, n times, and answers the PIDs: "n script".
func (f *foster) start(arg string) any {
	if f.wards == nil {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return err
		}
		f.wards = map[int]bool{}
	}
	n, script, _ := strings.Cut(arg, " ")
	out, err := exec.Command("/bin/sh", "-c",
		"i=0; while [ $i -lt "+n+" ]; do ( "+script+" ) </dev/null >/dev/null 2>&1 & echo $!; i=$((i+1)); done").Output()
	if err != nil {
		return err
	}
	pids := strings.Fields(string(out))
	for _, pid := range pids {
		p, _ := strconv.Atoi(pid)
		f.wards[p] = true
	}
	return strings.Join(pids, " ")
}

// reap waits for one to end and answers its wait status.
func (f *foster) reap(arg string) any {
	pid, _ := strconv.Atoi(arg)
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil {
		return err
	}
	delete(f.wards, pid)
	return int(status)
}

func (f *foster) close() {
	for pid := range f.wards { // children of ours that nobody has reaped: their PIDs are not reused
		_ = unix.Kill(pid, unix.SIGKILL)
		_, _ = unix.Wait4(pid, nil, 0, nil)
	}
}

// execElsewhere executes this program again, in place, from a thread that is not the first.
func execElsewhere() any {
	for range 1000 {
		failed := make(chan any)
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() == os.Getpid() {
				failed <- nil
				select {}
			}
			failed <- unix.Exec("/proc/self/exe", os.Args, os.Environ())
		}()
		if err := <-failed; err != nil {
			return err
		}
	}
	return "never ran on another thread"
}

// helper is a running helper process.
type helper struct{ *testbed.Victim }

// startHelper starts one; it ends with the test, and ends its wards then.
func startHelper(t *testing.T) *helper {
	t.Helper()
	h := &helper{testbed.NewVictim(t, testbed.Self(helperEnv))}
	t.Cleanup(func() {
		h.Close()
		_ = h.Cmd.Wait()
	})
	if got := h.Hear(); got != "ready" {
		t.Fatalf("the helper began with %q", got)
	}
	return h
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// id is the identity of the helper itself.
func (h *helper) id() procscan.ID { return procscan.ID{PID: h.PID, Start: h.Start} }

// targets starts n processes that are no children of the test, each running script.
func (h *helper) targets(n int, script string) []procscan.ID {
	h.T.Helper()
	pids := strings.Fields(h.Ask("start %d %s", n, script))
	if len(pids) != n {
		h.T.Fatalf("start %d targets: got %q", n, pids)
	}
	ids := make([]procscan.ID, n)
	for i, word := range pids {
		pid, err := strconv.Atoi(word)
		if err != nil {
			h.T.Fatalf("start a target: %q", pids)
		}
		ids[i] = identify(h.T, pid)
	}
	return ids
}

// reap has the parent of a target reap it, and gives the cause that it was told.
func (h *helper) reap(id procscan.ID) Cause {
	h.T.Helper()
	status, err := strconv.Atoi(h.Ask("reap %d", id.PID))
	if err != nil {
		h.T.Fatalf("reap %v: %v", id, err)
	}
	return FromStatus(status)
}

func openProc(t testing.TB) *procscan.FS {
	t.Helper()
	fs, err := procscan.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fs.Close() })
	return fs
}

func identify(t testing.TB, pid int) procscan.ID {
	t.Helper()
	fs, err := procscan.Open("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Close()
	p, err := fs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// kill sends SIGKILL to a process that the test or its helper has started and not reaped.
func kill(t *testing.T, id procscan.ID) {
	t.Helper()
	if err := unix.Kill(id.PID, unix.SIGKILL); err != nil {
		t.Fatalf("kill %v: %v", id, err)
	}
}

// forEver is the script of a target that waits to be killed, without another program.
func forEver(t *testing.T) string {
	fifo, _ := gate(t)
	return "read x <" + fifo
}

// gate makes a FIFO, and a function that lets through one process that reads a line of it.
func gate(t *testing.T) (fifo string, open func()) {
	t.Helper()
	fifo = t.TempDir() + "/gate"
	if err := unix.Mkfifo(fifo, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fifo, os.O_RDWR, 0) // does not wait for a reader, nor let one see the end
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return fifo, func() {
		if _, err := f.WriteString("go\n"); err != nil {
			t.Fatal(err)
		}
	}
}

// until waits for a condition that no event announces.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	testbed.Until(t, what, done)
}
