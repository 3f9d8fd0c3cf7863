package rehearse

import (
	"maps"
	"math"
	"slices"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/engine"
	"procward/internal/scalar"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
)

// Kind is what a step of an outage is.
type Kind string

// The kinds of steps.
const (
	Attempt    Kind = "attempt"
	Exhausted  Kind = "exhausted"
	Rung       Kind = "rung"
	StopDaemon Kind = "stop-daemon"
	GivenUp    Kind = "given-up"
)

// Step is one step of an outage in which nothing helps.
type Step struct {
	Kind     Kind
	Number   int // which attempt of the outage, or which try of this rung, from 1
	Position int // of the rung on its ladder, from 0
	Rung     escalate.Rung
	At       time.Duration // since the outage began
}

// Play is an outage as it was played.
type Play struct {
	Steps []Step
	Cut   bool // it was too long to be played to its end
}

// Pace is how an outage goes in which nothing helps.
type Pace bool

const (
	// Quick: each script succeeds at once, and what it starts ends as soon as it is found.
	// Hooks fail at once.
	Quick Pace = false
	// Slow: each script runs into its timeout, and is killed a while later. What it starts
	// is found nearly too late, and ends when it has nearly settled.
	Slow Pace = true
)

// Longest is how many attempts, and how many rungs, are played at most.
const Longest = 1000

// horizon is how long an outage is played at most, and patience how many steps of the
// machine are played without a step of the outage: the machine looks every 10 s for what
// is missing.
const (
	horizon  = 10 * 365 * 24 * time.Hour
	patience = 20_000
)

// Death plays the death of a process whose restarts never help.
func Death(cfg *confd.Config, name string, pace Pace) Play {
	p := cfg.Processes[name]
	o := newOutage(cfg, pace)
	o.process, o.victim, o.most, o.end = name, name, most(p.Restart), failure(p.Restart)
	o.of, o.asOne = p.Group, cfg.Groups[p.Group].Strategy == escalate.All && len(cfg.Members(p.Group)) > 1
	o.ladder = ladderOf(cfg, p)
	if p.Escalate == nil {
		o.group = p.Group
	}
	return o.play(func() { o.DieAll(name, o.end) })
}

// Climb plays what the ladder of a group does once a member has no attempt left. Without a
// member that climbs it nothing happens.
func Climb(cfg *confd.Config, name string, pace Pace) Play {
	for _, member := range cfg.Members(name) {
		p := cfg.Processes[member]
		if p.Escalate != nil || p.Restart.Attempts.Unlimited {
			continue
		}
		p.Restart.Attempts = scalar.AtMost(0)
		cfg = with(cfg, func(c *confd.Config) { c.Processes[member] = p })
		play := Death(cfg, member, pace)
		play.Steps = slices.DeleteFunc(play.Steps, func(s Step) bool { return s.Kind == Exhausted })
		return play
	}
	return Play{}
}

// Failure plays a check that is bad and stays so, whatever is restarted.
func Failure(cfg *confd.Config, name string, pace Pace) Play {
	mon := cfg.Monitors[name]
	o := newOutage(cfg, pace)
	o.monitor, o.ladder, o.most = name, mon.Escalate, most(mon.Policy())
	sign := probe.Names([]probe.Check{mon.Check})[0]
	return o.play(func() {
		o.Ill[name+"/"+sign] = "it fails"
		o.Tell(name, o.Attended[name].Round, sign, watch.Bad, "it fails")
	})
}

// Stall plays a process that is told to be stalled, by the sign of this name, and gives the
// time until its first attempt. Its evidence takes this long, and each kill as long as it may.
func Stall(cfg *confd.Config, name, sign string, evidence time.Duration) time.Duration {
	o := newOutage(cfg, Slow)
	o.process, o.victim, o.most, o.EvidenceTakes = name, name, 1, evidence
	play := o.playUntil(func() { o.Tell(name, o.Attended[name].Round, sign, watch.Bad, "it fails") }, func() bool { return len(o.steps) > 0 })
	if len(play.Steps) == 0 {
		return 0
	}
	return play.Steps[0].At
}

// outage is one play.
type outage struct {
	*World
	pace    Pace
	process string // whose death it is about,
	group   string // and the group whose ladder it climbs,
	monitor string // or the monitor
	victim  string // the process that never stays up,
	end     Cause  // and how it ends
	ladder  escalate.Ladder
	of      string // its group,
	asOne   bool   // each attempt restarts the whole of it
	most    int    // attempts that are played

	zero  time.Duration
	began bool
	over  bool
	rung  int // the position of the rung climbed last, or -1
	idle  int // steps of the machine since the last step
	steps []Step
}

func newOutage(cfg *confd.Config, pace Pace) *outage {
	cfg = with(cfg, func(c *confd.Config) {
		c.Daemon.Observe = false
		for name, p := range c.Processes {
			p.Restart.Backoff = pace.luck(p.Restart.Backoff)
			c.Processes[name] = p
		}
	})
	o := &outage{World: New(cfg), pace: pace, rung: -1}
	o.Now += cfg.Daemon.RebootLimit.MinUptime.D()
	o.Most = math.MaxInt // patience ends it
	o.LookTakes, o.Staying, o.Recording = 0, 0, 0
	o.Lose = func() bool { return true } // nothing outlives this machine
	o.Heard, o.Acts, o.Usual = o.heard, o.acts, o.script
	o.Ends = func(engine.EndMachine) bool { return true }
	if pace == Slow {
		o.Fails = probe.WorstCase
		o.KillTakes = func(k engine.Kill) time.Duration { return k.How.Longest() }
	}
	o.Rungs = map[string]string{}
	for _, use := range cfg.OSRungs() {
		o.Rungs[use.Rung] = ""
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Processes)) {
		for range max(1, cfg.Processes[name].Match.Count.Min) {
			o.Spawn(name)
		}
	}
	return o
}

// with is a copy of a configuration that may be changed.
func with(cfg *confd.Config, change func(*confd.Config)) *confd.Config {
	c := *cfg
	c.Processes = maps.Clone(cfg.Processes)
	change(&c)
	return &c
}

// calm is how long all is well before the outage: longer than it takes to settle and for
// all checks to have a verdict.
const calm = time.Hour

func (o *outage) play(begins func()) Play { return o.playUntil(begins, func() bool { return false }) }

func (o *outage) playUntil(begins func(), enough func() bool) Play {
	o.Begin()
	o.Run(calm)
	o.zero, o.began = o.Now, true
	begins()
	o.After = func() { o.idle++ }
	o.RunUntil(horizon, func() bool { return o.over || o.Exited || o.Broken != "" || o.idle > patience || enough() })
	return Play{o.steps, !o.over && !o.Exited}
}

// most is how many attempts are played: of unlimited ones as many as differ. One more
// than there are shows whether they come back faster than they are used.
func most(spec restart.Spec) int {
	if !spec.Attempts.Unlimited {
		return min(spec.Attempts.N, Longest)
	}
	n := 2
	for n < Longest && spec.Pause(n) != spec.Pause(n+1) {
		n++
	}
	return n
}

// failure is an end after which a restart is tried.
func failure(spec restart.Spec) Cause {
	c := Crashed
	for spec.IsClean(c) || spec.IsFinal(c) {
		c.Code++
	}
	return c
}

// ladderOf is the ladder that a process climbs.
func ladderOf(cfg *confd.Config, p confd.Process) escalate.Ladder {
	if p.Escalate != nil {
		return *p.Escalate
	}
	return cfg.Groups[p.Group].Escalate
}
