package climb

import (
	"time"

	"procward/escalate"
	"procward/internal/engine/saved"
)

// Saved is the durable part of a ladder.
type Saved struct {
	Climb    escalate.Climb `json:"climb,omitzero"`
	RemindAt time.Duration  `json:"remind_at,omitempty"`
	RetryAt  time.Duration  `json:"retry_at,omitempty"`
	Hook     *saved.Script  `json:"hook,omitempty"` // the one under way
}

// Save is the durable part, with the hook in progress, or nil if there is nothing to
// save.
func (l *Ladder) Save(hook *saved.Script) any {
	c := l.Climb
	if c.Phase == escalate.Idle && c.Position == 0 && len(c.Spent) == 0 && l.RetryAt == 0 && l.RemindAt == 0 && hook == nil {
		return nil // as it is made
	}
	return Saved{Climb: c, RemindAt: l.RemindAt, RetryAt: l.RetryAt, Hook: hook}
}

// Claim puts a ladder where it was; Restored follows.
func (l *Ladder) Claim(s Saved) { l.Climb, l.RemindAt, l.RetryAt = s.Climb, s.RemindAt, s.RetryAt }

// OverBoot is what is left after another boot: every climb begins at the bottom, but used
// attempts, given up and handed over stay.
func (s Saved) OverBoot(c saved.Carry) (Saved, bool) {
	var out Saved
	for n, spent := range s.Climb.Spent {
		if out.Climb.Spent == nil {
			out.Climb.Spent = map[int][]time.Duration{}
		}
		out.Climb.Spent[n] = c.Pasts(spent)
	}
	switch s.Climb.Phase {
	case escalate.GivenUp, escalate.Handed:
		out.Climb.Phase, out.Climb.Position = s.Climb.Phase, s.Climb.Position
		out.RemindAt, out.RetryAt = c.Future(s.RemindAt), c.Future(s.RetryAt)
	}
	return out, true
}
