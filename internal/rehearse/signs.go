package rehearse

import (
	"slices"
	"time"

	"procward/internal/engine"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// signs is the watchers. In a new round each check is ok after its start-delay, or, if
// the target is ill, bad after its failures; passive signs are so at once.
type signs struct {
	core     *core
	Attended map[string]engine.Attend            // by target: how it is watched at this moment
	rests    map[string]bool                     // targets that are not attended for a while
	Ill      map[string]string                   // why a check fails, by target/sign
	Mute     map[string]bool                     // a check tells nothing, by target/sign
	Verdicts map[string]map[string]watch.Verdict // of the present rounds, by target and sign

	Fails         func(probe.Check) time.Duration // from the first failure until it is bad; nil: as soon as its failures allow
	EvidenceTakes time.Duration
	Taken         []string // of which targets evidence was taken
}

func newSigns(c *core) signs {
	return signs{core: c, Attended: map[string]engine.Attend{}, rests: map[string]bool{}, Ill: map[string]string{}, Mute: map[string]bool{},
		Verdicts: map[string]map[string]watch.Verdict{}, EvidenceTakes: 10 * time.Millisecond}
}

// passiveFails is how long a passive sign fails before it is bad.
const passiveFails = 5 * time.Second

func (s *signs) attend(a engine.Attend) {
	old := s.Attended[a.Target]
	s.Attended[a.Target] = a
	if old.Round > a.Round {
		s.core.fail("the round of %s goes back from %d to %d", a.Target, old.Round, a.Round)
	}
	if old.Round == a.Round {
		return
	}
	s.Verdicts[a.Target] = map[string]watch.Verdict{}
	for i, name := range probe.Names(a.Checks) {
		s.judge(a, name, a.Checks[i].StartDelay.D())
	}
	for _, name := range vital.Names(a.Vital) {
		s.judge(a, name, 0)
	}
}

// judge lets a sign of a new round be ok, or begin to fail.
func (s *signs) judge(a engine.Attend, name string, delay time.Duration) {
	s.core.At(delay+time.Millisecond, func() {
		key := a.Target + "/" + name
		switch {
		case s.Mute[key]:
		case s.Ill[key] == "":
			s.Tell(a.Target, a.Round, name, watch.OK, "")
		default:
			s.Failing(a.Target, a.Round, name)
		}
	})
}

func (s *signs) unattend(e engine.Unattend) {
	if s.Attended[e.Target].Round == 0 && !s.rests[e.Target] {
		s.core.fail("%s was not attended", e.Target)
	}
	delete(s.Attended, e.Target)
	s.rests[e.Target] = e.Stays
}

// Tell brings a verdict, unless the round is over.
func (s *signs) Tell(target string, round int, name string, v watch.Verdict, text string) {
	a, on := s.Attended[target]
	if !on || a.Round != round {
		return
	}
	report := false
	for i, n := range probe.Names(a.Checks) {
		report = report || n == name && a.Checks[i].Action == watch.ActReport
	}
	s.Verdicts[target][name] = v
	s.core.Step(engine.Sensed{Signs: []watch.SignChange{{Target: target, Round: round, Name: name, Verdict: v, Text: text, Report: report, At: s.core.Now}}})
}

// Failing is a sign that fails until it is bad, or the target is well again.
func (s *signs) Failing(target string, round int, name string) {
	key := target + "/" + name
	s.Tell(target, round, name, watch.Failing, s.Ill[key])
	bad := func() {
		if s.Ill[key] != "" {
			s.Tell(target, round, name, watch.Bad, s.Ill[key])
		}
	}
	if slices.Contains(vital.Names(s.Attended[target].Vital), name) {
		s.core.At(passiveFails, bad)
		return
	}
	for i, n := range probe.Names(s.Attended[target].Checks) {
		if n == name {
			s.core.At(s.fails(s.Attended[target].Checks[i]), bad)
		}
	}
}

func (s *signs) fails(c probe.Check) time.Duration {
	if s.Fails != nil {
		return s.Fails(c)
	}
	return time.Duration(max(c.Failures.N-1, 0)) * c.Interval.D()
}

// Sicken lets a sign of a target fail from now on.
func (s *signs) Sicken(target, name, why string) {
	s.Ill[target+"/"+name] = why
	s.Failing(target, s.Attended[target].Round, name)
}

// Cure lets a sign of a target be well from now on.
func (s *signs) Cure(target, name string) {
	delete(s.Ill, target+"/"+name)
	s.Tell(target, s.Attended[target].Round, name, watch.OK, "")
}
