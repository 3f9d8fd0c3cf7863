package rehearse

import (
	"slices"
	"time"

	"procward/internal/engine"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// signs is the watchers. In a new round each check is ok after its start-delay, or, where
// the target is ill, bad after its failures; passive signs are at once.
type signs struct {
	attended map[string]engine.Attend            // by target
	rests    map[string]bool                     // targets that are not attended for a while
	Ill      map[string]string                   // why a check fails, by target/sign
	Mute     map[string]bool                     // a check tells nothing, by target/sign
	Verdicts map[string]map[string]watch.Verdict // of the present rounds, by target and sign

	Fails         func(probe.Check) time.Duration // from the first failure until it is bad; nil: as soon as its failures allow
	EvidenceTakes time.Duration
	Taken         []string // of which targets evidence was taken
}

func newSigns() signs {
	return signs{attended: map[string]engine.Attend{}, rests: map[string]bool{}, Ill: map[string]string{}, Mute: map[string]bool{},
		Verdicts: map[string]map[string]watch.Verdict{}, EvidenceTakes: 10 * time.Millisecond}
}

// passiveFails is how long a passive sign fails before it is bad.
const passiveFails = 5 * time.Second

func (w *World) attend(a engine.Attend) {
	old := w.attended[a.Target]
	w.attended[a.Target] = a
	if old.Round > a.Round {
		w.fail("the round of %s goes back from %d to %d", a.Target, old.Round, a.Round)
	}
	if old.Round == a.Round {
		return
	}
	w.Verdicts[a.Target] = map[string]watch.Verdict{}
	for i, name := range probe.Names(a.Checks) {
		w.judge(a, name, a.Checks[i].StartDelay.D())
	}
	for _, name := range vital.Names(a.Vital) {
		w.judge(a, name, 0)
	}
}

// judge lets a sign of a new round be ok, or begin to fail.
func (w *World) judge(a engine.Attend, name string, delay time.Duration) {
	w.At(delay+time.Millisecond, func() {
		key := a.Target + "/" + name
		switch {
		case w.Mute[key]:
		case w.Ill[key] == "":
			w.Tell(a.Target, a.Round, name, watch.OK, "")
		default:
			w.failing(a.Target, a.Round, name)
		}
	})
}

func (w *World) unattend(e engine.Unattend) {
	if w.attended[e.Target].Round == 0 && !w.rests[e.Target] {
		w.fail("%s was not attended", e.Target)
	}
	delete(w.attended, e.Target)
	w.rests[e.Target] = e.Stays
}

// Attended is how a target is watched at this moment, and whether it is.
func (w *World) Attended(target string) (engine.Attend, bool) {
	a, is := w.attended[target]
	return a, is
}

// Tell brings a verdict, unless the round is over.
func (w *World) Tell(target string, round int, name string, v watch.Verdict, text string) {
	a, on := w.attended[target]
	if !on || a.Round != round {
		return
	}
	report := false
	for i, n := range probe.Names(a.Checks) {
		report = report || n == name && a.Checks[i].Action == watch.ActReport
	}
	w.Verdicts[target][name] = v
	w.Step(engine.Sensed{Signs: []watch.Sign{{Target: target, Round: round, Name: name, Verdict: v, Text: text, Report: report, At: w.Now}}})
}

// failing is a sign that fails until it is bad, or the target is well again.
func (w *World) failing(target string, round int, name string) {
	key := target + "/" + name
	w.Tell(target, round, name, watch.Failing, w.Ill[key])
	bad := func() {
		if w.Ill[key] != "" {
			w.Tell(target, round, name, watch.Bad, w.Ill[key])
		}
	}
	if slices.Contains(vital.Names(w.attended[target].Vital), name) {
		w.At(passiveFails, bad)
		return
	}
	for i, n := range probe.Names(w.attended[target].Checks) {
		if n == name {
			w.At(w.fails(w.attended[target].Checks[i]), bad)
		}
	}
}

func (w *World) fails(c probe.Check) time.Duration {
	if w.Fails != nil {
		return w.Fails(c)
	}
	return time.Duration(max(c.Failures.N-1, 0)) * c.Interval.D()
}

// Sicken lets a sign of a target fail from now on.
func (w *World) Sicken(target, name, why string) {
	w.Ill[target+"/"+name] = why
	w.failing(target, w.attended[target].Round, name)
}

// Cure lets a sign of a target be well from now on.
func (w *World) Cure(target, name string) {
	delete(w.Ill, target+"/"+name)
	w.Tell(target, w.attended[target].Round, name, watch.OK, "")
}
