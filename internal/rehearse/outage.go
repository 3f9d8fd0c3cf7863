package rehearse

import (
	"maps"
	"math"
	"slices"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/script"
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
	o.process, o.victim, o.most = name, name, most(p.Restart)
	o.of, o.asOne = p.Group, cfg.Groups[p.Group].Strategy == escalate.All && len(cfg.Members(p.Group)) > 1
	o.ladder = ladderOf(cfg, p)
	if p.Escalate == nil {
		o.group = p.Group
	}
	return o.play(func() { o.DieAll(name, Crashed) })
}

// Climb plays what the ladder of a group does when a member has no attempt left. Without a member that
// climbs it nothing happens.
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

// outage is one play.
type outage struct {
	*World
	pace    Pace
	process string // whose death it is about,
	group   string // and the group whose ladder it climbs,
	monitor string // or the monitor
	victim  string // the process that never stays up
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

func (o *outage) play(begins func()) Play {
	o.Begin()
	o.Run(calm)
	o.zero, o.began = o.Now, true
	begins()
	o.After = func() { o.idle++ }
	o.RunUntil(horizon, func() bool { return o.over || o.Exited || o.Broken != "" || o.idle > patience })
	return Play{o.steps, !o.over && !o.Exited}
}

// heard makes steps of what the machine says.
func (o *outage) heard(m message.Message) {
	switch {
	case !o.began || o.over:
	case o.attempts(m):
		o.attempt()
	case m.Kind == message.Exhausted && o.mine(m):
		o.add(Step{Kind: Exhausted})
	case m.Kind == message.RungAsked && o.climbs(m):
		o.climb(m)
	case m.Kind == message.GivenUp && o.climbs(m):
		o.add(Step{Kind: GivenUp})
		o.over = true
	}
}

// mine reports whether a message is about who the outage is about.
func (o *outage) mine(m message.Message) bool {
	return o.process != "" && m.Process == o.process || o.monitor != "" && m.Monitor == o.monitor
}

// attempts reports whether a message is that an attempt begins.
func (o *outage) attempts(m message.Message) bool {
	switch m.Kind {
	case message.MonitorRecover:
		return o.mine(m)
	case message.Restart:
		return o.mine(m) && !o.asOne
	case message.GroupStop: // for a rung as well
		return o.asOne && m.Group == o.of && o.rung < 0
	}
	return false
}

// climbs reports whether a message is about the ladder that is played.
func (o *outage) climbs(m message.Message) bool {
	return o.monitor != "" && m.Monitor == o.monitor || o.group != "" && m.Group == o.group && m.Process == "" || m.Process != "" && m.Process == o.process
}

func (o *outage) attempt() {
	n := 0
	for _, s := range o.steps {
		if s.Kind == Attempt {
			n++
		}
	}
	if n == o.most {
		o.over = true
		return
	}
	o.add(Step{Kind: Attempt, Number: n + 1})
}

func (o *outage) climb(m message.Message) {
	s := Step{Kind: Rung, Number: 1, Position: o.rung + 1}
	if o.rung >= 0 && o.ladder[o.rung].Name() == m.Rung {
		last := o.steps[len(o.steps)-1]
		if own := o.ladder[o.rung].Own(); own != nil && own.Most.Allows(last.Number) {
			s.Position, s.Number = o.rung, last.Number+1
		}
	}
	for s.Position < len(o.ladder) && o.ladder[s.Position].Name() != m.Rung {
		s.Position++
	}
	if s.Position == len(o.ladder) {
		return
	}
	o.rung, s.Rung = s.Position, o.ladder[s.Position]
	if _, leaves := s.Rung.Deed().(escalate.Leave); leaves {
		s.Kind = StopDaemon
	}
	o.add(s)
}

func (o *outage) add(s Step) {
	s.At, o.idle = o.Now-o.zero, 0
	o.steps = append(o.steps, s)
}

// late is how long before the last moment something comes that is nearly too late: the
// looks for it are a second apart.
const late = 1100 * time.Millisecond

// acts lets the victim end again, once it was found.
func (o *outage) acts(e engine.Effect) {
	track, is := e.(engine.Track)
	if !is || !o.began || o.Procs[track.ID] == nil || o.Procs[track.ID].Name != o.victim {
		return
	}
	after := time.Duration(0)
	if o.pace == Slow {
		after = max(0, o.Config.Processes[o.victim].Restart.Settle.D()-tick)
	}
	o.At(after, func() { o.Die(track.ID, Crashed) })
}

// killGrace is what a script has between TERM and KILL when its time is over.
const killGrace = 5 * time.Second

// script is how a script goes, and the restart of a unit.
func (o *outage) script(e engine.Run) Script {
	s := Script{}
	if o.pace == Slow {
		s.Takes, s.Result = e.Job.Timeout+killGrace, script.Result{Code: -1, Signal: "SIGKILL", TimedOut: true}
	}
	group, process := e.Job.Env["PROCWARD_GROUP"], e.Job.Env["PROCWARD_PROCESS"]
	g := o.Config.Groups[group]
	switch argv := e.Job.Argv; {
	case e.Event != nil: // a hook
		if o.pace == Quick {
			s.Result.Code = 1
		}
	case isUnit(argv[0]):
		s.After = func() { o.comeByUnit(argv[0]) }
	case g.Stop != nil && slices.Equal(argv, g.Stop):
		s.After = func() {
			for _, name := range o.Config.Members(group) {
				o.DieAll(name, Finished)
			}
		}
	case g.Start != nil && slices.Equal(argv, g.Start):
		s.After = func() {
			for _, name := range o.Config.Members(group) {
				o.come(name)
			}
		}
	default:
		s.After = func() { o.come(process) }
	}
	return s
}

func (o *outage) comeByUnit(path string) {
	for name, p := range o.Config.Processes {
		if unitPath+p.Restart.Unit == path {
			o.Resume(name)
			o.come(name)
		}
	}
}

// come lets a process be there again: at once, or when it is nearly too late.
func (o *outage) come(name string) {
	p := o.Config.Processes[name]
	after := time.Duration(0)
	if o.pace == Slow {
		after = max(0, p.Restart.StartTimeout.D()-late)
	}
	o.At(after, func() {
		for range max(1, p.Match.Count.Min) - len(o.IDs(name)) {
			o.Spawn(name)
		}
	})
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

// luck is the pauses with the random part of the jitter: the shortest, or the longest.
func (p Pace) luck(b restart.Backoff) restart.Backoff {
	by := 1 - b.Jitter
	if p == Slow {
		by = 1 + b.Jitter
	}
	b.Initial, b.Max, b.Jitter = scalar.Duration(by*float64(b.Initial)), scalar.Duration(by*float64(b.Max)), 0
	return b
}

// ladderOf is the ladder that a process climbs.
func ladderOf(cfg *confd.Config, p confd.Process) escalate.Ladder {
	if p.Escalate != nil {
		return *p.Escalate
	}
	return cfg.Groups[p.Group].Escalate
}
