package engine

import (
	"encoding/json"
	"testing"
)

func TestUnknownAndDamagedEntriesAreLeftOut(t *testing.T) {
	m := NewMachine(false, 1)
	err := m.Restore(Saved{"process a": json.RawMessage(`{"state":"given-up"}`), "process b": json.RawMessage(`[]`), "weather": json.RawMessage(`"fine"`)}, Moment{}, Moment{})
	if err == nil || len(m.keeper.book.Unclaimed("")) != 1 {
		t.Errorf("restored %v, error %v", m.keeper.book.Unclaimed(""), err)
	}
}
