package life

import (
	"strings"
	"time"

	"procward/internal/engine/signs"
	"procward/internal/message"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// stalled is what is known of the stall of a process, from the first bad sign until all
// signs are ok again, or none of the processes is left that it concerned.
type stalled struct {
	ids  map[procscan.ID]bool // tracked when it began
	sign watch.SignChange     // the first one, of the round in which it began
	told bool                 // looked at, and reported
	old  bool                 // an earlier daemon saw it, and no sign is bad yet in this one
}

// health is what the signs show.
type health struct {
	Signs signs.Attention
	stall *stalled // while it is stalled, as far as they show
}

// Stalled reports whether it is there and does not work, as far as the signs show.
func (l *Life) Stalled() bool {
	if l.stall == nil {
		return false
	}
	for id := range l.tracked {
		if l.stall.ids[id] {
			return true
		}
	}
	return false
}

// stale reports whether its stall is known only from an earlier daemon: it may work again
// since, so nothing is done about it until a sign is bad again.
func (l *Life) stale() bool { return l.Stalled() && l.stall.old }

// Unclear reports whether its state is not known yet: its evidence is being taken, or a
// stall that an earlier daemon has seen is judged again.
func (l *Life) Unclear() bool { return l.evidence != 0 || l.stale() }

// StallInWords says why it is stalled, or is empty.
func (l *Life) StallInWords() string {
	if !l.Stalled() {
		return ""
	}
	return signs.InWords(l.stall.sign)
}

// healed reports whether the stall is over: nothing is bad any more and, if the signs are
// watched from the beginning since, what was bad is ok and every probe is.
func (l *health) healed(checks []probe.Check) bool {
	switch {
	case l.Signs.Bad():
		return false
	case l.Signs.Given.Round == l.stall.sign.Round:
		return true
	}
	return len(l.untold(checks)) == 0 && l.Signs.Of(l.stall.sign.Name).Verdict == watch.OK
}

// untold is the probes that have not reported yet that all is well.
func (l *health) untold(checks []probe.Check) []string {
	var out []string
	for i, name := range probe.Names(checks) {
		if v := l.Signs.Of(name).Verdict; checks[i].Action != watch.ActReport && v != watch.OK {
			out = append(out, name)
		}
	}
	return out
}

// unproved is the probe that a recovery waits for, or empty, and until when it waits at
// most. A probe that fails decides by itself; one without a result does not delay the
// recovery for ever.
func (l *health) unproved(checks []probe.Check, now time.Duration) (why string, until time.Duration) {
	for i, name := range probe.Names(checks) {
		verdict := l.Signs.Of(name).Verdict
		patience := l.Signs.Since + signs.Longest(checks[i])
		if checks[i].Action == watch.ActReport || verdict == watch.OK ||
			(verdict == watch.Pending || verdict == watch.Blind) && now >= patience {
			continue
		}
		if why == "" {
			why = "the probe " + name + " to succeed"
		}
		until = max(until, patience)
	}
	return why, until
}

// ailing is a turn that concerns its signs.
type ailing struct{ *turn }

// sign takes a verdict that has changed.
func (t *ailing) sign(s watch.SignChange) {
	about := func(m *message.Message) { signs.About(s, m) }
	if s.Slow {
		t.say(message.ProbeSlow, about)
		return
	}
	known := t.Stalled()
	old := t.Signs.Take(s)
	if kind := signs.Kind(old, s, known); kind != nil && !t.Signs.Passing(old, s) {
		t.say(kind, about)
	}
	switch {
	case s.Report && t.stale() && t.stall.sign.Name == s.Name:
		t.unstall() // meanwhile it is only reported
	case s.Report:
	case s.Verdict == watch.Bad && known:
		t.stillBad()
	case s.Verdict == watch.Bad:
		t.suspect(s)
	case s.Verdict == watch.OK && known && t.healed(t.Spec.Checks()):
		t.unstall()
	}
	if at, is := t.at.(*settling); is && at.settled <= t.Now {
		t.prove(at)
	}
}

// stillBad takes a sign that shows that a stall of an earlier daemon goes on.
func (t *ailing) stillBad() {
	if t.stall.old {
		t.stall.old = false
		t.do(Cleared{})
	}
}

// suspect takes the first bad sign: before anything is decided there is a look, because
// the operator may be in charge of the unit.
func (t *ailing) suspect(s watch.SignChange) {
	t.stall = &stalled{ids: map[procscan.ID]bool{}, sign: s}
	for id := range t.tracked {
		t.stall.ids[id] = true
	}
	switch t.State() {
	case Up, Settling:
		t.enter(&looking{attempt: *t.attempt()})
		t.look()
	case Unknown:
		if why := t.quiet(); why != "" {
			t.sayStall("suspended: " + why)
		}
	}
}

// unstall forgets a stall: the process works again, or is judged from the beginning. A
// look then finds it well. An older look decides nothing.
func (t *ailing) unstall() {
	if t.stall == nil {
		return
	}
	t.stall = nil
	if _, held := t.at.(*inHand); held || len(t.tracked) == 0 {
		return
	}
	switch t.State() {
	case Up, Settling:
	default:
		t.newest.at = 0
		t.look()
	}
}

// stalled is a stall without doubt: the evidence is taken at once, and the policy is
// asked.
func (t *ailing) stalled() {
	s := t.stall.sign
	why := signs.InWords(s)
	t.event, t.died, t.lastDown, t.cause, t.lastCause = "stall", s.At, s.At, watch.Cause{}, why
	t.stall.told = true
	t.stalledAt, t.stalledPID = s.At, s.PID
	if t.stalledPID == 0 {
		t.stalledPID = t.firstPID()
	}
	t.sayStall("")
	if !t.Observe && t.evidence == 0 {
		t.evidence = t.Token()
		t.do(TakeEvidence{Token: t.evidence, Sign: s.Name, Why: why, IDs: t.Tracks()})
	}
	if t.attempt().number > 0 {
		(&trial{t.turn}).failed(why)
		return
	}
	t.plan(restart.Down)
}

// sayStall reports the sign that made the stall.
func (t *ailing) sayStall(besides string) {
	t.say(message.Stall, func(s *message.Message) {
		signs.About(t.stall.sign, s)
		if s.PID == 0 {
			s.PID = t.firstPID()
		}
		if besides != "" {
			s.Detail = strings.TrimPrefix(s.Detail+"; "+besides, "; ")
		}
	})
}

// attend fits what is watched to the present state of the process.
func (t *ailing) attend() {
	signed := t.Spec.Stall != nil || t.Spec.Limits != (vital.Limits{})
	switch {
	case !signed:
		t.signs(t.Signs.Leave(t.Name))
		t.unstall()
		return
	case !t.attended():
		t.signs(t.Signs.Later(t.Name, t.Spec.Checks(), t.Now, t.Round))
		return
	}
	round := t.Signs.Given.Round
	t.signs(t.Signs.Watch(signs.Watch{Target: t.Name, IDs: t.Tracks(), Checks: t.Spec.Checks(), Vital: t.Spec.Vital()}, t.Now, t.Round))
	if round != 0 && round != t.Signs.Given.Round {
		t.unstall() // it is judged from the beginning
	}
}

func (t *ailing) signs(commands []signs.Command) {
	for _, c := range commands {
		t.do(Signs{c})
	}
}

// attended reports whether the signs of the process must be watched: while it is up, and
// while it is stalled, because it may begin to work again by itself. Members that a group
// operation has taken are not watched.
func (t *ailing) attended() bool {
	if _, held := t.at.(*inHand); held || len(t.tracked) == 0 {
		return false
	}
	switch t.State() {
	case Up, Settling:
		return true
	case Looking, Unclear, Unknown:
		return t.Signs.On()
	}
	return t.Stalled()
}

// HasSigns reports whether something is watched of it, or may have to be.
func (l *Life) HasSigns() bool {
	return l.Signs.Known() || l.Spec.Stall != nil || l.Spec.Limits != (vital.Limits{})
}
