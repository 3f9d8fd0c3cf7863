package rehearse

import (
	"errors"
	"time"

	"procward/internal/engine"
)

// units is what systemd does and says.
type units struct {
	Units  map[string]engine.Unit      // of the entries that have one
	Stops  func(engine.StopUnit) error // nil: they stop
	Halted map[string]int              // the life in which the unit of an entry was stopped
}

func newUnits() units {
	return units{Units: map[string]engine.Unit{}, Halted: map[string]int{}}
}

// ErrConflict is that systemd has another job for a unit.
var ErrConflict = errors.New("another job goes first")

// stopTakes is how long systemd needs to stop a unit.
const stopTakes = 10 * time.Millisecond

// stopUnit ends the processes of a unit, unless Stops says otherwise.
func (w *World) stopUnit(e engine.StopUnit) {
	w.Ran = append(w.Ran, "stop:"+e.Unit)
	var err error
	if w.Stops != nil {
		err = w.Stops(e)
	}
	life := w.Life
	w.At(stopTakes, func() {
		if err == nil {
			w.halt(e.Unit, life)
		}
		if w.Life == life {
			w.Later(0, engine.UnitStopped{Token: e.Token, Err: err, Conflict: errors.Is(err, ErrConflict)})
		}
	})
}

func (w *World) halt(unit string, life int) {
	for name, p := range w.Config.Processes {
		if p.Restart.Unit == unit {
			w.DieAll(name, Finished)
			w.Halted[name] = life
		}
	}
}

// Resume is the start of a unit that was stopped.
func (w *World) Resume(name string) { delete(w.Halted, name) }

// unitOf says what systemd does with the unit of a process. A daemon can tell its own
// stop from that of somebody else; a later daemon cannot.
func (w *World) unitOf(name string) engine.Unit {
	if life, halted := w.Halted[name]; halted && life != w.Life && w.Units[name].Hands == "" {
		return engine.Unit{Name: name + ".service", Hands: engine.StoppedOnRequest}
	}
	return w.Units[name]
}
