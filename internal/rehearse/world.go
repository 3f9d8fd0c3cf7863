// Package rehearse runs the engine in a world on a virtual clock: processes, scripts,
// units and checks are all made up, so that a day of trouble takes a moment and nothing
// of the machine is touched. Outage plays what explain shows; the tests of the engine
// play whole histories in the same world.
package rehearse

import (
	"maps"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/script"
	"procward/procscan"
)

// World carries out the effects of a machine on a virtual clock, and hears its messages.
// Functions that are nil do nothing, unless their comment says otherwise.
type World struct {
	*core
	table
	units
	signs
	scripts
	memory
	host

	Exited   bool // by a stop-daemon rung,
	Code     int  // with this exit code
	Answered engine.Ordered

	Heard func(message.Message) // is told each message
	Acts  func(engine.Effect)   // is shown each effect first
}

// New is a world around a machine that has not been configured yet.
func New(cfg *confd.Config) *World {
	c := &core{Config: cfg, Now: Epoch, Most: mostSteps}
	w := &World{core: c, table: newTable(c), units: newUnits(), signs: newSigns(c), scripts: newScripts(c), memory: newMemory(c)}
	w.Staying = time.Second
	c.keep = w.memory.take
	c.carry = func(rest []engine.Effect) (dies bool) {
		if w.dies(rest) {
			w.Rebirth(time.Second, nil)
			return true
		}
		w.effect(rest[0])
		return false
	}
	c.live(1)
	return w
}

// Begin gives the machine what it needs to begin.
func (w *World) Begin() {
	if w.Rungs != nil {
		w.Step(engine.Means{Refused: w.Rungs, Lost: w.Lost})
		w.Lost = ""
	}
	w.Step(engine.Configured{Config: w.Config})
}

// find is what a look finds.
func (w *World) find(l engine.Look) map[string]engine.Finding {
	out := map[string]engine.Finding{}
	for name, want := range l.Of {
		f := w.table.find(name, want)
		if want.Missing {
			f.Unit = w.unitOf(name)
		}
		out[name] = f
	}
	return out
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
		w.start(e)
	case engine.Await:
		w.await(e)
	case engine.RestartUnit:
		w.start(engine.Run{Token: e.Token, Job: script.Job{Argv: script.Argv{unitPath + e.Unit}, Timeout: e.Spec.Timeout.D()}})
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

// unitPath begins what stands for the argv[0] of the restart of a unit.
const unitPath = "unit:"

func isUnit(path string) bool { return strings.HasPrefix(path, unitPath) }

// Rebirth throws the machine away, and begins another one a while later from what was
// written. then, if not nil, changes the clocks.
func (w *World) Rebirth(after time.Duration, then func(engine.Moment) engine.Moment) {
	w.Life++
	w.Tracked = map[procscan.ID]bool{}
	w.scripts.orphan()
	clear(w.pending)
	clear(w.Attended)
	clear(w.rests)
	w.Unborn = true
	w.live(uint64(w.Life))
	w.alive(after, func() {
		now := w.Moment()
		if then != nil {
			now = then(now)
		}
		if err := w.Machine.Restore(maps.Clone(w.Written), w.WrittenAt, now); err != nil {
			w.fail("what was written cannot be read: %v", err)
		}
		w.Unborn = false
		life := w.Life
		if w.Reborn != nil {
			w.Reborn()
		}
		if w.Life == life {
			w.Begin()
		}
	})
}
