package monitor

import (
	"procward/internal/engine/saved"
	"procward/restart"
)

// Saved is the durable part of a monitor.
type Saved struct {
	History restart.History `json:"history,omitzero"`
	Outage  bool            `json:"outage,omitempty"`
	Tried   int             `json:"tried,omitempty"`
}

// Save is the durable part.
func (mon *Monitor) Save() Saved {
	return Saved{History: mon.History, Outage: mon.Outage, Tried: mon.Tried}
}

// Claim puts a monitor where it was.
func (mon *Monitor) Claim(s Saved) { mon.History, mon.Outage, mon.Tried = s.History, s.Outage, s.Tried }

// OverBoot is what is left after another boot: the used attempts.
func (s Saved) OverBoot(c saved.Carry) (Saved, bool) {
	return Saved{History: restart.History{Spent: c.Pasts(s.History.Spent)}}, true
}
