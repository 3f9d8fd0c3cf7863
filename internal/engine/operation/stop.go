package operation

import (
	"fmt"
	"strings"

	"procward/internal/message"
)

// stopNext ends what is left of the next member from the end, then starts.
func (s *step) stopNext() {
	for len(s.todo) > 0 && !s.halted() {
		last := len(s.todo) - 1
		w, mine := s.env.Member(s.todo[last])
		s.todo = s.todo[:last]
		if !mine || !s.StopOnly && !s.mayStop(w) {
			continue
		}
		// systemd stops the unit of a member that has one: a kill would call up the unit's own
		// Restart=. What is left of the member after that is killed.
		if w.Unit && s.rounds == 0 {
			s.do(StopUnit{w.Name})
			return
		}
		if w.Left {
			s.do(Kill{w.Name})
			return
		}
	}
	switch {
	case s.StopOnly && s.By != "":
		s.rounds++
		s.lookAtAll(checking)
	case s.StopOnly || s.halted():
		s.end()
	default:
		s.start(s.mine())
	}
}

// mayStop says that a member may be killed for a restart: not where its script does it, nor
// where there is no way to start it again.
func (s *step) mayStop(w Member) bool {
	return w.Unit || !w.KillNever && (w.Startable || s.env.Group.Start != nil)
}

func (s *step) unitStopped(e UnitStopped) {
	s.Token = 0
	if e.Err != nil {
		s.do(Say{message.Message{Kind: message.GroupFailed, Process: e.Name, Group: s.Group, Detail: e.Err.Error()}})
	}
	w, mine := s.env.Member(e.Name)
	kills := s.StopOnly || !w.KillNever
	if e.Conflict || s.env.Suspended != "" || !kills || !mine || !w.Left {
		s.stopNext()
		return
	}
	s.do(Kill{e.Name})
}

// lookAtAll wants a look at each member in hand before the operation goes on.
func (s *step) lookAtAll(next stage) {
	s.stage, s.need = next, map[string]bool{}
	mine := names(s.mine())
	for _, name := range mine {
		s.need[name] = true
	}
	s.do(Look{mine})
	s.seenAll() // nobody is left where all have gone with a reload
}

// seenAll goes on with the operation once no look is awaited.
func (s *step) seenAll() {
	switch {
	case len(s.need) > 0:
	case s.stage == sighting:
		s.sighted()
	case s.stage == checking:
		s.checked()
	}
}

// checked is the look after a stop by the operator: what is left, or has been left behind, is
// killed as well.
func (s *step) checked() {
	for _, w := range s.mine() {
		if w.Left && !s.stuck[w.Name] {
			s.todo = append(s.todo, w.Name)
		}
	}
	if len(s.todo) == 0 || s.rounds >= killRounds {
		if len(s.todo) > 0 {
			s.Failed = strings.Join(s.todo, ", ") + " comes back as often as it is killed"
		}
		s.end()
		return
	}
	s.stage = stopping
	s.stopNext()
}

// sighted is the look before a start by the operator: what is up is not started.
func (s *step) sighted() {
	var rest []Member
	for _, w := range s.mine() {
		if w.Enough {
			s.do(GiveBack{w.Name})
			continue
		}
		rest = append(rest, w)
	}
	if len(rest) == 0 || s.env.Suspended != "" {
		s.end()
		return
	}
	s.start(rest)
}

// startAgain tries a start by the operator that has failed again, as often as the group
// says.
func (s *step) startAgain() bool {
	s.tries++
	most := s.env.Group.StartAttempts
	if !s.StartOnly || s.Failed == "" || s.tries >= most || s.env.Suspended != "" {
		return false
	}
	s.say(message.GroupFailed, fmt.Sprintf("%s; start %d of %d", s.Failed, s.tries, most))
	s.Failed = ""
	for _, w := range s.mine() {
		s.do(LetGo{w.Name})
	}
	s.lookAtAll(sighting)
	return true
}
