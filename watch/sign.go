package watch

import (
	"time"

	"procward/internal/scalar"
)

// Verdict is what is known of one sign of a stall, in one word.
type Verdict string

// The verdicts. The zero value is Pending.
const (
	Pending Verdict = ""        // nothing is known since it was watched afresh
	OK      Verdict = "ok"      // the checks succeed often enough, the limit is kept
	Failing Verdict = "failing" // it was ok, and fails now: not yet often or long enough
	Bad     Verdict = "bad"     // it failed often enough, or was held for its time
	Blind   Verdict = "unknown" // it cannot be told: no failure, and no success
)

// Sign says that the verdict on one sign of a stall has changed: a probe's, a passive
// sign's or a limit's.
type Sign struct {
	Target  string        // the process or monitor that it is a sign of
	Round   int           // as given when it began to be watched: an older one is out of date
	Name    string        // of the sign, unique for its target: "http", "stopped", "rss"
	Verdict Verdict       // the new one
	Report  bool          // action: report: it is told of and nothing is done
	Slow    bool          // the verdict is the old one; a check took over 80 % of its timeout
	PID     int           // whose sign it is, where that is one process's; or 0
	Text    string        // in words, for the message: "status 500 instead of 200"
	Output  string        // of an exec probe: what it wrote
	Took    time.Duration // of the check, or how long it has been held
	At      time.Duration // CLOCK_BOOTTIME when it was known
}

// Action says what follows when a sign is bad.
type Action string

// The choices of Action.
const (
	ActRestart Action = "restart" // default: a stall, and the restart policy
	ActReport  Action = "report"  // a message only
)

// Validate holds for one of the choices; else it is the scalar.KeyError of a key action.
func (a Action) Validate() error {
	if a == ActRestart || a == ActReport {
		return nil
	}
	return scalar.Errorf("action", "%q is not known: write restart or report", string(a))
}
