package script

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/testbed"
)

// hanging is a job whose processes each write their PID and read a FIFO for ever.
type hanging struct {
	Job
	dir string
}

// hang makes one. body is shell text in which $hang is a command that hangs, and
// $stubborn one that ignores SIGTERM and hangs.
func hang(t *testing.T, body string) hanging {
	t.Helper()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	keep, err := os.OpenFile(fifo, os.O_RDWR, 0) // so that opening the FIFO does not block, and reading it does
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keep.Close() })
	loop := write(t, "#!/bin/sh\n[ \"$1\" ] && trap '' TERM\necho $$ > "+dir+"/pid.$$.new; mv "+dir+"/pid.$$.new "+dir+"/pid.$$\nread x < "+fifo+"\n")
	job := shell(t, fmt.Sprintf("hang=%s; stubborn='%s 1'\nready() { while [ $(ls %s | grep -c 'pid.[0-9]*$') -lt $1 ]; do sleep 0.01; done; }\n%s", loop, loop, dir, body))
	job.Timeout, job.Grace = 10*time.Millisecond, 300*time.Millisecond
	return hanging{job, dir}
}

func (h hanging) pids() []int {
	names, _ := filepath.Glob(filepath.Join(h.dir, "pid.*"))
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(name), "pid.")); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// state is the letter in /proc/PID/stat; "" where there is no such process.
func state(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return rest[:1]
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool { return state(pid) != "" && state(pid) != "Z" }

func TestTimeoutEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	hung := func(n int) func(hanging, int) bool {
		return func(h hanging, _ int) bool { return len(h.pids()) == n }
	}
	stopped := func(_ hanging, pid int) bool { return state(pid) == "T" }
	for name, c := range map[string]struct {
		body   string
		until  func(h hanging, pid int) bool
		want   Result
		atOnce bool // need not wait for the grace
	}{
		"one that hangs":                 {"exec $hang", hung(1), Result{Code: -1, Signal: "SIGTERM"}, true},
		"one that ignores SIGTERM":       {"exec $stubborn", hung(1), Result{Code: -1, Signal: "SIGKILL"}, false},
		"with children":                  {"$hang & $hang & exec $hang", hung(3), Result{Code: -1, Signal: "SIGTERM"}, true},
		"with children that ignore it":   {"$stubborn & $stubborn & exec $hang", hung(3), Result{Code: -1, Signal: "SIGTERM"}, false},
		"all ignore it":                  {"$stubborn & exec $stubborn", hung(2), Result{Code: -1, Signal: "SIGKILL"}, false},
		"ends well on SIGTERM":           {"trap 'echo bye; exit 0' TERM; $hang & wait", hung(1), Result{Code: 0, Output: "bye"}, true},
		"a child that needs a moment":    {"sh -c 'trap \"sleep 0.1; echo child; exit\" TERM; $0 & wait' $hang & ready 1; wait", hung(1), Result{Code: -1, Signal: "SIGTERM", Output: "child"}, true},
		"stopped, and must see it first": {"trap 'echo bye; exit 3' TERM; kill -STOP $$", stopped, Result{Code: 3, Output: "bye"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hang(t, c.body)
			if c.atOnce {
				h.Grace = time.Hour // which nobody waits for
			}
			var leader int
			var late time.Time
			h.Spare = func() bool {
				eventually(t, "the processes have started", func() bool { return c.until(h, leader) })
				late = time.Now()
				return false
			}
			res := newRunner(t).Run(context.Background(), h.Job, func(pid int, _ time.Duration) { leader = pid })
			if took := time.Since(late); c.atOnce != (took < h.Grace) {
				t.Errorf("took %v to end it, and the grace was %v", took, h.Grace)
			}
			for _, pid := range h.pids() {
				eventually(t, fmt.Sprintf("process %d is gone", pid), func() bool { return !alive(pid) })
			}
			if res.PID == 0 || res.OK() {
				t.Errorf("%+v", res)
			}
			res.PID, res.Took, c.want.TimedOut = 0, 0, true
			if res != c.want {
				t.Errorf("\n got %+v\nwant %+v", res, c.want)
			}
		})
	}
}

func TestOnTimeIsNotLate(t *testing.T) {
	t.Parallel()
	h := hang(t, "$hang & ready 1; exit 4")
	h.Timeout = 20 * time.Second
	res := newRunner(t).Run(context.Background(), h.Job, nil)
	pids := h.pids()
	if res.Code != 4 || res.TimedOut || len(pids) != 1 || !alive(pids[0]) {
		t.Errorf("%+v; the daemon it started must live: %v", res, pids)
	}
	for _, pid := range pids {
		unix.Kill(pid, unix.SIGKILL)
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]bool{"the target is in the foreground": true, "it is not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hang(t, "exec $hang")
			h.Timeout = 50 * time.Millisecond
			asked, pid := make(chan struct{}, 10), 0
			h.Spare = func() bool {
				asked <- struct{}{}
				return hold
			}
			done := make(chan Result, 1)
			go func() {
				done <- newRunner(t).Run(context.Background(), h.Job, func(p int, _ time.Duration) { pid = p })
			}()
			<-asked
			if hold {
				select {
				case res := <-done:
					t.Fatalf("ended: %+v", res)
				case <-time.After(2 * h.Timeout): // it is not asked again, and nobody is killed
				}
				unix.Kill(pid, unix.SIGUSR1)
			}
			res := <-done
			want := Result{PID: pid, Code: -1, Signal: "SIGTERM", TimedOut: true, Took: res.Took}
			if hold {
				want = Result{PID: pid, Code: -1, Signal: "SIGUSR1", Took: res.Took}
			}
			if res != want || len(asked) != 0 {
				t.Errorf("\n got %+v\nwant %+v\nasked %d times more", res, want, len(asked))
			}
		})
	}
}

func TestCancelDuringHoldAndGrace(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]bool{"hold": true, "grace": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hang(t, "exec $stubborn")
			h.Grace = time.Hour
			ctx, cancel := context.WithCancel(context.Background())
			h.Spare = func() bool {
				eventually(t, "it hangs", func() bool { return len(h.pids()) == 1 })
				time.AfterFunc(20*time.Millisecond, cancel)
				return hold
			}
			res := newRunner(t).Run(ctx, h.Job, nil)
			if res.Err != context.Canceled || !alive(res.PID) {
				t.Errorf("%+v, alive: %v", res, alive(res.PID))
			}
			unix.Kill(res.PID, unix.SIGKILL)
			eventually(t, "it is reaped", func() bool { return unix.Kill(res.PID, 0) == unix.ESRCH })
		})
	}
}

// The number of the group must stay taken as long as anybody may be signalled by it.
func TestLeaderIsReapedLast(t *testing.T) {
	t.Parallel()
	h := hang(t, "sh -c 'trap \"\" TERM; $0 1 & wait' $hang & ready 1; exec $hang")
	h.Grace = time.Minute
	h.Spare = func() bool {
		eventually(t, "both hang", func() bool { return len(h.pids()) == 2 })
		return false
	}
	done, started := make(chan Result, 1), make(chan int, 1)
	go func() {
		done <- newRunner(t).Run(context.Background(), h.Job, func(pid int, _ time.Duration) { started <- pid })
	}()
	pid := <-started
	eventually(t, "the leader is a zombie while its group lives", func() bool {
		if state(pid) == "" {
			t.Fatal("it was reaped first")
		}
		return state(pid) == "Z"
	})
	for _, stubborn := range h.pids() {
		if stubborn != pid {
			unix.Kill(stubborn, unix.SIGKILL)
		}
	}
	if res := <-done; !res.TimedOut || res.Signal != "SIGTERM" {
		t.Errorf("%+v", res)
	}
	if err := unix.Kill(pid, 0); err != unix.ESRCH {
		t.Errorf("not reaped: %v", err)
	}
}

// What a job that is whole has started in sessions of its own ends with it when its time is
// over, and is let go when it ends by itself.
func TestWhole(t *testing.T) {
	t.Parallel()
	needRoot(t)
	r := newRunner(t)
	var said []string
	r.Say = func(text string) { said = append(said, text) }
	for name, late := range map[string]bool{"out of time": true, "in time": false} {
		t.Run(name, func(t *testing.T) {
			tail := "ready 1; exec $hang"
			if !late {
				tail = "ready 1; exit 0"
			}
			h := hang(t, "setsid $stubborn &\n"+tail)
			h.Whole = true
			if h.Timeout = 20 * time.Second; late {
				end := make(chan struct{})
				h.End = end
				go func() {
					testbed.Until(t, "both run", func() bool { return len(h.pids()) == 2 })
					close(end)
				}()
			}
			res := r.Run(context.Background(), h.Job, nil)
			if len(said) > 0 {
				t.Skip(said)
			}
			pids := h.pids()
			if len(pids) == 0 || late == res.OK() {
				t.Fatalf("%+v, %v", res, pids)
			}
			if !late {
				if !alive(pids[0]) {
					t.Error("what it has left behind was ended")
				}
				unix.Kill(pids[0], unix.SIGKILL)
				return
			}
			for _, pid := range pids {
				testbed.Until(t, "nothing is left", func() bool { return !alive(pid) })
			}
		})
	}
}

// Nothing of a job that is whole outlives a daemon that is killed; of any other all does.
func TestADaemonThatIsKilled(t *testing.T) {
	t.Parallel()
	needRoot(t)
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.procs"); err != nil {
		if _, err := os.Stat("/sys/fs/cgroup/unified/cgroup.procs"); err != nil {
			t.Skip(err)
		}
	}
	for name, whole := range map[string]string{"whole": "1", "not": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hang(t, "setsid $stubborn &\nready 1; exec $hang")
			cmd := exec.Command(os.Args[0], append([]string{"as-runner"}, h.Argv...)...)
			cmd.Env = append(os.Environ(), "WHOLE="+whole)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			testbed.Until(t, "both run", func() bool { return len(h.pids()) == 2 })
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			for _, pid := range h.pids() {
				if whole != "" {
					testbed.Until(t, "nothing is left", func() bool { return !alive(pid) })
					continue
				}
				if !alive(pid) {
					t.Error("a script ended with its daemon")
				}
				unix.Kill(pid, unix.SIGKILL)
			}
		})
	}
}
