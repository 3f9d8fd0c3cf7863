package engine_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// The names that reloads bring, take away and move about.
var (
	players  = []string{"a", "b", "c", "d", "e", "f"}
	clubs    = []string{"g", "h", "k"}
	watchmen = []string{"m", "n"}
)

// editor writes configurations by luck.
type editor struct{ luck *rand.Rand }

func (e editor) once(in int) bool { return e.luck.IntN(in) == 0 }

func (e editor) of(names []string) string { return names[e.luck.IntN(len(names))] }

func (e editor) secs(upTo int) scalar.Duration {
	return scalar.Duration(time.Duration(1+e.luck.IntN(upTo)) * time.Second)
}

// some is a few of names, in any order.
func (e editor) some(names []string, not string) (out []string) {
	for _, i := range e.luck.Perm(len(names))[:min(e.luck.IntN(3), len(names))] {
		if names[i] != not {
			out = append(out, names[i])
		}
	}
	return out
}

func (e editor) group() string {
	if e.once(4) {
		return ""
	}
	return e.of(clubs) // which need not be there
}

func (e editor) limit() scalar.Limit {
	if e.once(5) {
		return scalar.Unlimited
	}
	return scalar.AtMost(e.luck.IntN(4))
}

// first is a configuration to begin with.
func (e editor) first() *confd.Config {
	cfg := &confd.Config{Daemon: confd.DefaultDaemon(), Processes: map[string]confd.Process{}, Groups: map[string]escalate.Group{}, Monitors: map[string]confd.Monitor{}}
	for range 4 + e.luck.IntN(12) {
		e.edit(cfg)
	}
	return cfg
}

// changed is another configuration: what is in the old one is never written to.
func (e editor) changed(old *confd.Config) *confd.Config {
	cfg := &confd.Config{Daemon: old.Daemon, Processes: maps.Clone(old.Processes), Groups: maps.Clone(old.Groups), Monitors: maps.Clone(old.Monitors)}
	if e.once(4) { // a drop-in that cannot be read may name what is gone
		cfg.Files = []confd.File{{Name: "bad.yaml", Rejected: true}}
	}
	for range 1 + e.luck.IntN(4) {
		e.edit(cfg)
	}
	return cfg
}

// edit adds, drops, renames, moves or changes one thing.
func (e editor) edit(cfg *confd.Config) {
	name, club, mon := e.of(players), e.of(clubs), e.of(watchmen)
	_, is := cfg.Processes[name]
	switch e.luck.IntN(16) {
	case 0, 1:
		delete(cfg.Processes, name)
	case 2: // renamed
		if p, other := cfg.Processes[name], e.of(players); is && other != name {
			delete(cfg.Processes, name)
			cfg.Processes[other] = p
		}
	case 3, 4: // moved
		if p := cfg.Processes[name]; is {
			p.Group = e.group()
			cfg.Processes[name] = p
		}
	case 5, 6, 7:
		p, is := cfg.Processes[name]
		if !is {
			p = entry(name, e.group(), nil)
		}
		for range 1 + e.luck.IntN(3) {
			e.process(name, &p)
		}
		cfg.Processes[name] = p
	case 8:
		delete(cfg.Groups, club)
	case 9, 10:
		g, is := cfg.Groups[club]
		if !is {
			g = escalate.DefaultGroup()
			g.Escalate = e.ladder()
		}
		e.club(club, &g)
		cfg.Groups[club] = g
	case 11:
		delete(cfg.Monitors, mon)
	case 12:
		cfg.Monitors[mon] = gateway(e.of(append(append([]string{""}, players...), clubs...)), func(m *confd.Monitor) { e.monitor(mon, m) })
	case 13:
		cfg.Daemon.Observe = e.once(2)
	case 14:
		cfg.Daemon.ParallelRestarts = 1 + e.luck.IntN(3)
	default:
		cfg.Daemon.RebootLimit.Count = e.luck.IntN(3)
	}
}

// process changes one key.
func (e editor) process(name string, p *confd.Process) {
	r := &p.Restart
	switch e.luck.IntN(23) {
	case 0:
		p.Match.Select = []procscan.Select{procscan.Root, procscan.All}[e.luck.IntN(2)]
	case 1:
		p.Match.Count = procscan.Count{Min: 1 + e.luck.IntN(2), Max: scalar.AtMost(2 + e.luck.IntN(2))}
	case 2:
		p.Match.Name = e.of(players) // of another's program, perhaps
	case 3:
		p.Match.Name = name
	case 4:
		p.Absent = []confd.Absent{confd.AbsentRestart, confd.AbsentWait, confd.AbsentIgnore}[e.luck.IntN(3)]
	case 5:
		p.Excess.Action = []confd.ExcessAction{confd.ExcessReport, confd.ExcessRestart}[e.luck.IntN(2)]
	case 6:
		p.After = e.some(players, name)
	case 7:
		r.Run, r.Unit = script.Argv{"/restart/" + name}, ""
	case 8:
		r.Run, r.Unit = nil, name+".service"
	case 9:
		r.Run, r.Unit = nil, ""
	case 10:
		r.When = []restart.When{restart.Always, restart.Abnormal}[e.luck.IntN(2)]
	case 11:
		r.Attempts, r.Window = e.limit(), e.secs(3600)
	case 12:
		r.Delay = e.secs(10)
	case 13:
		r.StartTimeout, r.Timeout = e.secs(10), e.secs(20)
	case 14:
		r.Settle = e.secs(6)
	case 15:
		r.Kill = restart.Kill{Never: e.once(2), Signal: "TERM"}
	case 16:
		r.Dump = nil
	case 17, 18:
		p.Stall = nil
	case 19:
		p.Stall = []confd.StallItem{{Check: httpCheck(func(c *probe.Check) { c.Interval = e.secs(10) })}}
	case 20:
		p.Limits = vital.Limits{}
		if e.once(2) {
			p.Limits.FDs = &vital.Limit{Max: vital.Amount{N: 100}, For: e.secs(5), Action: watch.ActRestart}
		}
	case 21:
		p.Escalate = nil
	default:
		l := e.ladder()
		p.Escalate = &l
	}
}

func (e editor) ladder() escalate.Ladder {
	var l escalate.Ladder
	for range e.luck.IntN(4) {
		wait := e.secs(20)
		l = append(l, []escalate.Rung{
			{RestartGroup: &escalate.RestartGroup{Attempts: scalar.AtMost(1), Window: e.secs(3600), Wait: &wait}},
			{Hook: &escalate.Hook{Run: script.Argv{"/hook"}, Timeout: e.secs(60), Wait: &wait}},
			{StopGroup: &escalate.StopGroup{Plain: escalate.Plain{Wait: &wait}}},
			{StopDaemon: &escalate.StopDaemon{Wait: &wait}},
			{Reboot: &escalate.Reboot{Plain: escalate.Plain{Wait: &wait}}},
			{None: &escalate.None{}},
		}[e.luck.IntN(6)])
	}
	return l
}

func (e editor) club(name string, g *escalate.Group) {
	switch e.luck.IntN(8) {
	case 0:
		g.DependsOn = nil
	case 1: // no rings: conf.d refuses them
		g.DependsOn = e.some(clubs[:slices.Index(clubs, name)], name)
	case 2:
		g.Strategy = []escalate.Strategy{escalate.One, escalate.All}[e.luck.IntN(2)]
	case 3:
		g.Startup = []escalate.Startup{escalate.Auto, escalate.Manual}[e.luck.IntN(2)]
	case 4:
		g.Start, g.StartAttempts = nil, 1+e.luck.IntN(2)
		if e.once(2) {
			g.Start = script.Argv{"/start/" + name}
		}
	case 5:
		g.Stop = nil
		if e.once(2) {
			g.Stop = script.Argv{"/stop/" + name}
		}
	case 6:
		g.Escalate = e.ladder()
	default:
		g.RetryAfter, g.Remind = scalar.Interval{D: e.secs(600).D()}, scalar.Interval{D: e.secs(600).D()}
	}
}

func (e editor) monitor(name string, m *confd.Monitor) {
	if e.once(2) {
		m.Needs = e.some(watchmen[:slices.Index(watchmen, name)], name)
	}
	if m.Recover != "" && e.once(2) {
		m.When = confd.WhenUp
	}
	m.Attempts, m.Escalate = e.limit(), e.ladder()
}
