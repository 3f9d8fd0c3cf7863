package escalate

import (
	"slices"
	"time"
)

// Moment is a point in time in the form that the breaker needs.
type Moment struct {
	Boot   string        // /proc/sys/kernel/random/boot_id; empty if it cannot be read
	Uptime time.Duration // CLOCK_BOOTTIME: since the boot, sleep included
	Wall   time.Time     // only to show
}

// Outcome is what is known of a rung that was allowed.
type Outcome string

// The outcomes. The zero value is Asked.
const (
	Asked    Outcome = ""         // recorded, and perhaps carried out
	Happened Outcome = "happened" // a boot followed it
	Missed   Outcome = "missed"   // the same boot goes on
)

// Entry is one rung that was allowed.
type Entry struct {
	Rung    string        `json:"rung"`
	Reason  string        `json:"reason,omitempty"`
	Wall    time.Time     `json:"wall"`
	Boot    string        `json:"boot"`
	Uptime  time.Duration `json:"uptime"` // CLOCK_BOOTTIME when it was asked
	Ran     time.Duration `json:"ran"`    // on the ledger's own clock
	Outcome Outcome       `json:"outcome,omitempty"`
}

// Ledger is what the breaker remembers over reboots. It is a value: its methods do not
// change it and return another one. The zero value is that of a new machine.
//
// It has a clock of its own: the sum of the running time (CLOCK_BOOTTIME) that was seen
// in each boot. That clock never steps and is never faster than true time. It loses the
// time at the end of a boot after the last save; this makes the breaker only stricter.
// While the ledger has entries it is saved once an hour, which keeps the loss small.
type Ledger struct {
	Ran     time.Duration `json:"ran"`              // the clock when last seen
	Boot    string        `json:"boot,omitempty"`   // the boot in which that was
	Uptime  time.Duration `json:"uptime,omitempty"` // and its CLOCK_BOOTTIME
	Entries []Entry       `json:"entries,omitempty"`
	Lost    *Lost         `json:"lost,omitempty"` // what was known before is lost, at least a part of it
}

// Lost means that rungs may have been taken that the ledger does not know. It counts like
// a limit that is used up, for one whole window: a machine must not end again and again
// because it cannot remember.
type Lost struct {
	Why string        `json:"why"`
	Ran time.Duration `json:"ran"` // on the ledger's own clock, when it was found out
}

// Forgot is for a ledger that could not be read, or may be out of date.
func (l Ledger) Forgot(now Moment, why string) Ledger {
	l = l.Seen(now)
	l.Lost = &Lost{Why: why, Ran: l.Ran}
	return l
}

// Empty reports whether there is nothing to remember.
func (l Ledger) Empty() bool { return len(l.Entries) == 0 && l.Lost == nil }

// keep is how many entries stay to be shown after they no longer count.
const keep = 20

// Seen moves the ledger's clock to now. If the boot has changed, the new one has run for
// its whole uptime.
func (l Ledger) Seen(now Moment) Ledger {
	gain := now.Uptime
	if now.Boot == l.Boot {
		gain -= l.Uptime
	}
	if now.Boot == "" || now.Boot == l.Boot && gain <= 0 {
		return l
	}
	l.Ran, l.Boot, l.Uptime = l.Ran+max(gain, 0), now.Boot, now.Uptime
	return l
}

// Opened is called at the start of the daemon: it decides whether a rung that was asked
// for has happened, and reports it. In another boot it has; in the same boot it has not,
// because otherwise the daemon would not start. Without a boot id nothing is decided.
func (l Ledger) Opened(now Moment) (Ledger, []Report) {
	l = l.Seen(now)
	var reports []Report
	for i, e := range l.Entries {
		if e.Outcome != Asked || now.Boot == "" {
			continue
		}
		if reports == nil {
			l.Entries = slices.Clone(l.Entries)
		}
		e.Outcome = Missed
		if e.Boot != now.Boot {
			e.Outcome = Happened
		}
		l.Entries[i] = e
		reports = append(reports, Report{e})
	}
	return l, reports
}

// Failed is called when an act returned: what was asked for in this boot has not
// happened.
func (l Ledger) Failed(now Moment) Ledger {
	l, _ = l.Opened(now)
	return l
}

// Clear is for the operator's recover: nothing counts any more.
func (l Ledger) Clear() Ledger {
	l.Entries, l.Lost = nil, nil
	return l
}

// Report is a rung of which it is known now whether it happened.
type Report struct{ Entry }

// String says when and why the rung was asked for: "asked for at …: group web: httpd is down".
func (r Report) String() string {
	s := "asked for at " + r.Wall.Format(time.RFC3339)
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	return s
}

// counted returns the entries within the window, oldest first. An entry in the future
// counts.
func (l Ledger) counted(window time.Duration) []Entry {
	var out []Entry
	for _, e := range l.Entries {
		if l.Ran-e.Ran < window {
			out = append(out, e)
		}
	}
	return out
}

// trimmed is the entries without old ones that no longer count, as a new slice.
func (l Ledger) trimmed(r RebootLimit) []Entry {
	old := len(l.Entries) - max(keep, r.Count)
	var out []Entry
	for i, e := range l.Entries {
		if i > old || l.Ran-e.Ran < r.Window.D() {
			out = append(out, e)
		}
	}
	return out
}
