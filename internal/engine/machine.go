package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	confd "procward/conf.d"
	"procward/internal/engine/climb"
	"procward/internal/engine/lastresort"
	"procward/internal/engine/operation"
	"procward/internal/engine/saved"
	"procward/internal/message"
	"procward/procscan"
	"procward/watch"
)

// Machine is the engine's heart: Step takes inputs and gives effects. It reads no clock and
// does nothing itself. Times are CLOCK_BOOTTIME.
type Machine struct {
	cfg       *confd.Config
	relations relations // of the configuration in force
	procs     map[string]*process
	names     []string // of procs, sorted

	// The desks of the rooms.
	processes processes
	ladders   ladders
	monitors  monitors
	ops       operations
	operator  operator
	jobs      jobs
	keeper    keeper
	alarms    alarms

	mail
	holds
	resort  lastresort.State
	looking lookout
	census  census
	observe bool
	booting bool
	lag     time.Duration // exits may be seen this late
	rand    *rand.Rand
	at      Moment        // of this step
	now     time.Duration // its CLOCK_BOOTTIME, which never goes back
	effects []Effect
}

// lookout joins the looks that are wanted into one at a time.
type lookout struct {
	token int                // of the look in progress, or 0
	began time.Duration      // when it was asked for
	rest  time.Duration      // until when the next one waits, unless somebody has died
	want  map[string]bool    // names for the next one
	of    map[string]LookFor // what the look in progress, or the last one, looks for

	urgent bool // one of those was wanted for a process that had just died
}

// While all slots are taken a look is followed by a rest of lookRest times its own
// length, at most maxRest. So in a burst of deaths the looks for what was started do not
// take the time of starting the others.
const (
	lookRest = 4
	maxRest  = 50 * time.Millisecond
)

// wake is when the next look begins that waits, or 0.
func (l *lookout) wake() time.Duration {
	if l.token != 0 || len(l.want) == 0 {
		return 0
	}
	return l.rest
}

// resting reports whether the next look can wait: nothing that it is wanted for has just died.
func (m *Machine) resting() bool {
	return m.now < m.looking.rest && m.jobs.running >= max(m.cfg.Daemon.ParallelRestarts, 1) && !m.looking.urgent
}

// NewMachine makes a machine that watches nothing yet. The seed is for the random part of
// jitter.
func NewMachine(observe bool, seed uint64) *Machine {
	m := &Machine{observe: observe, cfg: &confd.Config{}, procs: map[string]*process{}, looking: lookout{want: map[string]bool{}},
		census: newCensus(), rand: rand.New(rand.NewPCG(seed, seed))}
	m.processes = processes{Machine: m, trackers: map[procscan.ID][]string{}, stirred: map[string]bool{}}
	m.ladders = ladders{Machine: m, all: map[string]*climb.Ladder{}, barred: map[string]bool{}}
	m.monitors = monitors{Machine: m, all: map[string]*attended{}, unsettled: map[string]bool{}}
	m.ops = operations{Machine: m, all: map[string]*operation.Operation{}}
	m.operator = operator{Machine: m}
	m.jobs = jobs{Machine: m, all: map[int]job{}}
	m.keeper = keeper{Machine: m, book: saved.NewBook(kinds()...)}
	m.alarms = alarms{Machine: m, marked: map[string]bool{}}
	return m
}

// Step takes what has happened until a moment, in order, and returns what must be done,
// in order.
func (m *Machine) Step(now Moment, inputs ...Input) []Effect {
	m.now = max(m.now, now.Uptime)
	m.at, m.effects = now, nil
	m.at.Uptime = m.now
	for _, in := range inputs {
		m.take(in)
		m.deliver()
	}
	m.tick()
	m.processes.attendStirred()
	m.monitors.attend()
	m.look()
	return m.kept()
}

// kept is the effects of a step, preceded by what has changed of the durable state.
func (m *Machine) kept() []Effect {
	keep := Keep{Changes: m.keeper.changes(), Must: awaitsKeeping(m.effects)}
	if len(keep.Changes) == 0 && !keep.Must {
		return m.effects
	}
	return slices.Insert(m.effects, 0, Effect(keep))
}

func (m *Machine) take(in Input) {
	switch in := in.(type) {
	case Configured:
		m.configure(in.Config)
	case Died:
		for _, ev := range in.Events {
			m.processes.died(ev)
		}
	case Polling:
		m.lag = in.Every
	case TrackFailed:
		m.processes.died(watch.Event{ID: in.ID, At: in.At})
	case Looked:
		m.processes.looked(in)
	case Remembered:
		m.processes.remember(in)
	case ScriptStarted:
		m.jobs.scriptStarted(in)
	case ScriptEnded:
		m.jobs.scriptEnded(in.Token, scriptOutcome(in.Result))
	case UnitsMoved:
		m.processes.unitsMoved(in)
	case LimitLifted:
		m.jobs.limitLifted(in)
	case UnitRestarted:
		m.jobs.scriptEnded(in.Token, unitOutcome(in))
	case UnitStopped:
		m.ops.unitStopped(in)
	case ScriptGone:
		m.jobs.scriptEnded(in.Token, goneOutcome(in.Cause))
	case KillEnded:
		m.jobs.killEnded(in)
	case Sensed:
		m.processes.sensed(in)
	case EvidenceTaken:
		m.jobs.evidenceTaken(in)
	case Suspend:
		m.suspend(in)
	case Resume:
		m.resume(in.Why)
	case Operate:
		out := m.operator.obey(in.Order)
		m.deliver()
		m.do(Answer{Token: in.Token, Ordered: out})
	case Show:
		m.do(Shown{Token: in.Token, Page: report{m}.page(in.Page)})
	case Means:
		m.post(toResort{lastresort.Given{Means: in.Refused, Lost: in.Lost}})
	case Recorded:
		delete(m.jobs.all, in.Token)
		m.post(toResort{lastresort.Recorded{Token: in.Token, Err: in.Err}})
	case MachineStays:
		delete(m.jobs.all, in.Token)
		m.post(toResort{lastresort.Stayed{Token: in.Token, Err: in.Err}})
	case Booting:
		m.boot(in.Yes)
	case Tick:
	}
}

// wantLook asks for p in the next look: one that begins after this moment.
func (m *Machine) wantLook(p *process) {
	m.looking.want[p.Name] = true
	m.looking.urgent = m.looking.urgent || p.State() == Looking
	m.alarms.mark(p.key)
	m.alarms.mark(keyLooks)
}

// look begins a look for all that is wanted, unless one is under way.
func (m *Machine) look() {
	if m.looking.token != 0 || len(m.looking.want) == 0 || m.resting() {
		return
	}
	l := Look{Token: m.jobs.newToken(job{}), Of: map[string]LookFor{}}
	for name := range m.looking.want {
		if p := m.procs[name]; p != nil {
			l.Of[name] = p.LookFor(p.asked)
		}
	}
	m.looking.want = emptied(m.looking.want)
	m.looking.urgent = false
	m.alarms.mark(keyLooks)
	if len(l.Of) == 0 {
		return
	}
	m.looking.token, m.looking.began, m.looking.of = l.Token, m.now, l.Of
	m.do(l)
}

// do asks for an effect. In observe mode nothing ever acts, whatever has led to it.
func (m *Machine) do(e Effect) {
	if len(m.posted) > 0 { // what was posted before comes first
		m.post(effect{e})
		return
	}
	if m.observe && acts(e) {
		e = Say{message.Message{Kind: message.InternalFailure, Detail: fmt.Sprintf("not done, in observe mode: %T", e)}}
	}
	if say, is := e.(Say); is {
		say.Message.HostEnds = m.hostEnds && !m.ownShutdown
		e = say
	}
	m.effects = append(m.effects, e)
}

func sortedKeys[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
