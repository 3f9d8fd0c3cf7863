package monitor

import (
	"reflect"
	"strings"
	"time"

	"procward/internal/message"
	"procward/restart"
	"procward/watch"
)

// again is how long an attempt is put off.
const again = 10 * time.Second

// step is one event on its way through a monitor.
type step struct {
	*Monitor
	env Env
	out []Command
}

// Next takes an event and returns the commands, in order.
func (mon *Monitor) Next(e Event, env Env) []Command {
	s := &step{Monitor: mon, env: env}
	switch e := e.(type) {
	case Told:
		s.told(e)
	case Looked:
		s.looked(e)
	case Operates:
		mon.Recovering = true
	case Operated:
		mon.Recovering, mon.putOff = false, false
	case Rests:
		if !mon.Recovering {
			mon.need, mon.Deadline, mon.putOff = nil, 0, false
		}
	case Configured:
		s.configured(e)
	case Resumed:
		if mon.Outage {
			s.do(Judge{})
		}
	case GiveBack:
		s.policy(restart.GiveBack)
		s.do(Judge{})
	case Due:
		s.due()
	}
	return s.out
}

func (s *step) do(c Command) { s.out = append(s.out, c) }

func (s *step) say(kind *message.Kind, fill func(*message.Message)) {
	msg := s.about(kind)
	fill(&msg)
	s.do(Say{msg})
}

// policy asks the policy what follows from an input.
func (s *step) policy(in restart.Input) (d restart.Decision) {
	s.History, d = s.Spec.Policy().Next(s.History, in, watch.Cause{}, s.env.Now, 0)
	return d
}

// configured puts a configuration in force. In an outage everything is judged again.
func (s *step) configured(e Configured) {
	changed := !reflect.DeepEqual(s.Targets, e.Targets) || !reflect.DeepEqual(s.Spec, e.Spec)
	s.Spec, s.Targets = e.Spec, e.Targets
	if s.need != nil || s.Outage && changed {
		s.need, s.Deadline = nil, 0
		s.do(Judge{})
	}
}

// told takes a verdict that has changed.
func (s *step) told(e Told) {
	switch {
	case e.Sign.Verdict == watch.OK:
		s.ok(e)
	case e.Sign.Verdict == watch.Bad && e.Sign.Report:
		s.news(message.ProbeBad, e)
	case e.Sign.Verdict == watch.Bad:
		s.bad(e)
	case !s.Outage:
		s.news(e.News, e)
	}
}

// news is a message about a verdict, if one is called for.
func (s *step) news(kind *message.Kind, e Told) {
	if kind != nil {
		s.do(Say{s.of(kind, e)})
	}
}

// of is a message of a kind about a verdict.
func (s *step) of(kind *message.Kind, e Told) message.Message {
	msg := e.About
	msg.Kind, msg.Monitor = kind, s.Name
	return msg
}

// bad handles a bad check: for the first time, or after a restart.
func (s *step) bad(e Told) {
	first := !s.Outage
	if s.sign, s.Outage = e.Sign, true; first {
		msg := s.of(message.MonitorFailed, e)
		if s.env.Suspended != "" {
			msg.Detail = strings.TrimPrefix(msg.Detail+"; suspended: "+s.env.Suspended, "; ")
		}
		s.do(Say{msg})
	}
	switch {
	case s.env.Suspended != "":
		return
	case s.env.Climbs:
		s.do(Decide{})
		return
	}
	in := restart.Down
	if s.Tried > 0 {
		s.say(message.MonitorNoHelp, func(msg *message.Message) {
			msg.Attempt, msg.Attempts, msg.Detail = s.Tried, s.Spec.Attempts.String(), e.Sign.Text
		})
		in, s.Tried = restart.Failed, 0
	}
	if s.env.Observe {
		if first && s.Spec.Recover != "" {
			s.sayRecover(1)
		}
		return
	}
	if why := s.env.Unsure(); why != "" {
		s.delay(why)
		return
	}
	s.plan(in)
}

// plan goes where the policy says.
func (s *step) plan(in restart.Input) {
	switch d := s.policy(in); d.Action {
	case restart.Wait:
		s.Deadline = d.At
	case restart.Exhaust:
		s.say(message.Exhausted, func(msg *message.Message) {
			if s.Spec.Recover != "" {
				msg.Attempts = s.Spec.Attempts.String()
			}
		})
		s.do(Climb{})
	case restart.Nothing:
		s.do(Climb{})
	}
}

// ok handles a good check: everything that was in progress for it ends.
func (s *step) ok(e Told) {
	s.Deadline, s.need, s.Tried, s.skipped, s.putOff = 0, nil, 0, "", false
	if !s.Outage {
		s.news(e.News, e)
		return
	}
	s.Outage = false
	s.say(message.MonitorOK, func(msg *message.Message) { msg.Detail = e.Sign.Text })
	s.policy(restart.Recovered)
	s.do(Settle{})
}

// due does what the time has come for.
func (s *step) due() {
	s.Deadline = 0
	switch why := s.against(); {
	case why != "":
		s.delay(why)
	case s.putOff: // much may have changed since: it is judged again
		s.putOff = false
		s.do(Judge{})
	default:
		s.look()
	}
}
