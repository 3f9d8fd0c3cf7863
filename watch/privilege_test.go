package watch

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// To somebody else every exit code of a zombie reads zero: that is no clean exit. The
// truth follows with the reap.
func TestZeroWithoutPrivilege(t *testing.T) {
	const order = "WATCH_ORDER"
	if os.Getenv(order) == "" {
		needRoot(t)
		needExitInfo(t)
	}
	if !within(t, func(cmd *exec.Cmd) { asNobody(t, cmd, order) }) {
		return
	}
	// Here we are nobody. The targets are root's; root kills and reaps them at our word.
	var pids [3]int
	orders, answers := os.NewFile(3, "orders"), os.NewFile(4, "answers")
	hear := func(v ...any) {
		if _, err := fmt.Fscan(answers, v...); err != nil {
			t.Fatal(err)
		}
	}
	hear(&pids[0], &pids[1], &pids[2])
	w := startWatcher(t, Options{})
	short := startWatcher(t, Options{CauseWait: 10 * time.Millisecond})
	ids := [3]procscan.ID{}
	for i, pid := range pids {
		ids[i] = identify(t, pid)
		w.track(ids[i])
	}
	short.track(ids[2])
	for i, want := range []Cause{{Known: true, Code: 5}, {Known: true}} {
		fmt.Fprintln(orders, "end", i)
		if e := w.expect(ids[i]); e.Cause.Known || e.Belated {
			t.Errorf("first %+v", e)
		}
		if s := w.Stats(); s.Late != 1 || s.Wakeups != uint64(2*i+1) {
			t.Errorf("%d: %+v", i, s)
		}
		fmt.Fprintln(orders, "reap", i)
		if e := w.expect(ids[i]); e.Cause != want || !e.Belated {
			t.Errorf("then %+v, want %v", e, want)
		}
		if s := w.Stats(); s.Late != 0 || s.Wakeups != uint64(2*i+2) {
			t.Errorf("%d: %+v", i, s)
		}
	}
	checkHold(t, w, short, ids[2], orders)
}

// checkHold sees that a cause is not waited for longer than CauseWait.
func checkHold(t *testing.T, w, short *watcher, id procscan.ID, orders *os.File) {
	fmt.Fprintln(orders, "end", 2)
	for _, w := range []*watcher{w, short} {
		if e := w.expect(id); e.Cause.Known {
			t.Errorf("%+v", e)
		}
	}
	until(t, "the pidfd is given up", func() bool { return short.Stats().Late == 0 })
	fmt.Fprintln(orders, "reap", 2)
	if e := w.expect(id); e.Cause != (Cause{Known: true, Code: 6}) || !e.Belated {
		t.Errorf("%+v", e)
	}
	if s := short.Stats(); len(short.events) != 0 || s.Wakeups != 2 {
		t.Errorf("after the time to wait: %+v and %d events", s, len(short.events))
	}
}

// asNobody has a command run as nobody, with three targets of root's that it may order
// to end ("end 0") and to be reaped ("reap 0").
func asNobody(t *testing.T, cmd *exec.Cmd, order string) {
	h := startHelper(t)
	var gates [3]func()
	var ids [3]procscan.ID
	for i, code := range []int{5, 0, 6} {
		var fifo string
		fifo, gates[i] = gate(t)
		ids[i] = h.targets(1, "read x <"+fifo+"; exit "+strconv.Itoa(code))[0]
	}
	orders, ordersW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answersR, answers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(answers, ids[0].PID, ids[1].PID, ids[2].PID)
	cmd.Env = append(cmd.Env, order+"=1", "TMPDIR=/tmp")
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{ordersW, answersR}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, Pdeathsig: unix.SIGKILL}
	go func() {
		defer orders.Close()
		var verb string
		var i int
		for {
			if _, err := fmt.Fscan(orders, &verb, &i); err != nil {
				return
			}
			if verb == "end" {
				gates[i]()
			} else {
				h.Say("reap %d", ids[i].PID)
			}
		}
	}()
	t.Cleanup(func() { ordersW.Close(); answersR.Close(); answers.Close() })
}
