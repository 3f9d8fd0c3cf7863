package rehearse

import (
	"encoding/json"
	"maps"

	"procward/internal/engine"
)

// memory is the part of the machine's state that is written and so outlives it, and its
// lives.
type memory struct {
	core      *core
	Unborn    bool
	Written   map[string]json.RawMessage
	pending   map[string]any
	WrittenAt engine.Moment

	Kept    func()                   // is called when all is written that there is
	Lose    func() bool              // says whether what need not be written is not, yet
	Dies    func(engine.Effect) bool // says whether the machine dies before this effect
	Reborn  func()                   // before a machine begins again: what systemd tells every daemon
	Dropped map[string]int           // scripts that were not started any more, by path
}

func newMemory(c *core) memory {
	return memory{core: c, Written: map[string]json.RawMessage{}, pending: map[string]any{}, Dropped: map[string]int{}}
}

// take takes the changes of a step, and gives the effects that follow them.
func (m *memory) take(effects []engine.Effect) []engine.Effect {
	var keep engine.Keep
	if len(effects) > 0 {
		if k, is := effects[0].(engine.Keep); is {
			keep, effects = k, effects[1:]
		}
	}
	if m.core.observe {
		return effects
	}
	maps.Copy(m.pending, keep.Changes)
	if !keep.Must && m.Lose != nil && m.Lose() {
		return effects
	}
	m.write()
	if m.Kept != nil {
		m.Kept()
	}
	return effects
}

// write writes what is pending.
func (m *memory) write() {
	for key, v := range m.pending {
		text, err := json.Marshal(v)
		if err != nil {
			m.core.fail("%s cannot be written: %v", key, err)
		}
		m.Written[key] = text
		if v == nil {
			delete(m.Written, key)
		}
	}
	clear(m.pending)
	m.WrittenAt = m.core.Moment()
}

// dies reports whether the machine dies before an effect.
func (m *memory) dies(rest []engine.Effect) bool {
	switch rest[0].(type) {
	case engine.Say, engine.Answer:
		return false
	}
	if m.Dies == nil || !m.Dies(rest[0]) {
		return false
	}
	for _, e := range rest {
		if r, ok := e.(engine.Run); ok {
			m.Dropped[r.Job.Argv[0]]++
		}
	}
	return true
}
