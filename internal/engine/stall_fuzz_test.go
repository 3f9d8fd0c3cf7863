package engine_test

import (
	"math/rand/v2"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	. "procward/internal/engine"
	"procward/internal/message"
	"procward/internal/rehearse"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// FuzzStalls lets bytes be a world of a group with probes and monitors, and what happens
// in it, and holds of it: never two scripts at once for one process; no script and no kill
// during a suspension or in observe mode; outside group operations nothing is killed whose
// signs are all ok; rounds only grow, and no sign of an old one does anything; never more
// restarts than attempts. In the end, when all illness is cured, everything that is there
// is up and attended, and nothing is under way.
func FuzzStalls(f *testing.F) {
	f.Add([]byte{0, 0x10, 0x42, 0x90})
	f.Add([]byte{7, 0x12, 0x80, 0x21, 0x40, 0x99, 0x33, 0x54, 0xf0})
	f.Add([]byte{3, 0x10, 0xa0, 0x30, 0x35, 0x36, 0xb0, 0x47, 0x48})
	f.Fuzz(func(t *testing.T, data []byte) { newPlay(t, data).run() })
}

// Some histories by luck, always the same.
func TestStallsByLuck(t *testing.T) {
	luck := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		data := make([]byte, 4+luck.IntN(60))
		for i := range data {
			data[i] = byte(luck.Uint32())
		}
		newPlay(t, data).run()
		if t.Failed() {
			t.Logf("the history is %#v", data)
			return
		}
	}
}

// play is one history under test.
type play struct {
	*sim
	data      []byte
	suspended bool
	begun     map[string][]time.Duration // attempts, by process
}

var cast = []string{"app", "db", "httpd"}

func newPlay(t testing.TB, data []byte) *play {
	p := &play{data: data[:min(len(data), 200)], begun: map[string][]time.Duration{}}
	p.sim = newSim(t, p.world(p.byte()))
	p.sim.check = p.said1
	p.sim.Acts = p.acts
	p.Reborn = func() { // systemd tells a new daemon too
		if p.suspended {
			p.Step(Suspend{Why: "test"})
		}
	}
	for _, name := range cast {
		p.Spawn(name)
	}
	p.works()
	return p
}

func (p *play) byte() byte {
	if len(p.data) == 0 {
		return 0
	}
	b := p.data[0]
	p.data = p.data[1:]
	return b
}

// world is a configuration by eight bits.
func (p *play) world(b byte) *confd.Config {
	bit := func(i int) bool { return b>>i&1 == 1 }
	entryOf := func(name, group string, change func(*confd.Process)) confd.Process {
		return entry(name, group, probed(func(e *confd.Process) {
			e.Restart.StartTimeout, e.Restart.Attempts = scalar.Duration(5*time.Second), scalar.AtMost(2)
			e.Restart.Window = scalar.Duration(time.Hour)
			change(e)
		}))
	}
	web := escalate.DefaultGroup()
	web.DependsOn = []string{"data"}
	web.Escalate = escalate.Ladder{{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(1), Window: scalar.Duration(time.Hour)}}}
	if bit(0) {
		web.Strategy = escalate.All
	}
	if bit(1) {
		web.Escalate = append(web.Escalate, escalate.Rung{Hook: &escalate.Hook{Run: script.Argv{"/hook"}, Timeout: scalar.Duration(time.Minute)}})
	}
	cfg := &confd.Config{
		Daemon: confd.Daemon{ParallelRestarts: 1 + int(b>>7), Observe: b == 0xff},
		Groups: map[string]escalate.Group{"web": web, "data": escalate.DefaultGroup()},
		Processes: map[string]confd.Process{
			"db": entryOf("db", "data", func(e *confd.Process) {
				if bit(2) {
					e.Restart.Kill = restart.Kill{Never: true}
				}
			}),
			"app": entryOf("app", "web", func(e *confd.Process) {
				e.Restart.Delay = scalar.Duration(time.Duration(b&7) * time.Second)
				e.Limits.FDs = &vital.Limit{Max: vital.Amount{N: 100}, For: scalar.Duration(5 * time.Second), Action: watch.ActRestart}
			}),
			"httpd": entryOf("httpd", "web", func(e *confd.Process) {
				e.After = []string{"app"}
				if bit(3) {
					e.Match.Select, e.Match.Count = procscan.All, procscan.Count{Min: 1, Max: scalar.Unlimited}
				}
				if bit(4) {
					e.Stall = append(e.Stall, confd.StallItem{Check: httpCheck(func(c *probe.Check) { c.Name, c.Failures = "second", probe.Failures{N: 1, Of: 1} })})
				}
			}),
		},
	}
	if bit(5) {
		cfg.Monitors = map[string]confd.Monitor{
			"link": gateway("", nil),
			"port": gateway("httpd", func(mon *confd.Monitor) { mon.Needs = []string{"link"} }),
			"site": gateway("web", func(mon *confd.Monitor) {
				mon.When = confd.WhenUp
				mon.Escalate = escalate.Ladder{{StopGroup: &escalate.StopGroup{}}}
			}),
		}
	}
	return cfg
}

// works lets every script start its process, if it is not there.
func (p *play) works() {
	for _, name := range cast {
		p.Scripts["/restart/"+name] = func(map[string]string) rehearse.Script {
			return rehearse.Script{Takes: time.Second, After: func() {
				if len(p.IDs(name)) == 0 {
					p.Spawn(name)
				}
			}}
		}
	}
	p.Scripts["/hook"] = func(map[string]string) rehearse.Script { return rehearse.Script{Result: script.Result{Code: 75}} }
}

// said1 counts the attempts.
func (p *play) said1(m message.Message) {
	if m.Kind != message.Restart || m.Observed {
		return
	}
	spec := p.Config.Processes[m.Process].Restart
	at := append(p.begun[m.Process], p.Now)
	n := 0
	for _, t := range at {
		if p.Now-t < spec.Window.D() {
			n++
		}
	}
	if p.begun[m.Process] = at; !spec.Attempts.Unlimited && n > spec.Attempts.N {
		p.t.Fatalf("%d restarts of %s within %v:\n%s", n, m.Process, spec.Window, p.story())
	}
}

// acts looks at an effect before it is carried out.
func (p *play) acts(e Effect) {
	switch e := e.(type) {
	case Run:
		p.mayAct(e.Token, e)
	case RestartUnit:
		p.mayAct(e.Token, e)
	case Evidence:
		p.mayAct(e.Token, e)
	case Kill:
		p.mayAct(e.Token, e)
		for _, id := range e.IDs {
			victim := p.Procs[id]
			if victim == nil {
				continue
			}
			if q := p.Machine.Procs()[victim.Name]; !q.Held() && p.trusts() && !p.unwell(victim.Name) {
				p.t.Fatalf("%s pid %d is killed, whose signs are all ok:\n%s", victim.Name, id.PID, p.story())
			}
		}
	}
}

// mayAct holds that nothing is done in observe mode, and while suspended only what belongs
// to a stop by the operator.
func (p *play) mayAct(token int, e Effect) {
	op := p.Machine.Jobs()[token].Op()
	if p.suspended && (op == nil || p.Machine.Suspended() != "" && op.Halts()) || p.Config.Daemon.Observe {
		p.t.Fatalf("%#v while suspended (%v) or in observe mode (%v):\n%s", e, p.suspended, p.Config.Daemon.Observe, p.story())
	}
}

// trusts reports whether a stall is known to be of signs that are attended still: one that a dead
// daemon has seen is believed, also of a sign that a reload has taken away since.
func (p *play) trusts() bool { return p.Dies == nil || p.Life == 0 }

// unwell reports whether a sign of a process was told to be bad, and not to be ok since.
func (p *play) unwell(name string) bool {
	for _, v := range p.Verdicts[name] {
		if v != watch.OK && v != watch.Pending {
			return true
		}
	}
	return false
}

// targets are what can be ill, with their signs.
var targets = [][2]string{{"app", "http"}, {"app", "fds"}, {"db", "http"}, {"httpd", "http"}, {"httpd", "second"}, {"port", "tcp"}, {"site", "tcp"}, {"link", "tcp"}}

func (p *play) run() {
	p.start()
	p.sim.Run(10 * time.Second)
	for len(p.data) > 0 && !p.t.Failed() {
		p.happen(p.byte())
	}
	p.end()
}

// happen is one thing by a byte: what and whom the high and the low half.
func (p *play) happen(b byte) {
	for p.Unborn {
		p.sim.Run(time.Second)
	}
	name := cast[int(b)%len(cast)]
	ill := targets[int(b&15)%len(targets)]
	switch b >> 4 {
	case 0, 1, 2:
		p.Sicken(ill[0], ill[1], "no answer")
	case 3, 4:
		p.Cure(ill[0], ill[1])
	case 5:
		p.DieAll(name, watch.Cause{Known: true, Code: int(b & 1)})
	case 6:
		p.Spawn(name)
	case 7:
		p.suspended = b&1 == 0
		if p.suspended {
			p.Step(Suspend{Why: "test"})
			break
		}
		p.Step(Resume{Why: "test"})
	case 8:
		observe := p.Config.Daemon.Observe
		p.Config = p.world(p.byte())
		p.Config.Daemon.Observe = observe // a reload does not change it
		p.Step(Configured{Config: p.Config})
	case 9:
		p.Killed = func(procscan.ID) restart.Outcome { return restart.Unkillable }
		if b&1 == 0 {
			p.Killed = nil
		}
	case 10:
		p.EvidenceTakes = time.Duration(b&15) * time.Second
	case 14:
		verb := []Verb{VerbStop, VerbStart, VerbSuspend, VerbResume}[b>>2&3]
		if !p.Config.Daemon.Observe {
			p.operate(Order{Verb: verb, Names: []string{name}, By: "root"}) // it may be refused
		}
	case 11:
		p.Units[name] = Unit{Name: name + ".service", Hands: "systemd has a stop job for it"}
		if b&8 == 0 {
			delete(p.Units, name)
		}
	case 12:
		p.Step(Sensed{Signs: []watch.SignChange{{Target: ill[0], Round: p.Attended[ill[0]].Round - 1, Name: ill[1], Verdict: watch.Bad, Text: "of an old round"}}})
	case 13:
		if b&8 != 0 {
			p.Rebirth(time.Second, func(m Moment) Moment { return m })
			p.sim.Run(time.Second)
			break
		}
		p.Tell(ill[0], p.Attended[ill[0]].Round, ill[1], watch.Blind, "unknown")
	default:
		p.sim.Run(time.Duration(1+b&15) * 7 * time.Second)
	}
	p.sim.Run(time.Duration(b&3) * 100 * time.Millisecond)
}

// end cures everything: then all that is there is up.
func (p *play) end() {
	p.Killed, p.Units = nil, map[string]Unit{}
	p.suspended = false
	p.Step(Resume{Why: "the end"})
	p.order(VerbResume)
	for _, ill := range targets {
		p.Cure(ill[0], ill[1])
	}
	p.sim.Run(10 * time.Minute)
	if !p.Config.Daemon.Observe {
		p.order(VerbStart, cast...)
		p.sim.Run(10 * time.Minute)
	}
	for _, name := range cast {
		if len(p.IDs(name)) == 0 {
			p.Spawn(name)
		}
	}
	p.sim.Run(10 * time.Minute)
	for _, name := range cast {
		q := p.Machine.Procs()[name]
		if q.State() != Up || q.Trial().Evidence != 0 || q.Stalled() || q.Held() {
			p.t.Fatalf("in the end %s is %s, stalled: %v, evidence: %v:\n%s", name, q.State(), q.Stalled(), q.Trial().Evidence, p.story())
		}
		a := p.Attended[name]
		if a.Round != q.Signs.Given.Round || a.Round == 0 || len(a.IDs) != len(q.Tracks()) {
			p.t.Fatalf("in the end %s is attended as %+v and tracks %v:\n%s", name, a, q.Tracks(), p.story())
		}
	}
	for _, mon := range p.told().Monitors {
		if mon.State != "ok" {
			p.t.Fatalf("in the end the monitor is %+v:\n%s", mon, p.story())
		}
	}
	if p.Machine.Slots() != 0 || len(p.Machine.Jobs()) != 0 || p.Machine.Ops() != 0 {
		p.t.Fatalf("in the end %d slots, jobs %v, %d operations:\n%s", p.Machine.Slots(), p.Machine.Jobs(), p.Machine.Ops(), p.story())
	}
}
