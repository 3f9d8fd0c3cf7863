package host

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"net/http"
	"net/http/httptest"

	confd "procward/conf.d"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/restart"
	"procward/watch"
	"procward/watch/evidence"
	"procward/watch/probe"
	"procward/watch/vital"
)

// check is a probe that decides quickly.
func check(change func(*probe.Check)) probe.Check {
	c := probe.DefaultCheck()
	c.Interval, c.Timeout, c.Failures = ms(100), ms(5000), probe.Failures{N: 2, Of: 2}
	change(&c)
	return c
}

func httpOf(url string) probe.Check {
	return check(func(c *probe.Check) {
		h := probe.DefaultHTTP()
		h.URL = url
		c.HTTP = &h
	})
}

// stalling is a world of a victim with signs of a stall, and evidence.
func stalling(t *testing.T, body string, change func(*real, *confd.Process)) *real {
	t.Helper()
	r := newReal(t)
	r.detached("web")
	p := r.entry("web", body)
	p.Restart.Kill = restart.Kill{Signal: "TERM", Timeout: scalar.Duration(5 * time.Second)}
	change(r, &p)
	r.evidence = &evidence.Writer{Dir: filepath.Join(r.dir, "evidence")}
	return r.run(processes(map[string]confd.Process{"web": p}))
}

// tellIt lets a script write down why it runs.
const tellIt = `echo "$PROCWARD_EVENT|$PROCWARD_PID|$PROCWARD_CAUSE" >> "$dir/told"; `

func TestRealStoppedProcess(t *testing.T) {
	length := ms(500)
	r := stalling(t, tellIt+restartIt, func(_ *real, p *confd.Process) {
		p.Stall = []confd.StallItem{{Sign: vital.Sign{Stopped: &length}, Check: probe.Check{Action: watch.ActRestart}}}
	})
	pid := r.until(message.Found, "web").PID
	r.send(pid, unix.SIGSTOP)
	if m := r.until(message.Stall, "web"); m.PID != pid || m.Probe != "stopped" {
		t.Errorf("the stall of pid %d is told as %s", pid, m.Line())
	}
	path := r.until(message.EvidenceKept, "web").Detail
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "stopped") {
		t.Errorf("the evidence, %v, is\n%s", err, text)
	}
	r.until(message.Killed, "web")
	if now := r.until(message.Recovered, "web").PID; now == pid {
		t.Errorf("recovered with the PID %d of the stalled one", pid)
	}
	if told, _ := os.ReadFile(filepath.Join(r.dir, "told")); !strings.HasPrefix(string(told), "stall|") || !strings.Contains(string(told), "|stalled: stopped: ") {
		t.Errorf("the script was told %q", told)
	}
	if n := r.victims(); n != 1 {
		t.Errorf("%d processes are left, want the new one alone", n)
	}
	r.never(message.Down, message.RestartFailed)
}

func TestRealStoppedForAMomentIsNoStall(t *testing.T) {
	length := ms(60000)
	r := stalling(t, restartIt, func(_ *real, p *confd.Process) {
		p.Stall = []confd.StallItem{{Sign: vital.Sign{Stopped: &length}, Check: probe.Check{Action: watch.ActRestart}}}
	})
	pid := r.until(message.Found, "web").PID
	r.send(pid, unix.SIGSTOP)
	waitFor(t, func() bool { return r.sign("web", "stopped") == watch.Failing })
	if err := unix.Kill(pid, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return r.sign("web", "stopped") == watch.OK })
	r.never(message.Stall, message.Restart)
}

// sign is the verdict on a sign, as the status has it.
func (r *real) sign(process, name string) watch.Verdict {
	for _, s := range r.status(process).Signs {
		if s.Name == name {
			return s.Verdict
		}
	}
	return watch.Pending
}

// server answers with a status until the restart script asks it to be well.
func server(t *testing.T, fails *atomic.Bool, path string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat(path); err == nil {
			fails.Store(false)
		}
		if fails.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRealServerAnswers500(t *testing.T) {
	var fails atomic.Bool
	r := stalling(t, `touch "$dir/mended"; `+restartIt, func(r *real, p *confd.Process) {
		p.Stall = []confd.StallItem{{Check: httpOf(server(t, &fails, filepath.Join(r.dir, "mended")).URL)}}
	})
	pid := r.until(message.Found, "web").PID
	waitFor(t, func() bool { return r.sign("web", "http") == watch.OK })
	fails.Store(true)
	if m := r.until(message.Stall, "web"); m.PID != pid || m.Probe != "http" || !strings.Contains(m.Detail, "500") {
		t.Errorf("the stall of pid %d is told as %s", pid, m.Line())
	}
	if m := r.until(message.Recovered, "web"); m.PID == pid || m.Attempt != 1 {
		t.Errorf("recovered as %s", m.Line())
	}
	r.never(message.Down, message.RestartFailed)
}

func TestRealServerStaysBad(t *testing.T) {
	var fails atomic.Bool
	fails.Store(true)
	r := stalling(t, restartIt, func(r *real, p *confd.Process) {
		p.Stall = []confd.StallItem{{Check: httpOf(server(t, &fails, "/nowhere").URL)}}
		p.Restart.Attempts = scalar.AtMost(1)
	})
	r.until(message.Stall, "web")
	r.until(message.RestartFailed, "web")
	r.until(message.GivenUp, "web")
	fails.Store(false)
	r.until(message.Returned, "web")
	r.until(message.Recovered, "web")
}

func TestRealFDLeak(t *testing.T) {
	r := stalling(t, restartIt, func(_ *real, p *confd.Process) {
		p.Limits.FDs = &vital.Limit{Max: vital.Amount{N: 40}, For: ms(200), Action: watch.ActRestart}
	})
	pid := r.until(message.Found, "web").PID
	r.send(pid, unix.SIGWINCH) // opens 64 descriptors
	if m := r.until(message.Stall, "web"); m.PID != pid || m.Probe != "fds" {
		t.Errorf("the leak of pid %d is told as %s", pid, m.Line())
	}
	if now := r.until(message.Recovered, "web").PID; now == pid {
		t.Errorf("recovered with the PID %d of the stalled one", pid)
	}
	waitFor(t, func() bool { return r.sign("web", "fds") == watch.OK })
	r.never(message.Down, message.RestartFailed)
}

func TestRealMonitor(t *testing.T) {
	r := newReal(t)
	r.detached("web")
	cfg := processes(map[string]confd.Process{"web": r.entry("web", tellIt+`touch "$dir/mended"; `+restartIt)})
	cfg.Monitors = map[string]confd.Monitor{"port": {
		Check: check(func(c *probe.Check) {
			exec := probe.DefaultExec()
			exec.Run = script.Argv{"/bin/sh", "-c", `if [ -e "` + r.dir + `/broken" ] && [ ! -e "` + r.dir + `/mended" ]; then echo "it is broken"; exit 2; fi`}
			c.Exec = &exec
		}),
		Recover: "web", Attempts: scalar.AtMost(1), Window: scalar.Duration(time.Hour), When: confd.WhenAlways,
	}}
	r.run(cfg)
	pid := r.until(message.Found, "web").PID
	waitFor(t, func() bool { return r.monitor("port").State == "ok" })
	if err := os.WriteFile(filepath.Join(r.dir, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if m := r.until(message.MonitorFailed, ""); m.Monitor != "port" || !strings.Contains(m.Detail+m.Output, "it is broken") {
		t.Errorf("the monitor's failure is told as %s", m.Line())
	}
	r.until(message.MonitorRecover, "")
	r.until(message.Killed, "web")
	if m := r.until(message.Recovered, "web"); m.PID == pid || m.Attempt != 0 { // before the monitor is ok again, or after it
		t.Errorf("recovered as %s", m.Line())
	}
	waitFor(t, func() bool { return r.monitor("port").State == "ok" })
	if told, _ := os.ReadFile(filepath.Join(r.dir, "told")); !strings.HasPrefix(string(told), "stall|") || !strings.Contains(string(told), "monitor port") {
		t.Errorf("the script was told %q", told)
	}
}

func (r *real) monitor(name string) engine.MonitorStatus {
	s, err := r.loop.Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, mon := range s.Monitors {
		if mon.Name == name {
			return mon
		}
	}
	return engine.MonitorStatus{}
}
