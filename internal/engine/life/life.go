// Package life is the life of one process entry: from the first look at it, through
// deaths, looks, restarts and recoveries, until nothing more is done about it. A Life is
// a small machine: Next takes an event and what it has to know of the world at that
// moment, and returns what it wants done. It knows no ladder, no operation and no
// monitor.
package life

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
)

// Intervals of the looks for arrivals. Nothing else is ever polled.
const (
	LookMissing = 10 * time.Second       // while something is below count.min
	lookExcess  = 60 * time.Second       // where count.max or select: all is used
	lookFirst   = 10 * time.Millisecond  // after a restart began, doubled up to
	lookLast    = time.Second            //
	freshLook   = 100 * time.Millisecond // a look that ended longer ago is repeated before a script runs
	causeMoment = 5 * time.Millisecond   // after a death its cause is waited for this long,
	causeWait   = time.Second            // and where the policy is when: abnormal this long
	graceLost   = time.Second            // after a loss, for a successor that is on its way to show
)

// Life is what is known of one entry under processes:.
type Life struct {
	Name    string
	Spec    confd.Process
	History restart.History
	digest  string // of the match

	at    standing
	waits string // what it waits for in that state, in words
	pace         // of the looks in it

	crowd
	outage
	health
	remains remains
	surplus surplus
	newest  look
	unit    unit

	stopped, suspended string // by the operator: who
	lastCause          string
	lastDown           time.Duration
	rivals             map[string]bool // the supervisors that were reported to restart it as well
	evidence           int             // token of the evidence that is being taken, or 0
	hanging            int             // token of a script of an earlier attempt that still runs, or 0
}

// crowd is the processes that are there.
type crowd struct {
	tracked    map[procscan.ID]procscan.Process
	traits     map[procscan.ID]succession.Traits // of what is tracked
	unreadable map[procscan.ID]bool              // in doubt since it was last up: no news
	roots      int                               // how many were there when all was well
	counting   bool                              // the next look compares that
	rematch    bool                              // the match has changed: the next look decides who is tracked
}

// surplus says that there are more than count.max.
type surplus struct {
	told    bool
	since   time.Duration // or 0
	endured bool          // nothing more is done about it
}

// look is what is remembered of the newest look.
type look struct {
	at      time.Duration // when it ended, if it showed something of it
	blind   bool          // it showed nothing
	changed time.Duration // a look that began before this is too old to miss it
	odd     time.Duration // since when a tracked process is not there and others are, or 0
}

// unit is what is known of the systemd unit.
type unit struct {
	name     string        // as found or configured
	stopped  bool          // procward has stopped it, and it was not up since
	forgiven bool          // the same, by an earlier daemon
	heralded time.Duration // until when it is looked for often, because it was perhaps started
}

// pace is when it is looked for next, quickly at first and then less often.
type pace struct {
	next time.Duration // or 0
	step time.Duration
}

func (p *pace) soon(now time.Duration) {
	if p.step == 0 {
		p.step = lookFirst
	}
	p.next = now + p.step
	p.step = min(2*p.step, lookLast)
}

// New is the life of an entry that has come into the configuration. hanging is the token of a
// script that still runs for an earlier entry of that name, or 0.
func New(name string, spec confd.Process, hanging int) Life {
	return Life{Name: name, Spec: spec, digest: digest(spec.Match), hanging: hanging, at: &unknown{}, unit: unit{name: configuredUnit(spec)},
		crowd: crowd{tracked: map[procscan.ID]procscan.Process{}, traits: map[procscan.ID]succession.Traits{}, unreadable: map[procscan.ID]bool{}}}
}

// configuredUnit is the unit that a spec names, until the process itself shows it.
func configuredUnit(spec confd.Process) string {
	for _, u := range []string{spec.Restart.Unit, spec.Match.Unit} {
		if strings.HasSuffix(u, ".service") && !strings.Contains(u, "/") {
			return u
		}
	}
	return ""
}

// digest identifies a match.
func digest(match procscan.Match) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%+v", match)
	return fmt.Sprintf("%016x", h.Sum64())
}

// State is where it stands, in one word.
func (l *Life) State() State { return l.at.word() }

// Enough reports whether count.min are there.
func (l *Life) Enough() bool { return len(l.tracked) >= l.Spec.Match.Count.Min }

// Well reports whether enough are there, and work as far as the signs show.
func (l *Life) Well() bool { return l.Enough() && !l.Stalled() }

// over reports whether more are there than count.max.
func (l *Life) over() bool {
	limit := l.Spec.Match.Count.Max
	return !limit.Unlimited && len(l.tracked) > limit.N
}

// Startable reports whether there is a way to start it again once it is stopped.
func (l *Life) Startable() bool { return l.Spec.Restart.Run != nil || l.Spec.Restart.Unit != "" }

// Tracks is the tracked IDs by PID.
func (c *crowd) Tracks() []procscan.ID {
	ids := make([]procscan.ID, 0, len(c.tracked))
	for id := range c.tracked {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b procscan.ID) int { return a.PID - b.PID })
	return ids
}

// remember takes traits of a tracked process.
func (c *crowd) remember(e Remembered) {
	old, now := c.traits[e.ID], e.Traits
	if len(now.Serves) == 0 && now.Layout.Same(old.Layout) { // it closes its sockets to finish its work: it served there
		now.Serves = old.Serves
	}
	if _, tracked := c.tracked[e.ID]; tracked && !old.Equal(now) {
		c.traits[e.ID] = now
	}
}

// Tracked is a tracked process.
func (c *crowd) Tracked(id procscan.ID) (procscan.Process, bool) {
	p, is := c.tracked[id]
	return p, is
}

// firstPID is the lowest that is tracked, or 0.
func (c *crowd) firstPID() int {
	if ids := c.Tracks(); len(ids) > 0 {
		return ids[0].PID
	}
	return 0
}

// Required reports whether a climb does not end before it is up.
func (l *Life) Required() bool {
	switch l.State() {
	case Absent, Stopped, Ended, Final, Held:
		return false
	}
	return l.suspended == ""
}

// LeftAlone reports whether the process is down because it or somebody else wants it so,
// or because it need not be there: a group operation does not start it.
func (l *Life) LeftAlone() bool {
	switch l.State() {
	case Stopped, Handed, Ended, Final, Absent:
		return true
	}
	return l.suspended != "" || l.stopped != ""
}

// interruptible reports whether a suspension may forget what was in progress: nothing
// runs, the process is not up, no loss has to be reported, and it did not end for good.
func (l *Life) interruptible() bool {
	switch s := l.at.(type) {
	case *unclear:
		return l.event == "" || s.of.word() == Waiting // a restart that was due may be forgotten
	case *inHand, *settling, *looking, *final:
		return false
	}
	switch l.State() {
	case Up, Ended:
		return false
	}
	return l.attempt().token == 0
}

// Killing says how the process is ended by a stop that starts nothing after it, if `kill:
// never` has no script to do it.
func (l *Life) Killing() restart.Kill {
	if l.Spec.Restart.Kill.Never {
		return restart.DefaultSpec().Kill
	}
	return l.Spec.Restart.Kill
}

// Ready is since when its restart is due and waits for its turn.
func (l *Life) Ready(now time.Duration) (since time.Duration, yes bool) {
	w, waits := l.at.(*waiting)
	due := waits && w.due != 0 && w.due <= now
	ready := l.attempt().ready
	if due {
		return max(w.due, ready), true
	}
	return ready, ready != 0
}

// Wake is when the process has something to do, or 0. A restart that is due waits in the
// line, and for nothing else.
func (l *Life) Wake(now time.Duration) time.Duration {
	due := l.due()
	if l.State() == Waiting && due <= now {
		due = 0
	}
	return earliest(l.next, due, l.reminds())
}

// reminds is when a final end is said again, or 0.
func (l *Life) reminds() time.Duration {
	if f, is := l.at.(*final); is {
		return f.remindAt
	}
	return 0
}

// earliest is the earliest of times of which 0 is none.
func earliest(times ...time.Duration) time.Duration {
	var first time.Duration
	for _, t := range times {
		if t != 0 && (first == 0 || t < first) {
			first = t
		}
	}
	return first
}
