// Package lastresort is what the engine knows of the rungs that end the machine: whether
// one may be carried out, the one in progress, and what happened to those before. Only
// one is in progress at a time. It is recorded first, then everything is looked at for
// the last time, and only then it is done. The State is a small machine: Next takes an
// event, and returns what it wants done; it does not matter which ladder asks.
package lastresort

import (
	"time"

	"procward/escalate"
)

// Times of a rung that ends the machine.
const (
	inTurn      = 10 * time.Second // while another is on its way, the next one looks again after this
	confirmTime = 30 * time.Second // the last look takes no longer: else the climb looks again
	seenEvery   = time.Hour        // how often the clock of the ledger is saved while it remembers something
)

// State is what is remembered. The zero value has taken no rung and can carry out none.
type State struct {
	Ledger escalate.Ledger
	Means  map[string]string // by rung that was made ready: why it cannot be carried out, or empty
	Token  int               // of the record, or of the act, under way

	reports []escalate.Report // of the last start, not reported yet
	seenAt  time.Duration     // when the ledger's clock was brought up to date
	ending  *ending
}

// ending is a rung in progress.
type ending struct {
	ladder string
	rung   string
	reason string
	before escalate.Ledger // in force again if nothing is done
	stage  stage
	need   map[string]bool // of confirming: whose look is awaited
	asked  time.Duration   // of confirming: when the looks were asked for
}

type stage int

const (
	recording  stage = iota // that it is taken is brought to the disk
	confirming              // the last look
	acting                  // the machine ends, or the act returns
)

// Env is what it has to know of the world at the moment of an event.
type Env struct {
	Moment escalate.Moment
	Limit  escalate.RebootLimit
	Ladder *Ladder // the one whose rung is on its way; nil: it is gone, or there is none
}

// Ladder is what it has to know of the ladder whose rung is on its way.
type Ladder struct {
	Acting   bool     // it waits for the rung
	Free     bool     // nothing halts it, and nothing is done to what it is about
	Required []string // who must be up for it to end
	Wanted   bool     // the reason for the rung still exists
}

// Asked is the ladder whose rung is on its way, or empty.
func (s *State) Asked() string {
	if s.ending == nil {
		return ""
	}
	return s.ending.ladder
}

// Begun is the rung that is being carried out, or empty.
func (s *State) Begun() string {
	if s.ending == nil || s.ending.stage != acting {
		return ""
	}
	return s.ending.rung
}

// Idle reports whether no rung is in progress, or one that is being carried out.
func (s *State) Idle() bool { return s.ending == nil || s.ending.stage == acting }

// Awaits reports whether the last look waits for one at a process that began at a time.
func (s *State) Awaits(name string, began time.Duration) bool {
	e := s.ending
	return e != nil && e.stage == confirming && e.need[name] && began >= e.asked
}

// Wake is when something is due, or 0.
func (s *State) Wake() time.Duration {
	var wake time.Duration
	if !s.Ledger.Empty() {
		wake = s.seenAt + seenEvery
	}
	if e := s.ending; e != nil && e.stage == confirming && (wake == 0 || e.asked+confirmTime < wake) {
		wake = e.asked + confirmTime
	}
	return wake
}

// Kept is the ledger as it is saved, or nil if there is nothing to remember.
func (s *State) Kept() any {
	if s.Ledger.Empty() {
		return nil
	}
	return s.Ledger
}

// Reports returns what happened to the rungs that an earlier daemon took, once.
func (s *State) Reports() []escalate.Report {
	out := s.reports
	s.reports = nil
	return out
}
