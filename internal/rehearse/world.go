// Package rehearse runs the engine in a world on a virtual clock: processes, scripts, units
// and checks that are all made up, so that a day of trouble takes a moment and nothing of
// the machine is touched. Outage plays what explain shows; the tests of the engine play
// whole histories in the same world.
package rehearse

import (
	"container/heap"
	"fmt"
	"strconv"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/script"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
)

// Epoch is where the virtual clock begins: CLOCK_BOOTTIME of a host that has run for a while.
const Epoch = 1000 * time.Second

// World carries the effects of a machine out on a virtual clock, and hears what it says.
// Functions that are nil do nothing, unless they say otherwise.
type World struct {
	Machine *engine.Machine
	Config  *confd.Config
	Now     time.Duration // the virtual clock
	clock   agenda
	observe bool // this life does nothing, and so keeps nothing

	table
	units
	signs
	scripts
	memory
	host

	Exited bool // by a stop-daemon rung,
	Code   int  // with this exit code

	Heard func(message.Message) // is told each message
	Acts  func(engine.Effect)   // is shown each effect first
	After func()                // is called after each step
	Fail  func(text string)     // is told what must never happen; nil: see Broken

	Most     int    // steps in one Run, after which the machine does not come to rest
	Broken   string // the first thing that must never happen
	Answered engine.Ordered
}

// New is a world around a machine that has not been configured yet.
func New(cfg *confd.Config) *World {
	w := &World{Config: cfg, Now: Epoch, Most: mostSteps}
	w.table = newTable()
	w.units = newUnits()
	w.signs = newSigns()
	w.scripts = newScripts()
	w.memory = newMemory()
	w.Staying = time.Second
	w.live(1)
	return w
}

// live makes a machine, which does nothing before it is configured.
func (w *World) live(seed uint64) {
	w.observe = w.Config.Daemon.Observe
	w.Machine = engine.NewMachine(w.observe, seed)
}

// Moment is this moment as the machine is told it.
func (w *World) Moment() engine.Moment {
	return engine.Moment{Boot: "boot " + strconv.Itoa(w.Boots), Uptime: w.Uptime(), Wall: time.Unix(1e9, 0).Add(w.Now)}
}

// Uptime is CLOCK_BOOTTIME of the present boot.
func (w *World) Uptime() time.Duration { return w.Now - w.BootAt }

// At plans something.
func (w *World) At(after time.Duration, do func()) { w.clock.add(w.Now+after, do) }

// Later plans something that the machine of this life will be told.
func (w *World) Later(after time.Duration, in engine.Input) {
	w.alive(after, func() { w.Step(in) })
}

// alive plans something for as long as the machine of this life is there.
func (w *World) alive(after time.Duration, do func()) {
	life := w.Life
	w.At(after, func() {
		if w.Life == life {
			do()
		}
	})
}

// Begin gives the machine what it needs to begin.
func (w *World) Begin() {
	if w.Rungs != nil {
		w.Step(engine.Means{Refused: w.Rungs, Lost: w.Lost})
		w.Lost = ""
	}
	w.Step(engine.Configured{Config: w.Config})
}

// Step gives the machine an input, and begins the effects.
func (w *World) Step(in engine.Input) {
	life := w.Life
	effects := w.keep(w.Machine.Step(w.Moment(), in))
	if w.After != nil {
		w.After()
	}
	for i, e := range effects {
		if w.cut(effects[i:]) {
			return
		}
		if w.Life == life {
			w.effect(e)
		}
	}
}

// mostSteps is after how many steps in one Run the machine does not come to rest, where
// nothing else is said.
const mostSteps = 200_000

// Run lets the virtual time pass.
func (w *World) Run(d time.Duration) { w.RunUntil(d, func() bool { return false }) }

// RunUntil lets the virtual time pass until something is true, at most for d.
func (w *World) RunUntil(d time.Duration, done func() bool) {
	end := w.Now + d
	for steps := 0; !done(); steps++ {
		if steps > w.Most {
			w.fail("the machine does not come to rest at %v", w.Now)
			return
		}
		at, isWake := end+1, false
		if len(w.clock.queue) > 0 {
			at = w.clock.queue[0].at
		}
		if wake, ok := w.Machine.Wake(); ok && w.BootAt+wake < at {
			at, isWake = max(w.BootAt+wake, w.Now), true
		}
		if at > end {
			w.Now = end
			return
		}
		w.Now = at
		if isWake {
			w.Step(engine.Tick{})
			continue
		}
		heap.Pop(&w.clock.queue).(appointment).do()
	}
}

// fail says that something has happened which must never happen.
func (w *World) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if w.Fail != nil {
		w.Fail(text)
	} else if w.Broken == "" {
		w.Broken = text
	}
}

func (w *World) effect(e engine.Effect) {
	if w.Acts != nil {
		w.Acts(e)
	}
	switch e := e.(type) {
	case engine.Track:
		w.track(e)
	case engine.Untrack:
		delete(w.Tracked, e.ID)
	case engine.Look:
		found := w.find(e) // what comes while it looks is missed
		w.Later(w.LookTakes, engine.Looked{Token: e.Token, Found: found})
	case engine.Run:
		w.run(e)
	case engine.Await:
		w.await(e)
	case engine.RestartUnit:
		w.run(engine.Run{Token: e.Token, Job: script.Job{Argv: script.Argv{unitPath + e.Unit}, Timeout: e.Spec.Timeout.D()}})
	case engine.StopUnit:
		w.stopUnit(e)
	case engine.EndScript:
		w.endScript(e)
	case engine.Kill:
		w.kill(e)
	case engine.Attend:
		w.attend(e)
	case engine.Unattend:
		w.unattend(e)
	case engine.Evidence:
		w.Taken = append(w.Taken, e.Target)
		w.Later(w.EvidenceTakes, engine.EvidenceTaken{Token: e.Token, Path: "/evidence/" + e.Target})
	case engine.Record:
		w.record(e)
	case engine.EndMachine:
		w.endMachine(e)
	case engine.Answer:
		w.Answered = e.Ordered
	case engine.Say:
		if w.Heard != nil {
			w.Heard(e.Message)
		}
	case engine.Exit:
		w.Exited, w.Code = true, e.Code
	}
}

func (w *World) track(e engine.Track) {
	p := w.Procs[e.ID]
	if p == nil {
		w.Later(0, engine.TrackFailed{ID: e.ID, At: w.Uptime()})
		return
	}
	w.Tracked[e.ID] = true
	if !p.Pale {
		w.Later(0, engine.Remembered{Of: map[procscan.ID]succession.Traits{e.ID: p.traits(w.Uptime())}})
	}
}

// killTakes is how long the world needs to end processes or a script, where nothing else is said.
const killTakes = time.Millisecond

func (w *World) kill(e engine.Kill) {
	w.Victims = append(w.Victims, e.IDs...)
	takes := killTakes
	if w.KillTakes != nil {
		takes = w.KillTakes(e)
	}
	w.alive(takes, func() {
		var ended []restart.Ended
		for _, id := range e.IDs {
			ended = append(ended, restart.Ended{ID: id, Outcome: w.killed(id)})
		}
		if w.KillToldFirst {
			w.Step(engine.KillEnded{Token: e.Token, Ended: ended})
			return
		}
		w.Later(0, engine.KillEnded{Token: e.Token, Ended: ended})
	})
}

func (w *World) killed(id procscan.ID) restart.Outcome {
	if w.Procs[id] == nil {
		return restart.Gone
	}
	out := restart.BySignal
	if w.Killed != nil {
		out = w.Killed(id)
	}
	if out != restart.Unkillable && out != restart.Refused {
		w.Die(id, Terminated)
	}
	return out
}

// Die ends a process; the machine is told of it at once.
func (w *World) Die(id procscan.ID, c Cause) {
	if w.Procs[id] == nil {
		return
	}
	if w.bury(id); w.Tracked[id] {
		delete(w.Tracked, id)
		w.Later(0, died(id, w.Uptime(), c))
	}
}

// DieAll ends all processes of an entry.
func (w *World) DieAll(name string, c Cause) {
	for _, id := range w.IDs(name) {
		w.Die(id, c)
	}
}

// Spawn adds a process of the named entry.
func (w *World) Spawn(name string) procscan.ID { return w.SpawnAs(name, func(*Process) {}) }

// SpawnAs adds a process of the named entry, changed before it is there.
func (w *World) SpawnAs(name string, change func(*Process)) procscan.ID {
	return w.add(name, w.Uptime(), change)
}

// unitPath begins what stands for the argv[0] of the restart of a unit.
const unitPath = "unit:"

func isUnit(path string) bool { return strings.HasPrefix(path, unitPath) }
