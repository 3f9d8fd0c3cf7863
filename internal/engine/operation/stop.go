package operation

import (
	"fmt"
	"strings"

	"procward/internal/message"
)

// stopNext ends what is left of the next member from the end, then starts.
func (s *step) stopNext() move {
	for len(s.todo) > 0 && !s.halted() {
		last := len(s.todo) - 1
		w, mine := s.env.Member(s.todo[last])
		s.todo = s.todo[:last]
		if !mine || !s.StopOnly && !s.mayStop(w) {
			continue
		}
		// If a member has a unit, systemd stops it: a kill would start the unit's own Restart=.
		// What is left of the member after that is killed.
		if w.Unit && s.rounds == 0 {
			s.do(StopUnit{w.Name})
			return stay
		}
		if w.Left {
			s.do(Kill{w.Name})
			return stay
		}
	}
	switch {
	case s.StopOnly && s.By != "":
		s.rounds++
		return s.lookAtAll(checking)
	case s.StopOnly || s.halted():
		return end
	}
	return start
}

// mayStop reports whether a member may be killed for a restart: not if its script does
// that, nor if there is no way to start it again.
func (s *step) mayStop(w Member) bool {
	return w.Unit || !w.KillNever && (w.Startable || s.env.Group.Start != nil)
}

func (s *step) unitStopped(e UnitStopped) move {
	s.Token = 0
	if e.Err != nil {
		s.do(Say{message.Message{Kind: message.GroupFailed, Process: e.Name, Group: s.Group, Detail: e.Err.Error()}})
	}
	w, mine := s.env.Member(e.Name)
	kills := s.StopOnly || !w.KillNever
	if e.Conflict || s.env.Suspended != "" || !kills || !mine || !w.Left {
		return stopNext
	}
	s.do(Kill{e.Name})
	return stay
}

// lookAtAll wants a look at each member in hand before the operation goes on.
func (s *step) lookAtAll(next stage) move {
	s.stage, s.need = next, map[string]bool{}
	mine := names(s.mine())
	for _, name := range mine {
		s.need[name] = true
	}
	s.do(Look{mine})
	return seenAll // nobody is left if all have gone with a reload
}

// seenAll goes on with the operation when it waits for no look any more.
func (s *step) seenAll() move {
	switch {
	case len(s.need) > 0:
	case s.stage == sighting:
		return s.sighted()
	case s.stage == checking:
		return s.checked()
	}
	return stay
}

// checked is the look after a stop by the operator: what is left, or was left behind, is
// killed as well.
func (s *step) checked() move {
	for _, w := range s.mine() {
		if w.Left && !s.stuck[w.Name] {
			s.todo = append(s.todo, w.Name)
		}
	}
	if len(s.todo) == 0 || s.rounds >= killRounds {
		if len(s.todo) > 0 {
			s.Failed = strings.Join(s.todo, ", ") + " comes back each time that it is killed"
		}
		return end
	}
	s.stage = stopping
	return stopNext
}

// sighted is the look before a start by the operator: what is up is not started.
func (s *step) sighted() move {
	s.back = map[string]bool{}
	for _, w := range s.mine() {
		if w.Enough {
			s.do(GiveBack{w.Name})
			s.back[w.Name] = true
		}
	}
	if len(s.mine()) == 0 || s.env.Suspended != "" {
		return end
	}
	return start
}

// startAgain tries a failed start by the operator again, as many times as the group says.
func (s *step) startAgain() move {
	s.tries++
	most := s.env.Group.StartAttempts
	if !s.StartOnly || s.Failed == "" || s.tries >= most || s.env.Suspended != "" {
		return stay
	}
	s.say(message.GroupFailed, fmt.Sprintf("%s; start %d of %d", s.Failed, s.tries, most))
	s.Failed = ""
	for _, w := range s.mine() {
		s.do(LetGo{w.Name})
	}
	return s.lookAtAll(sighting)
}
