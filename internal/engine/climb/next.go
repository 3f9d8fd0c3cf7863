package climb

import (
	"maps"
	"slices"

	"procward/escalate"
	"procward/internal/message"
)

// step is one event in progress: its commands are collected in out.
type step struct {
	*Ladder
	env Env
	out []Command
}

// none means that no input for the policy follows.
const none = escalate.Input(-1)

// Next takes an event and returns the commands, in order.
func (l *Ladder) Next(e Event, env Env) []Command {
	s := &step{Ladder: l, env: env}
	switch e := e.(type) {
	case Exhausted:
		s.feed(escalate.Exhausted)
	case GiveBack:
		s.giveBack()
	case Settled:
		s.feed(s.ifSettled())
	case Yields:
		s.yield(e.Why)
	case Looked:
		if l.Awaits(e.Name, e.Began) {
			delete(l.need, e.Name)
			s.feed(s.decide())
		}
	case Judge:
		s.feed(s.decide())
	case LookAgain:
		if l.Climb.Phase == escalate.Looking && len(l.need) == 0 && !l.barred {
			s.feed(s.look())
		}
	case Unbarred:
		if l.Barred() {
			s.feed(s.look())
		}
	case Mended:
		s.mend()
	case Fewer:
		s.fewer()
	case Stands:
		s.stand(e.Phase)
	case Frozen:
		l.RemindAt, l.RetryAt = 0, 0
	case Restored:
		s.restored(e.UnderWay)
	case Due:
		s.due()
	default:
		s.acted(e)
	}
	return s.out
}

func (s *step) do(c Command) { s.out = append(s.out, c) }

func (s *step) say(kind *message.Kind, fill func(*message.Message)) {
	say := s.about(kind)
	if fill != nil {
		fill(&say.Message)
	}
	s.do(say)
}

// sayWhy sends a message that says what is wrong.
func (s *step) sayWhy(kind *message.Kind) {
	s.say(kind, func(m *message.Message) { m.Detail = s.env.Why() })
}

// sayRung sends a message about the rung that the ladder is at.
func (s *step) sayRung(kind *message.Kind, detail, output string) {
	s.say(kind, func(m *message.Message) {
		m.Rung, m.Detail, m.Output = s.RungName(s.env.Rungs), detail, output
	})
}

// feed gives the policy an input, and does what it decides, as long as that leads to
// another input.
func (s *step) feed(in escalate.Input) {
	for in != none {
		at := s.Climb.Position
		var d escalate.Decision
		s.Climb, d = s.env.Rungs.Next(s.Climb, in, s.env.Now)
		in = s.follow(d, in, at)
	}
}

// follow does what the policy has decided, and returns the input that follows.
func (s *step) follow(d escalate.Decision, in escalate.Input, at int) escalate.Input {
	switch d.Action {
	case escalate.Look:
		return s.look()
	case escalate.Act:
		return s.act(d)
	case escalate.GiveUp:
		s.do(GiveUp{})
		s.sayWhy(message.GivenUp)
		s.arm()
	case escalate.HandOver:
		s.do(HandOver{})
		s.say(message.HandedOver, func(m *message.Message) { m.Rung, m.Output = "hook", s.said })
		s.said = ""
	case escalate.Wait:
		return s.ifSettled()
	case escalate.End:
		s.waits, s.need, s.barred = "", nil, false
		s.RemindAt, s.RetryAt = 0, 0
		if in == escalate.AllUp {
			s.say(message.ClimbEnds, func(m *message.Message) { m.Rung, m.Detail = rungAt(s.env.Rungs, at), s.whyEnds() })
		}
	}
	return none
}

func (s *step) whyEnds() string {
	if s.Monitor != "" {
		return "the monitor is ok"
	}
	if slices.ContainsFunc(s.env.Members(), func(w Member) bool { return w.Required && !w.Well }) {
		return "what was exhausted is up"
	}
	return "all required members are up"
}

// look looks at every member that is required, once before a rung.
func (s *step) look() escalate.Input {
	if s.env.Halted != "" {
		return s.halt()
	}
	s.need, s.asked, s.barred = map[string]bool{}, s.env.Now, s.env.Busy
	switch {
	case s.barred:
		return none
	case s.Monitor != "":
		return s.decide()
	}
	names := Required(s.env.Members())
	for _, name := range names {
		s.need[name] = true
	}
	if len(names) == 0 {
		return escalate.AllUp
	}
	s.do(Look{names})
	return none
}

func (s *step) halt() escalate.Input {
	s.sayRung(message.RungHalted, "suspended: "+s.env.Halted, "")
	return escalate.Halt
}

// decide passes on the result of the looks before a rung, when they are complete.
func (s *step) decide() escalate.Input {
	switch {
	case s.Climb.Phase != escalate.Looking, s.barred && s.Monitor == "", len(s.need) > 0:
		return none
	case s.env.Halted != "":
		return s.halt()
	case s.env.Busy:
		s.barred = true
		return none
	case s.Monitor != "":
		return s.verdict()
	}
	missing := Missing(s.env.Members())
	switch {
	case len(missing) == 0:
		return escalate.AllUp
	case slices.ContainsFunc(missing, func(w Member) bool { return w.Unclear }): // LookAgain follows
		return none
	case missing[0].HeldBy != "":
		s.sayRung(message.RungHalted, "group "+missing[0].HeldBy+" is not up", "")
		s.do(HoldBack{missing})
		return escalate.Halt
	}
	return escalate.Missing
}

// verdict is the look before a rung of a monitor. If its newest verdict is neither good
// nor bad, it waits for the next one. To give up needs none: nothing is done, and it must be
// reported also where the ladder itself has stopped what the monitor is about.
func (s *step) verdict() escalate.Input {
	switch {
	case !s.env.Monitor.Outage:
		return escalate.AllUp
	case s.env.Monitor.Bad, s.env.Rungs.Ends(s.Climb):
		return escalate.Missing
	}
	if why := s.env.Monitor.Rests; why != "" && why != s.waits {
		s.sayRung(message.RungWaits, "it is not known whether it is still needed, because the monitor waits for "+why, "")
		s.waits = why
	}
	return none
}

// settled reports whether there is no reason to climb any more.
func (s *step) settled() bool {
	if s.Monitor != "" {
		return !s.env.Monitor.Outage
	}
	return !s.env.Open()
}

func (s *step) ifSettled() escalate.Input {
	if s.settled() {
		return escalate.Recovered
	}
	return none
}

// yield ends the climb when somebody else is in charge of the last member that was its
// reason.
func (s *step) yield(why string) {
	if slices.ContainsFunc(s.env.Members(), func(w Member) bool { return w.Resting }) {
		return
	}
	if s.Climb.Phase == escalate.Looking || s.Climb.Phase == escalate.Pausing {
		s.sayRung(message.RungHalted, why, "")
	}
	s.feed(escalate.Recovered)
}

// mend lets a climb go on without those that are gone.
func (s *step) mend() {
	if len(s.need) > 0 {
		members := s.env.Members()
		maps.DeleteFunc(s.need, func(name string, _ bool) bool {
			return !slices.ContainsFunc(members, func(w Member) bool { return w.Name == name })
		})
	}
	if s.settled() {
		s.feed(escalate.Recovered)
		return
	}
	s.feed(s.decide())
}

// fewer goes on without those that are suspended.
func (s *step) fewer() {
	if len(s.need) > 0 {
		for _, w := range s.env.Members() {
			if w.Out {
				delete(s.need, w.Name)
			}
		}
	}
	s.feed(s.decide())
}

// stand moves a ladder that is at its bottom to where one of its members is.
func (s *step) stand(phase escalate.Phase) {
	if s.Climb.Phase != escalate.Idle {
		return
	}
	if s.Climb.Phase = phase; phase == escalate.GivenUp {
		s.arm()
	}
}

// restored goes on with the climb of an earlier daemon.
func (s *step) restored(underWay bool) {
	switch s.Climb.Phase {
	case escalate.Looking:
		s.feed(s.look())
	case escalate.Acting:
		if !underWay {
			s.sayRung(message.RungFailed, "procward ended while it was carried out", "")
			s.feed(escalate.Failed)
		}
	}
}

// due does what the time has come for.
func (s *step) due() {
	now := s.env.Now
	if s.Climb.Phase == escalate.Pausing && s.Climb.Until <= now {
		s.waited()
	}
	if s.RemindAt != 0 && s.RemindAt <= now {
		s.sayWhy(message.Reminder)
		s.remind()
	}
	if s.RetryAt != 0 && s.RetryAt <= now {
		s.retry()
	}
}

// waited is the end of the time in which a recovery could show.
func (s *step) waited() {
	if s.settled() {
		s.feed(escalate.Recovered)
		return
	}
	if !s.Climb.IsPostponed() {
		r, _ := s.Climb.Rung(s.env.Rungs)
		s.sayRung(message.RungFailed, "no recovery within its wait, which is "+r.Wait().String(), "")
	}
	s.feed(escalate.Waited)
}

// arm sets the times at which a given-up ladder reports again and tries again.
func (s *step) arm() {
	s.remind()
	if after := s.env.Group.RetryAfter; !after.Never && s.RetryAt == 0 {
		s.RetryAt = s.env.Now + after.D
	}
}

func (s *step) remind() {
	s.RemindAt = 0
	if every := s.env.Group.Remind; !every.Never {
		s.RemindAt = s.env.Now + every.D
	}
}

// retry begins again from the bottom, with all attempts.
func (s *step) retry() {
	s.RetryAt = 0
	if s.env.Suspended {
		return
	}
	s.say(message.RetryAfter, func(m *message.Message) { m.Detail = s.env.Group.RetryAfter.String() })
	s.feed(escalate.GiveBack)
	s.do(TryAgain{})
}

func (s *step) giveBack() {
	if s.Climb.Phase != escalate.Acting { // a rung that is carried out is never interrupted
		s.feed(escalate.GiveBack)
	}
	s.RemindAt, s.RetryAt = 0, 0
}
