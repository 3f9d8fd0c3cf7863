package operation

import "procward/internal/engine/saved"

// Saved is the durable part of an operation. After another boot nothing is left of it.
type Saved struct {
	Group     string        `json:"group,omitempty"`
	Members   []string      `json:"members"`
	Ladder    string        `json:"ladder,omitempty"`
	Monitor   string        `json:"monitor,omitempty"`
	Alone     bool          `json:"alone,omitempty"`
	Payer     string        `json:"payer,omitempty"`
	StopOnly  bool          `json:"stop_only,omitempty"`
	StartOnly bool          `json:"start_only,omitempty"`
	By        string        `json:"by,omitempty"`    // the operator who asked for it
	Stops     bool          `json:"stops,omitempty"` // the script is the one that stops
	Script    *saved.Script `json:"script,omitempty"`
}

// Save is the durable part, with the script that is under way.
func (op *Operation) Save(script *saved.Script) Saved {
	return Saved{Group: op.Group, Members: op.Members, Ladder: op.Ladder, Monitor: op.Monitor, Alone: op.Alone, Payer: op.Payer,
		StopOnly: op.StopOnly, StartOnly: op.StartOnly, By: op.By, Stops: op.stage == stopScript, Script: script}
}

// Operation is the one that was saved, with those of its members that are still there; Restored
// follows.
func (s Saved) Operation(members []string) *Operation {
	return &Operation{Group: s.Group, Members: members, Ladder: s.Ladder, Monitor: s.Monitor, Alone: s.Alone, Payer: s.Payer,
		StopOnly: s.StopOnly, StartOnly: s.StartOnly, By: s.By}
}
