package climb

import (
	"procward/escalate"
	"procward/internal/message"
)

// act carries out a rung.
func (s *step) act(d escalate.Decision) escalate.Input {
	name, deed := d.Rung.Name(), d.Rung.Deed()
	if _, ends := deed.(escalate.EndMachine); ends {
		s.do(EndMachine{name})
		return none
	}
	s.say(message.RungAsked, func(m *message.Message) { m.Rung, m.Attempt, m.Detail = name, d.Attempt, s.env.Why() })
	switch deed := deed.(type) {
	case escalate.Regroup:
		if s.Monitor != "" && !s.env.Monitor.Aims {
			s.sayRung(message.RungFailed, "the monitor has no process or group to recover", "")
			return escalate.Failed
		}
		s.do(Operate{StopOnly: deed.StopOnly})
	case *escalate.Hook:
		return s.hook(deed, d)
	case escalate.Leave:
		s.do(Exit{deed.Code})
		return escalate.Done
	}
	return none
}

func (s *step) hook(hook *escalate.Hook, d escalate.Decision) escalate.Input {
	run := RunHook{Hook: *hook, Rung: d.Rung.Name(), Attempt: d.Attempt}
	if s.Monitor == "" {
		if run.Member = worst(s.env.Members()); run.Member == "" {
			return escalate.Failed
		}
	}
	s.do(run)
	return none
}

// worst is the member that a hook is told about: the first that has no attempt left.
func worst(members []Member) string {
	for _, w := range members {
		if w.Climbing {
			return w.Name
		}
	}
	if len(members) > 0 {
		return members[0].Name
	}
	return ""
}

// acted takes the result of a rung.
func (s *step) acted(e Event) {
	switch e := e.(type) {
	case Acted:
		if e.Failed {
			s.feed(escalate.Failed)
			return
		}
		s.feed(escalate.Done)
	case HookEnded:
		s.feed(s.hookEnded(e))
	case Refused:
		s.waits = ""
		s.say(message.RungRefused, func(m *message.Message) { m.Rung, m.Detail = e.Rung, e.Why })
		s.feed(escalate.Failed)
	case Postponed:
		s.postpone(e)
	case Begins:
		s.waits = ""
		s.say(message.RungAsked, func(m *message.Message) { m.Rung, m.Detail = e.Rung, e.Reason })
	case Stayed:
		s.say(message.RungFailed, func(m *message.Message) { m.Rung, m.Detail = e.Rung, e.Why })
		s.feed(escalate.Failed)
	}
}

// hookEnded reads the exit code of a hook.
func (s *step) hookEnded(e HookEnded) escalate.Input {
	switch {
	case e.Missed:
		s.sayRung(message.RungFailed, "the hook "+e.Words+": what it decided is not known", "")
	case e.OK && e.Code == escalate.HandedOver:
		s.said = e.Output
		return escalate.TakenOver
	case e.Code == escalate.NextRung:
		s.sayRung(message.RungPassed, "the hook asks for the next rung", e.Output)
		return escalate.Skipped
	default:
		s.sayRung(message.RungFailed, "hook "+e.Words, e.Output)
	}
	return escalate.Failed
}

// postpone lets the climb look and ask again at a later time. It reports this once.
func (s *step) postpone(e Postponed) {
	s.Climb = s.Climb.Postponed(e.Until)
	if e.Why == "" || e.Why == s.waits {
		return
	}
	s.waits = e.Why
	s.sayRung(message.RungWaits, e.Why+"; again in "+e.In, "")
}
