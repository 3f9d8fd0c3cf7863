package engine

import (
	"slices"
	"time"

	confd "procward/conf.d"
	"procward/internal/scalar"
	"procward/procscan"
	"procward/watch"
	"procward/watch/probe"
	"procward/watch/vital"
)

// attend is the simulated watchers. In a new round each check is ok after its start-delay,
// or, where the target is ill, bad after its failures; passive signs are at once.
func (s *sim) attend(a Attend) {
	old := s.attended[a.Target]
	s.attended[a.Target] = a
	if old.Round > a.Round {
		s.t.Fatalf("the round of %s goes back from %d to %d:\n%s", a.Target, old.Round, a.Round, s.story())
	}
	if old.Round == a.Round {
		return
	}
	s.verdicts[a.Target] = map[string]watch.Verdict{}
	delays := make([]time.Duration, len(a.Checks))
	for i, c := range a.Checks {
		delays[i] = c.StartDelay.D()
	}
	for i, name := range append(probe.Names(a.Checks), vital.Names(a.Vital)...) {
		delay := time.Duration(0)
		if i < len(delays) {
			delay = delays[i]
		}
		s.at(delay+time.Millisecond, func() {
			if s.mute[a.Target+"/"+name] {
				return
			}
			if s.ill[a.Target+"/"+name] == "" {
				s.tell(a.Target, a.Round, name, watch.OK, "")
				return
			}
			s.failing(a.Target, a.Round, name)
		})
	}
}

// tell brings a verdict, unless the round is over.
func (s *sim) tell(target string, round int, name string, v watch.Verdict, text string) {
	a, on := s.attended[target]
	if !on || a.Round != round {
		return
	}
	report := false
	for i, n := range probe.Names(a.Checks) {
		report = report || n == name && a.Checks[i].Action == watch.ActReport
	}
	s.verdicts[target][name] = v
	s.step(Sensed{Signs: []watch.Sign{{Target: target, Round: round, Name: name, Verdict: v, Text: text, Report: report, At: s.now}}})
}

// failing is a check that fails until it is bad, or the target is well again.
func (s *sim) failing(target string, round int, name string) {
	key := target + "/" + name
	s.tell(target, round, name, watch.Failing, s.ill[key])
	if slices.Contains(vital.Names(s.attended[target].Vital), name) {
		s.at(5*time.Second, func() {
			if s.ill[key] != "" {
				s.tell(target, round, name, watch.Bad, s.ill[key])
			}
		})
		return
	}
	for i, n := range probe.Names(s.attended[target].Checks) {
		if c := s.attended[target].Checks[i]; n == name {
			s.at(time.Duration(max(c.Failures.N-1, 0))*c.Interval.D(), func() {
				if s.ill[key] != "" {
					s.tell(target, round, name, watch.Bad, s.ill[key])
				}
			})
		}
	}
}

// sicken lets a check of a target fail from now on.
func (s *sim) sicken(target, name, why string) {
	s.ill[target+"/"+name] = why
	s.failing(target, s.attended[target].Round, name)
}

// cure lets a check of a target succeed from now on.
func (s *sim) cure(target, name string) {
	delete(s.ill, target+"/"+name)
	s.tell(target, s.attended[target].Round, name, watch.OK, "")
}

// startsWell is a script that starts the process again, and then it is well.
func startsWell(s *sim, name string) func(map[string]string) simScript {
	return func(map[string]string) simScript {
		return simScript{after: func() {
			s.ill = map[string]string{}
			s.spawn(name)
		}}
	}
}

// probed is a process with a probe: http every 10 s, three failures.
func probed(change func(*confd.Process)) func(*confd.Process) {
	return func(p *confd.Process) {
		p.Stall = []confd.Sign{{Check: httpCheck(nil)}}
		if change != nil {
			change(p)
		}
	}
}

func httpCheck(change func(*probe.Check)) probe.Check {
	c := probe.Check{Kinds: probe.Kinds{HTTP: &probe.HTTP{URL: "http://127.0.0.1/"}}, Interval: scalar.Duration(10 * time.Second), Timeout: scalar.Duration(5 * time.Second),
		Failures: probe.Failures{N: 3, Of: 3}, Successes: 1, Action: watch.ActRestart}
	if change != nil {
		change(&c)
	}
	return c
}

// probedHTTPD is a simulated httpd, that has been up and well for a second.
func probedHTTPD(s *sim) procscan.ID {
	id := s.spawn("httpd")
	s.start().run(time.Second)
	s.said = nil
	return id
}
