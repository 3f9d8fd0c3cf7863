package watch

import (
	"time"

	"procward/internal/scalar"
)

// Verdict is what is known of one sign of a stall, in one word.
type Verdict string

// The verdicts. The zero value is Pending.
const (
	Pending Verdict = ""        // nothing is known since the watching began
	OK      Verdict = "ok"      // the checks succeed often enough, or the limit is kept
	Failing Verdict = "failing" // it was ok and fails now, but not yet often or long enough
	Bad     Verdict = "bad"     // it failed often enough, or for its whole time
	Blind   Verdict = "unknown" // not possible to tell: neither a failure nor a success
)

// SignChange reports that the verdict on one sign of a stall has changed: of a probe, a passive
// sign or a limit.
type SignChange struct {
	Target  string        // the process or monitor that it belongs to
	Round   int           // as given when the watching began: an older one is out of date
	Name    string        // of the sign, unique for its target: "http", "stopped", "rss"
	Verdict Verdict       // the new one
	Report  bool          // action: report: only a message, nothing is done
	Slow    bool          // the verdict has not changed, but a check took more than 80 % of its timeout
	PID     int           // of the process, if the sign belongs to a single one; or 0
	Text    string        // in words, for the message: "status 500 instead of 200"
	Output  string        // of an exec probe: what it wrote
	Took    time.Duration // of the check, or how long it has lasted
	At      time.Duration // CLOCK_BOOTTIME when it was known
}

// Action says what follows when a sign is bad.
type Action string

// The choices of Action.
const (
	ActRestart Action = "restart" // default: a stall, and the restart policy
	ActReport  Action = "report"  // a message only
)

// Validate returns an error unless it is one of the choices; it is the scalar.KeyError of
// a key action.
func (a Action) Validate() error {
	if a == ActRestart || a == ActReport {
		return nil
	}
	return scalar.Errorf("action", "%q is not known: write restart or report", string(a))
}
