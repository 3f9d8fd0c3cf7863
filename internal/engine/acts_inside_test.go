package engine

import (
	"testing"

	"procward/internal/message"
	"procward/procscan"
)

func TestNothingActsInObserveMode(t *testing.T) {
	m := NewMachine(true, 1)
	for _, e := range []Effect{Run{}, Await{}, EndScript{}, RestartUnit{}, StopUnit{}, Kill{}, Evidence{}, EndMachine{}, Exit{}} {
		m.effects = nil
		m.do(e)
		if s, is := m.effects[0].(Say); !is || s.Message.Kind != message.InternalFailure {
			t.Errorf("%T is done", e)
		}
	}
	for _, e := range []Effect{Look{}, Track{ID: procscan.ID{}}, Attend{}} {
		m.effects = nil
		if m.do(e); len(m.effects) != 1 || acts(m.effects[0]) {
			t.Errorf("%T is not done", e)
		}
	}
}
