package engine_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/watch"
	"procward/watch/probe"
)

// herd is a host on which one process of each entry runs, without the sim's searches: what
// it costs is what the machine costs. Its scripts bring back what they are to bring back at
// once, unless they are broken.
type herd struct {
	m      *Machine
	now    time.Duration
	pid    int
	alive  map[string]procscan.Process
	inputs []Input
	broken bool
	steps  int
	said   map[string]int // messages by event
}

func newHerd(cfg *confd.Config) *herd {
	h := &herd{m: NewMachine(false, 1), now: 1000 * time.Second, alive: map[string]procscan.Process{}, said: map[string]int{}}
	for name := range cfg.Processes {
		h.spawn(name)
	}
	h.do(Configured{Config: cfg})
	h.settle()
	return h
}

func (h *herd) spawn(name string) {
	h.pid++
	p := procscan.Process{ID: procscan.ID{PID: h.pid, Start: uint64(h.now / (10 * time.Millisecond))}, Comm: name, PPID: 1, Session: h.pid, Threads: 1}
	h.alive[name] = p
}

// do gives the machine one input and carries out what it wants.
func (h *herd) do(in Input) {
	h.steps++
	for _, e := range h.m.Step(Moment{Uptime: h.now}, in) {
		switch e := e.(type) {
		case Look:
			out := Looked{Token: e.Token, Found: map[string]Finding{}}
			for name := range e.Of {
				f := Finding{}
				if p, ok := h.alive[name]; ok {
					f.Selection = procscan.Selection{Matching: []procscan.Process{p}, Selected: []procscan.Process{p}}
				}
				out.Found[name] = f
			}
			h.inputs = append(h.inputs, out)
		case Run:
			h.inputs = append(h.inputs, ScriptStarted{Token: e.Token, ID: procscan.ID{PID: 1 << 21, Start: 1}, At: h.now})
			if name := e.Job.Env["PROCWARD_PROCESS"]; !h.broken {
				h.spawn(name)
			}
			h.inputs = append(h.inputs, ScriptEnded{Token: e.Token, Result: script.Result{}})
		case Say:
			h.said[e.Message.Kind.Event]++
		}
	}
}

// settle goes on until nothing is to come within a minute.
func (h *herd) settle() {
	for end := h.now + time.Minute; ; {
		for len(h.inputs) > 0 {
			in := h.inputs[0]
			h.inputs = h.inputs[1:]
			h.now += 10 * time.Microsecond
			h.do(in)
		}
		wake, ok := h.m.Wake()
		if !ok || wake > end {
			return
		}
		h.now = max(h.now, wake)
		h.do(Tick{})
	}
}

// kill ends processes: their deaths are told one by one, and their causes after them.
func (h *herd) kill(names ...string) {
	var causes []Input
	for _, name := range names {
		id := h.alive[name].ID
		delete(h.alive, name)
		h.inputs = append(h.inputs, Died{Events: []watch.Event{{ID: id, At: h.now}}})
		causes = append(causes, Died{Events: []watch.Event{{ID: id, At: h.now, Belated: true, Cause: sigkill}}})
	}
	h.inputs = append(h.inputs, causes...)
	h.settle()
}

// cpu is what this thread has used; the test is locked to it.
func cpu(t testing.TB) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

func herdName(i int) string { return fmt.Sprintf("p%05d", i) }

// herdOf is a configuration of n processes.
func herdOf(n int, change func(i int, p *confd.Process), more func(*confd.Config)) *confd.Config {
	cfg := &confd.Config{Processes: map[string]confd.Process{}, Groups: map[string]escalate.Group{}, Monitors: map[string]confd.Monitor{}}
	cfg.Daemon.ParallelRestarts = 8
	for i := range n {
		cfg.Processes[herdName(i)] = entry(herdName(i), "", func(p *confd.Process) {
			p.Restart.Attempts = scalar.Unlimited
			if change != nil {
				change(i, p)
			}
		})
	}
	if more != nil {
		more(cfg)
	}
	return cfg
}

// hosts are the shapes in which ten thousand entries may come.
var hosts = map[string]func(n int) *confd.Config{
	"alone": func(n int) *confd.Config { return herdOf(n, nil, nil) },
	"one group": func(n int) *confd.Config {
		return herdOf(n, func(_ int, p *confd.Process) { p.Group = "g" }, func(c *confd.Config) { c.Groups["g"] = escalate.DefaultGroup() })
	},
	"many groups": func(n int) *confd.Config {
		return herdOf(n, func(i int, p *confd.Process) { p.Group = fmt.Sprint("g", i/4) }, func(c *confd.Config) {
			for i := range n/4 + 1 {
				g := escalate.DefaultGroup()
				if i%2 == 1 {
					g.DependsOn = []string{fmt.Sprint("g", i-1)}
				}
				c.Groups[fmt.Sprint("g", i)] = g
			}
		})
	},
	"many dependents": func(n int) *confd.Config {
		return herdOf(n, func(i int, p *confd.Process) {
			if p.Group = "rest"; i%2 == 0 {
				p.Group = "base"
			}
		}, func(c *confd.Config) {
			rest := escalate.DefaultGroup()
			rest.DependsOn = []string{"base"}
			c.Groups["base"], c.Groups["rest"] = escalate.DefaultGroup(), rest
		})
	},
	"many monitors": func(n int) *confd.Config {
		return herdOf(n, nil, func(c *confd.Config) {
			for i := range n {
				mon := confd.Monitor{Check: probe.Check{}, Recover: herdName(i), When: confd.WhenUp}
				c.Monitors[fmt.Sprint("m", i)] = mon
			}
		})
	},
}

// One death costs the same with ten times as many entries. It is compared by the CPU time
// of this thread alone, the least of several rounds: where it grew with the entries the
// ratio would be ten.
func TestADeathCostsTheSameOnALargeHost(t *testing.T) {
	const small, large, deaths = 500, 5000, 60
	for name, host := range hosts {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			cost := func(h *herd) time.Duration {
				began := cpu(t)
				for i := range deaths {
					h.kill(herdName(i))
				}
				return cpu(t) - began
			}
			few, many := newHerd(host(small)), newHerd(host(large))
			if many.said["found"] != large {
				t.Fatalf("%d of %d were found", many.said["found"], large)
			}
			least := [2]time.Duration{time.Hour, time.Hour}
			for range 5 {
				least[0] = min(least[0], cost(few))
				least[1] = min(least[1], cost(many))
			}
			if got := many.said["recovered"]; got != 5*deaths {
				t.Fatalf("%d of %d have recovered: %v", got, 5*deaths, many.said)
			}
			t.Logf("%v a death among %d, %v among %d", least[0]/deaths, small, least[1]/deaths, large)
			if least[1] > 4*least[0] {
				t.Errorf("a death costs %v among %d entries, and %v among %d", least[0]/deaths, small, least[1]/deaths, large)
			}
		})
	}
}

// When all die at once each costs the same, too.
func TestTheDeathOfAllCostsTheSameForEach(t *testing.T) {
	const small, large = 200, 2000
	for name, host := range hosts {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			least := [2]time.Duration{time.Hour, time.Hour}
			for i, n := range []int{small, large} {
				var all []string
				for j := range n {
					all = append(all, herdName(j))
				}
				h := newHerd(host(n))
				for range 2 {
					began := cpu(t)
					h.kill(all...)
					least[i] = min(least[i], (cpu(t)-began)/time.Duration(n))
				}
				if h.said["recovered"] < 2*n {
					t.Fatalf("%d of %d have recovered: %v", h.said["recovered"], 2*n, h.said)
				}
			}
			t.Logf("%v each of %d, %v each of %d", least[0], small, least[1], large)
			if least[1] > 4*least[0] {
				t.Errorf("each costs %v of %d, and %v of %d", least[0], small, least[1], large)
			}
		})
	}
}
