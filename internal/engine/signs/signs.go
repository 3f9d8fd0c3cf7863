// Package signs is what is known of the signs of one target, a process or a monitor:
// which are watched, and what each has last shown. It knows neither process nor monitor.
package signs

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"procward/internal/message"
	"procward/procscan"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// Attention is what is watched of one target. The zero value watches nothing.
type Attention struct {
	Given  Watch           // in force; its round is 0 while nothing is watched
	Since  time.Duration   // when the round began
	Afresh bool            // the next Watch begins a new round whatever it says
	told   map[string]Sign // of this round, by name
	rests  bool            // it was watched, and will be again
	heard  []probe.Check   // the notify checks whose sockets are there
}

// Sign is one sign of a round.
type Sign struct {
	watch.SignChange               // as it was told last
	Since            time.Duration // when this verdict was first told
	bad              bool          // it was bad, and has not been ok since
}

// Command is an output of an Attention: Watch or Leave.
type Command interface{ command() }

// Watch watches the signs of a target. In a new round everything starts again; the same
// round only updates the IDs and the specs.
type Watch struct {
	Target string
	Round  int
	IDs    []procscan.ID // whose vital signs are read; none for a monitor
	Checks []probe.Check
	Vital  vital.Spec
}

// Leave stops watching the signs of a target.
type Leave struct {
	Target string
	Stays  bool // only for now: the sockets that the program speaks to stay
}

func (Watch) command() {}
func (Leave) command() {}

// On reports whether the target is watched.
func (a *Attention) On() bool { return a.Given.Round != 0 }

// Known reports whether the target is watched, or was and will be again.
func (a *Attention) Known() bool { return a.On() || a.rests }

// Hears reports whether a sign belongs to what is watched now.
func (a *Attention) Hears(s watch.SignChange) bool { return a.On() && a.Given.Round == s.Round }

// Of is what a sign of this round has last shown; the zero value: nothing yet.
func (a *Attention) Of(name string) Sign { return a.told[name] }

// Take remembers a sign and returns the one before it.
func (a *Attention) Take(s watch.SignChange) (old Sign) {
	old = a.told[s.Name]
	a.told[s.Name] = Sign{SignChange: s, Since: s.At, bad: s.Verdict == watch.Bad || old.bad && s.Verdict != watch.OK}
	return old
}

// Bad reports whether a sign which is not only reported is bad.
func (a *Attention) Bad() bool {
	for _, s := range a.told {
		if s.bad && !s.Report {
			return true
		}
	}
	return false
}

// Reported reports whether a sign is bad, even if it has action: report.
func (a *Attention) Reported() bool {
	for _, s := range a.told {
		if s.bad {
			return true
		}
	}
	return false
}

// Verdict is that of a monitor, which has one sign.
func (a *Attention) Verdict() watch.Verdict {
	for _, s := range a.told {
		return s.Verdict
	}
	return watch.Pending
}

// Names is the signs that are watched or have told something, in order.
func (a *Attention) Names() []string {
	all := append(probe.Names(a.Given.Checks), vital.Names(a.Given.Vital)...)
	for name := range a.told {
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Watch watches a target as want says. A new round, numbered by round, begins if the
// specs have changed, or if none of the processes is left that were watched before.
func (a *Attention) Watch(want Watch, now time.Duration, round func() int) []Command {
	want.Round = a.Given.Round
	same := func(id procscan.ID) bool { return slices.Contains(want.IDs, id) }
	switch {
	case !a.On(), a.Afresh, len(a.Given.IDs) > 0 && !slices.ContainsFunc(a.Given.IDs, same),
		!reflect.DeepEqual(a.Given.Checks, want.Checks), !reflect.DeepEqual(a.Given.Vital, want.Vital):
		want.Round = round()
		a.Since, a.told, a.Afresh = now, map[string]Sign{}, false
	case slices.Equal(a.Given.IDs, want.IDs):
		return nil
	}
	a.Given, a.heard = want, notifies(want.Checks)
	return []Command{want}
}

// Later stops watching a target for now. The sockets of its notify checks must exist
// before the program is started that needs them, so they are opened if necessary.
func (a *Attention) Later(target string, checks []probe.Check, now time.Duration, round func() int) (out []Command) {
	if ears := notifies(checks); len(ears) > 0 && !reflect.DeepEqual(a.heard, ears) {
		out = a.Watch(Watch{Target: target, Checks: ears}, now, round)
	}
	if a.On() {
		out = append(out, Leave{Target: target, Stays: true})
		*a = Attention{rests: true, heard: a.heard}
	}
	return out
}

// Leave stops watching a target.
func (a *Attention) Leave(target string) []Command {
	if !a.Known() {
		return nil
	}
	*a = Attention{}
	return []Command{Leave{Target: target}}
}

// notifies is the checks that a program reports to by itself.
func notifies(checks []probe.Check) []probe.Check {
	var out []probe.Check
	for _, c := range checks {
		if c.Does(probe.Listens) {
			out = append(out, c)
		}
	}
	return out
}

// Passing reports whether a sign that is not a probe only begins to fail, or stops
// failing before it was bad: a limit that is exceeded for a moment is not reported.
func (a *Attention) Passing(old Sign, s watch.SignChange) bool {
	if slices.Contains(probe.Names(a.Given.Checks), s.Name) {
		return false
	}
	return s.Verdict == watch.Failing || s.Verdict == watch.OK && old.Verdict == watch.Failing && !old.bad
}

// Kind is the message for a change of a verdict, or nil. A bad sign that makes a stall
// has a message of its own after the look.
func Kind(old Sign, s watch.SignChange, stalled bool) *message.Kind {
	if old.Verdict == s.Verdict {
		return nil
	}
	switch s.Verdict {
	case watch.OK:
		if old.Verdict != watch.Pending {
			return message.ProbeOK
		}
	case watch.Failing:
		return message.ProbeFailed
	case watch.Blind:
		return message.ProbeUnknown
	case watch.Bad:
		if s.Report || stalled {
			return message.ProbeBad
		}
	}
	return nil
}

// About puts the result of a sign into a message.
func About(s watch.SignChange, m *message.Message) {
	m.Probe, m.PID, m.Detail, m.Output, m.Took = s.Name, s.PID, s.Text, s.Output, s.Took
}

// InWords is a sign as the cause of a restart.
func InWords(s watch.SignChange) string {
	return strings.TrimSuffix("stalled: "+s.Name+": "+s.Text, ": ")
}

// Longest is the latest time at which a check has a verdict, if it comes to one.
func Longest(c probe.Check) time.Duration {
	rounds := max(c.Failures.N, c.Failures.Of) + c.Successes + 1
	return c.StartDelay.D() + time.Duration(rounds)*(c.Interval.D()+c.Timeout.D())
}
