package rehearse

import (
	"procward/escalate"
	"procward/internal/message"
)

// heard makes steps of what the machine says.
func (o *outage) heard(m message.Message) {
	switch {
	case !o.began || o.over:
	case o.attempts(m):
		o.attempt()
	case m.Kind == message.Exhausted && o.mine(m):
		o.add(Step{Kind: Exhausted})
	case m.Kind == message.RungAsked && o.climbs(m):
		o.climb(m)
	case m.Kind == message.GivenUp && o.climbs(m):
		o.add(Step{Kind: GivenUp})
		o.over = true
	}
}

// mine reports whether a message is about who the outage is about.
func (o *outage) mine(m message.Message) bool {
	return o.process != "" && m.Process == o.process || o.monitor != "" && m.Monitor == o.monitor
}

// attempts reports whether a message is that an attempt begins.
func (o *outage) attempts(m message.Message) bool {
	switch m.Kind {
	case message.MonitorRecover:
		return o.mine(m)
	case message.Restart:
		return o.mine(m) && !o.asOne
	case message.GroupStop: // for a rung as well
		return o.asOne && m.Group == o.of && o.rung < 0
	}
	return false
}

// climbs reports whether a message is about the ladder that is played.
func (o *outage) climbs(m message.Message) bool {
	return o.monitor != "" && m.Monitor == o.monitor || o.group != "" && m.Group == o.group && m.Process == "" || m.Process != "" && m.Process == o.process
}

func (o *outage) attempt() {
	n := 0
	for _, s := range o.steps {
		if s.Kind == Attempt {
			n++
		}
	}
	if n == o.most {
		o.over = true
		return
	}
	o.add(Step{Kind: Attempt, Number: n + 1})
}

func (o *outage) climb(m message.Message) {
	s := Step{Kind: Rung, Number: 1, Position: o.rung + 1}
	if o.rung >= 0 && o.ladder[o.rung].Name() == m.Rung {
		last := o.steps[len(o.steps)-1]
		if own := o.ladder[o.rung].Own(); own != nil && own.Most.Allows(last.Number) {
			s.Position, s.Number = o.rung, last.Number+1
		}
	}
	for s.Position < len(o.ladder) && o.ladder[s.Position].Name() != m.Rung {
		s.Position++
	}
	if s.Position == len(o.ladder) {
		return
	}
	o.rung, s.Rung = s.Position, o.ladder[s.Position]
	if _, leaves := s.Rung.Deed().(escalate.Leave); leaves {
		s.Kind = StopDaemon
	}
	o.add(s)
}

func (o *outage) add(s Step) {
	s.At, o.idle = o.Now-o.zero, 0
	o.steps = append(o.steps, s)
}
