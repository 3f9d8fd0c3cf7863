package monitor

import (
	"procward/internal/message"
	"procward/restart"
)

// against says why the targets must not be restarted now, or nothing: they are stopped or
// given up, or something is already being done about them.
func (s *step) against() string {
	if s.env.Suspended != "" {
		return "suspended: " + s.env.Suspended
	}
	targets := s.env.Targets()
	if why := Down(targets); why != "" {
		return why
	}
	if why := s.env.Unsure(); why != "" {
		return why
	}
	for _, t := range targets {
		switch {
		case t.Suspended != "":
			return t.Name + ", which is suspended " + t.Suspended
		case t.Busy:
			return t.Name + ", whose group is being restarted already"
		case t.Acting:
			return t.Name + ", for which a rung is being carried out"
		case t.HeldBy != "":
			return "group " + t.HeldBy + ", which is not up"
		}
	}
	if len(s.Targets) == 0 {
		return s.Spec.Recover + ", which has no members"
	}
	return ""
}

// delay does nothing to the targets, reports this once for each reason, and tries again
// later. During a suspension nothing is tried: after it everything is judged again.
func (s *step) delay(why string) {
	s.putOff = true
	if s.skipped != why {
		s.skipped = why
		s.say(message.MonitorSkipped, func(msg *message.Message) { msg.Detail = why })
	}
	if s.env.Suspended == "" {
		s.Deadline = s.env.Now + again
	}
}

// look looks at the targets once: an operator may be in charge of their units, and the
// host may be going down.
func (s *step) look() {
	s.need, s.asked, s.hands = map[string]bool{}, s.env.Now, ""
	var names []string
	for _, t := range s.env.Targets() {
		if t.Up {
			s.need[t.Name] = true
			names = append(names, t.Name)
		}
	}
	s.do(Look{names})
}

// looked takes a look at one target; with the last the attempt begins.
func (s *step) looked(e Looked) {
	switch {
	case !s.need[e.Target]:
		return
	case e.Began < s.asked:
		s.do(Look{[]string{e.Target}})
		return
	}
	if delete(s.need, e.Target); e.Hands != "" {
		s.hands = e.Hands
	}
	if len(s.need) > 0 {
		return
	}
	s.need = nil
	why := s.against()
	if why == "" {
		why = s.hands
	}
	if why != "" {
		s.delay(why)
		return
	}
	s.recover()
}

// recover uses an attempt, and restarts the targets.
func (s *step) recover() {
	d := s.policy(restart.Due)
	if d.Action != restart.Run {
		s.plan(restart.Failed)
		return
	}
	s.Tried = d.Attempt
	s.sayRecover(d.Attempt)
	s.do(Recover{})
}

func (s *step) sayRecover(attempt int) {
	s.say(message.MonitorRecover, func(msg *message.Message) {
		msg.Attempt, msg.Attempts, msg.Observed = attempt, s.Spec.Attempts.String(), s.env.Observe
		msg.Detail = "restart of " + s.Spec.Recover
	})
}
