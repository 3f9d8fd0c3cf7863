package operation

import (
	"strings"

	"procward/internal/message"
)

// start starts what was stopped.
func (s *step) start() move {
	mine := names(s.mine())
	s.say(message.GroupStart, "members "+strings.Join(mine, ", "))
	if argv := s.env.Group.Start; argv != nil {
		s.stage = startScript
		s.do(RunScript{argv, mine})
		return stay
	}
	s.stage, s.todo = starting, mine
	return startNext
}

// startNext starts the next member: its script runs after a look, if it is not up by
// then.
func (s *step) startNext() move {
	s.current = ""
	for len(s.todo) > 0 && s.env.Suspended == "" {
		w, mine := s.env.Member(s.todo[0])
		s.todo = s.todo[1:]
		if !mine || s.stuck[w.Name] {
			continue
		}
		if w.Enough && (s.StartOnly || !w.KillNever || !w.Startable) {
			continue // it was not stopped: another one beside it would be wrong
		}
		s.current = w.Name
		if w.Startable {
			s.do(Start{w.Name})
		} else {
			s.do(Await{w.Name})
		}
		return stay
	}
	return end
}

// looked takes a look at a member in hand.
func (s *step) looked(name string) move {
	w, mine := s.env.Member(name)
	current := mine && s.stage == starting && s.current == name
	switch {
	case !mine:
	case s.need[name]:
		delete(s.need, name)
		return seenAll
	case current && w.Ready:
		if w.Well && !w.KillNever { // by itself
			s.do(Here{name})
			return startNext
		}
	case current && (w.Started || w.Awaited):
		if s.here(w) {
			return startNext
		}
	case s.stage == finding && w.Awaited:
		if s.here(w) {
			return s.found(name)
		}
	}
	return stay
}

// here reports whether a member which was waited for is there; else it is looked for again.
func (s *step) here(w Member) bool {
	if !w.Well {
		s.do(LookSoon{w.Name})
		return false
	}
	s.do(Here{w.Name})
	return true
}

// late is a member that was not found in time.
func (s *step) late(name string) move {
	w, mine := s.env.Member(name)
	if !mine {
		return stay
	}
	s.Failed = name + " was not found within start-timeout, which is " + w.StartTimeout
	switch {
	case s.stage == finding:
		return s.found(name)
	case s.current == name:
		return startNext
	}
	return stay
}

// find looks for all members after the group's start script.
func (s *step) find() move {
	s.stage = finding
	mine := names(s.mine())
	for _, name := range mine {
		s.do(Await{name})
	}
	if len(mine) == 0 {
		return end
	}
	return stay
}

// found ends the operation when no member is looked for any more but, perhaps, one that has
// just been found.
func (s *step) found(just string) move {
	for _, name := range s.Members {
		if w, mine := s.env.Member(name); mine && w.Awaited && name != just {
			return stay
		}
	}
	return end
}
