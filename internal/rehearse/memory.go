package rehearse

import (
	"encoding/json"
	"maps"
	"time"

	"procward/internal/engine"
	"procward/internal/script"
	"procward/procscan"
)

// memory is what of the machine's state is written, and so outlives it; and its lives.
type memory struct {
	Life    int // how often the machine was begun anew
	Unborn  bool
	Written map[string]json.RawMessage
	pending map[string]any
	at      engine.Moment

	Kept    func()                   // is called when all is written that there is
	Lose    func() bool              // says whether what need not be written is not, yet
	Dies    func(engine.Effect) bool // says whether the machine dies before this effect
	Reborn  func()                   // before a machine begins again: what systemd tells every daemon
	Dropped map[string]int           // scripts that were not started any more, by path
}

func newMemory() memory {
	return memory{Written: map[string]json.RawMessage{}, pending: map[string]any{}, Dropped: map[string]int{}}
}

// keep takes the changes of a step, and gives the effects that follow them.
func (w *World) keep(effects []engine.Effect) []engine.Effect {
	var keep engine.Keep
	if len(effects) > 0 {
		if k, is := effects[0].(engine.Keep); is {
			keep, effects = k, effects[1:]
		}
	}
	if w.observe {
		return effects
	}
	maps.Copy(w.pending, keep.Changes)
	if !keep.Must && w.Lose != nil && w.Lose() {
		return effects
	}
	w.write()
	if w.Kept != nil {
		w.Kept()
	}
	return effects
}

// write writes what is pending.
func (w *World) write() {
	for key, v := range w.pending {
		text, err := json.Marshal(v)
		if err != nil {
			w.fail("%s cannot be written: %v", key, err)
		}
		w.Written[key] = text
		if v == nil {
			delete(w.Written, key)
		}
	}
	clear(w.pending)
	w.at = w.Moment()
}

// cut lets the machine die before an effect, where that is wanted.
func (w *World) cut(rest []engine.Effect) bool {
	switch rest[0].(type) {
	case engine.Say, engine.Answer:
		return false
	}
	if w.Dies == nil || !w.Dies(rest[0]) {
		return false
	}
	for _, e := range rest {
		if r, ok := e.(engine.Run); ok {
			w.Dropped[r.Job.Argv[0]]++
		}
	}
	w.Rebirth(time.Second, nil)
	return true
}

// Rebirth throws the machine away, and begins another one a while later from what was
// written. then, if not nil, changes the clocks.
func (w *World) Rebirth(after time.Duration, then func(engine.Moment) engine.Moment) {
	w.Life++
	w.Tracked, w.ends = map[procscan.ID]bool{}, map[int]func(script.Result){}
	for _, r := range w.runs {
		r.tell = nil
	}
	clear(w.pending)
	clear(w.attended)
	clear(w.rests)
	w.Unborn = true
	w.live(uint64(w.Life))
	w.alive(after, func() {
		now := w.Moment()
		if then != nil {
			now = then(now)
		}
		if err := w.Machine.Restore(maps.Clone(w.Written), w.at, now); err != nil {
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
