package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/testbed"
)

func ms(n int) scalar.Duration { return scalar.Duration(time.Duration(n) * time.Millisecond) }

func TestRealKillAndRestart(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	r.run(processes(map[string]confd.Process{"web": r.entry("web", restartIt)}))
	pid := r.until(message.Found, "web").PID
	r.send(pid, unix.SIGKILL)
	down := r.death("web")
	if down.Cause != "killed by SIGKILL" || down.PID != pid {
		t.Errorf("down is %q of pid %d, want killed by SIGKILL of %d", down.Cause, down.PID, pid)
	}
	r.until(message.Restart, "web")
	if now := r.until(message.Recovered, "web").PID; now == pid {
		t.Errorf("recovered with the PID %d of the dead one", pid)
	}
}

func TestRealExitCode(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	r.run(processes(map[string]confd.Process{"web": r.entry("web", `echo "$PROCWARD_CAUSE|$PROCWARD_EXIT_CODE|$PROCWARD_PID" > "$dir/told"; `+restartIt)}))
	pid := r.until(message.Found, "web").PID
	r.send(pid, unix.SIGUSR2)
	m := r.death("web")
	if m.ExitCode == nil || *m.ExitCode != 3 {
		t.Errorf("down without exit code 3: %s", m.Line())
	}
	r.until(message.Recovered, "web")
	told, _ := os.ReadFile(filepath.Join(r.dir, "told"))
	if want := fmt.Sprintf("exited with code 3|3|%d\n", pid); m.Kind == message.Down && string(told) != want {
		t.Errorf("the script was told %q, want %q", told, want)
	}
}

func TestRealReplacement(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	r.run(processes(map[string]confd.Process{"web": r.entry("web", `touch "$dir/ran"`)}))
	pid := r.until(message.Found, "web").PID
	r.send(pid, unix.SIGUSR1)
	if m := r.until(message.Replaced, "web"); m.PID == pid {
		t.Errorf("replaced by itself: %s", m.Line())
	}
	if _, err := os.Stat(filepath.Join(r.dir, "ran")); err == nil {
		t.Error("a script ran although a successor was there")
	}
	r.never(message.Down, message.Restart)
}

func TestRealExecInPlaceIsNoExit(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	r.run(processes(map[string]confd.Process{"web": r.entry("web", restartIt)}))
	pid := r.until(message.Found, "web").PID
	for range 2 {
		r.send(pid, unix.SIGHUP)
		r.unready(pid)
	}
	r.send(pid, unix.SIGKILL)
	if m := r.death("web"); m.Cause != "killed by SIGKILL" {
		t.Errorf("the first thing told after two execs and a kill is %s", m.Line())
	}
	r.until(message.Recovered, "web")
}

func TestRealScriptHangs(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	p := r.entry("web", `trap "" TERM; sleep 1000 & sleep 1000`)
	p.Restart.Timeout, p.Restart.StartTimeout, p.Restart.Attempts = ms(100), ms(200), scalar.AtMost(1)
	r.run(processes(map[string]confd.Process{"web": p}))
	r.send(r.until(message.Found, "web").PID, unix.SIGKILL)
	if m := r.until(message.ScriptFailed, "web"); !strings.Contains(m.Detail, "timeout") {
		t.Errorf("the hung script is told as %s", m.Line())
	}
	r.until(message.RestartFailed, "web")
	r.until(message.Exhausted, "web")
	r.until(message.GivenUp, "web")
}

func TestRealScriptDaemonisesAndHoldsItsOutput(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	r.run(processes(map[string]confd.Process{"web": r.entry("web", `echo starting; "$victim" "$dir" &`)}))
	r.send(r.until(message.Found, "web").PID, unix.SIGKILL)
	r.until(message.Recovered, "web")
	r.never(message.ScriptFailed, message.ScriptHangs)
}

func TestRealScriptStaysInTheForeground(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	p := r.entry("web", `"$victim" "$dir"`)
	p.Restart.Timeout = ms(150)
	r.run(processes(map[string]confd.Process{"web": p}))
	r.send(r.until(message.Found, "web").PID, unix.SIGKILL)
	r.until(message.ScriptHangs, "web")
	r.until(message.Recovered, "web")
	if s := r.status("web"); s.State != engine.Up {
		t.Errorf("web is %s", s.State)
	}
}

func TestRealScriptFailsThoughTheTargetIsBack(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	r.run(processes(map[string]confd.Process{"web": r.entry("web", restartIt+"\necho sorry; exit 4")}))
	r.send(r.until(message.Found, "web").PID, unix.SIGKILL)
	if m := r.until(message.ScriptFailed, "web"); !strings.Contains(m.Output, "sorry") {
		t.Errorf("the script's output is not in %s", m.Line())
	}
	r.until(message.Recovered, "web")
	r.never(message.RestartFailed)
}

func TestRealTwoHundredAtOnce(t *testing.T) {
	const n = 200
	r := newReal(t)
	of := map[string]confd.Process{}
	for i := range n {
		name := fmt.Sprintf("p%03d", i)
		of[name] = r.entry(name, `echo "$PROCWARD_PROCESS" >> "$dir/ran"; `+restartIt)
		p := of[name]
		p.Restart.StartTimeout, p.Restart.Settle = ms(15000), ms(10)
		of[name] = p
		r.detached(name)
	}
	r.run(processes(of))
	pids := make([]int, 0, n)
	for range n {
		pids = append(pids, r.until(message.Found, "").PID)
	}
	for _, pid := range pids {
		r.send(pid, unix.SIGKILL)
	}
	for range n {
		r.until(message.Recovered, "")
	}
	ran, _ := os.ReadFile(filepath.Join(r.dir, "ran"))
	times := map[string]int{}
	for _, name := range strings.Fields(string(ran)) {
		times[name]++
	}
	for name := range of {
		if times[name] != 1 {
			t.Errorf("the script of %s ran %d times", name, times[name])
		}
	}
	r.never(message.RestartFailed, message.Exhausted)
}

// death waits for the message that tells why a process is down: on a starved host the
// cause comes a little after the death.
func (r *real) death(process string) message.Message {
	r.t.Helper()
	m := r.until(message.Down, process)
	if m.Cause == "cause unknown" {
		m = r.until(message.CauseKnown, process)
	}
	return m
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	testbed.Until(t, "what it waits for", ok)
}
