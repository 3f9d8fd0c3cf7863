package escalate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"procward/internal/scalar"
)

// RebootLimit is the reboot breaker: how many rungs that end the operating system
// (shutdown, reboot, panic, watchdog-reset, watchdog-panic) are allowed, over reboots.
//
// The window is running time of the machine, counted by the Ledger on CLOCK_BOOTTIME;
// time while the machine was off does not count. Only the wall clock knows that time, and
// a wall clock can be wrong by a day just when it matters: before NTP, or with an empty
// RTC battery. Running time is never longer than true time, so there are never more than
// Count such rungs in any Window of true time, whatever the wall clock does. The price is
// that a machine that was off for a day still remembers.
type RebootLimit struct {
	// how many such rungs are allowed, from 0; then they are refused
	Count int `yaml:"count"`
	// within this running time of the machine; time while it is off does not count
	Window scalar.Duration `yaml:"window"`
	// before the machine has been up so long no such rung runs; `0s`: at once
	MinUptime scalar.Duration `yaml:"min-uptime"`
}

// DefaultRebootLimit returns a RebootLimit with its defaults. The minimum uptime leaves
// an operator ten minutes after each boot to log in and suspend.
func DefaultRebootLimit() RebootLimit {
	return RebootLimit{Count: 3, Window: scalar.Duration(24 * time.Hour), MinUptime: scalar.Duration(10 * time.Minute)}
}

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (r RebootLimit) Validate() error {
	var errs []error
	if r.Count < 0 {
		errs = append(errs, scalar.Errorf("count", "%d is below 0", r.Count))
	}
	if r.Window <= 0 {
		errs = append(errs, scalar.Errorf("window", "must be above 0s"))
	}
	if r.MinUptime < 0 {
		errs = append(errs, scalar.Errorf("min-uptime", "is below 0s"))
	}
	if r.Window > 0 && r.Count > 0 && r.MinUptime >= r.Window/scalar.Duration(r.Count) {
		errs = append(errs, scalar.Errorf("min-uptime", "%v, %d times, does not fit into the window of %v: the limit would never be spent, and the machine could reboot for ever", r.MinUptime, r.Count, r.Window))
	}
	return errors.Join(errs...)
}

// Answer is the breaker's yes or no. The zero value is no.
type Answer int

// The answers of RebootLimit.Ask.
const (
	Refuse Answer = iota // refused; the ladder goes on
	Allow                // allowed, but only after the new ledger was saved
	Later                // not before Verdict.At, because the machine has only just booted
)

// Verdict is an answer with its reason.
type Verdict struct {
	Answer Answer
	Why    string        // in words, of Refuse and Later
	At     time.Duration // of Later: the uptime (CLOCK_BOOTTIME) at which to look and ask again
}

// Ask decides whether a rung that ends the system may run now, and returns the ledger
// after that. With Allow the rung is in it as asked and counts: it must be saved durably
// before the act. If it cannot be saved the rung must not run, and the ledger that was
// passed in stays the one in use. A rung counts whether or not it then happens.
func (r RebootLimit) Ask(l Ledger, rung, reason string, now Moment) (Ledger, Verdict) {
	l, _ = l.Opened(now)
	used := l.counted(r.Window.D())
	switch {
	case now.Boot == "":
		return l, Verdict{Why: "the boot id cannot be read, so the rungs that were taken before cannot be counted"}
	case r.Count <= 0:
		return l, Verdict{Why: "reboot-limit.count is 0"}
	case r.lost(l) > 0:
		return l, Verdict{Why: fmt.Sprintf("what counts for reboot-limit is not known (%s), so it is taken for spent; the next is allowed after %v more of running time, or after `procward recover --all`",
			l.Lost.Why, scalar.Duration(r.lost(l)).Rounded())}
	case len(used) >= r.Count:
		return l, Verdict{Why: r.spent(l, used)}
	case now.Uptime < r.MinUptime.D():
		return l, Verdict{Answer: Later, At: r.MinUptime.D(),
			Why: fmt.Sprintf("the machine is up for less than reboot-limit.min-uptime, %v", r.MinUptime)}
	}
	e := Entry{Rung: rung, Reason: reason, Wall: now.Wall, Boot: now.Boot, Uptime: now.Uptime, Ran: l.Ran}
	l.Entries, l.Lost = append(l.trimmed(r), e), nil
	return l, Verdict{Answer: Allow}
}

// lost is the running time until the unknown no longer counts.
func (r RebootLimit) lost(l Ledger) time.Duration {
	if l.Lost == nil {
		return 0
	}
	return max(r.Window.D()-(l.Ran-l.Lost.Ran), 0)
}

// spent says why no rung is left, and until when.
func (r RebootLimit) spent(l Ledger, used []Entry) string {
	var list []string
	for _, e := range used[len(used)-min(len(used), 5):] {
		list = append(list, e.Rung+" at "+e.Wall.Format(time.RFC3339))
	}
	return fmt.Sprintf("reboot-limit is spent: %d of %d in %v (the last: %s); the next is allowed after %v more of running time, or after `procward recover --all`",
		len(used), r.Count, r.Window, strings.Join(list, ", "), scalar.Duration(r.free(l, used)).Rounded())
}

// free is the running time until a rung is allowed again.
func (r RebootLimit) free(l Ledger, used []Entry) time.Duration {
	if r.Count <= 0 || len(used) < r.Count {
		return 0
	}
	return r.Window.D() - (l.Ran - used[len(used)-r.Count].Ran)
}

// Standing is how much of the limit is used, to show it.
type Standing struct {
	Used []Entry       // those that count now, oldest first
	Free time.Duration // running time until a rung is allowed again; 0 if one is left, or none ever is
	Lost string        // why it is not known what counts; empty if it is known
}

// Standing is how much of the limit is used.
func (r RebootLimit) Standing(l Ledger, now Moment) Standing {
	l = l.Seen(now)
	used := l.counted(r.Window.D())
	s := Standing{Used: used, Free: max(r.free(l, used), r.lost(l))}
	if r.lost(l) > 0 {
		s.Lost = l.Lost.Why
	}
	return s
}
