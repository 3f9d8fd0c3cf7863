package operation

import (
	"maps"
	"strings"

	"procward/internal/message"
)

// step is one event on its way through an operation.
type step struct {
	*Operation
	env  Env
	out  []Command
	back map[string]bool // members that are given back by it
}

// move is the next thing that an operation does by itself.
type move int

const (
	stay      move = iota // it waits for an event
	drain                 // it begins, unless members' own scripts still run
	stopNext              // the next member is stopped
	start                 // what was stopped is started
	startNext             // the next member is started
	seenAll               // perhaps all looks are there
	end                   // it is over, or begins again
)

// Next takes an event and returns the commands, in order.
func (op *Operation) Next(e Event, env Env) []Command {
	s := &step{Operation: op, env: env}
	switch {
	case op.stage == over:
		return nil
	case op.stuck == nil:
		op.stuck = map[string]bool{}
	}
	for next := s.take(e); next != stay; next = s.make(next) {
	}
	return s.out
}

// make makes a move, and returns the one that follows.
func (s *step) make(m move) move {
	switch m {
	case drain:
		return s.drain()
	case stopNext:
		return s.stopNext()
	case start:
		return s.start()
	case startNext:
		return s.startNext()
	case seenAll:
		return s.seenAll()
	case end:
		return s.end()
	}
	return stay
}

func (s *step) take(e Event) move {
	switch e := e.(type) {
	case Begins:
		return drain
	case Freed:
		return s.freed(e)
	case ScriptEnded:
		return s.scriptEnded(e)
	case Killed:
		if s.Token = 0; e.Stuck {
			s.stick(e.Name)
		}
		return stopNext
	case UnitStopped:
		return s.unitStopped(e)
	case Looked:
		return s.looked(e.Name)
	case Late:
		return s.late(e.Name)
	case Fewer:
		return s.fewer()
	case Frozen:
		if w, mine := s.env.Member(s.current); mine && s.stage == starting && w.Ready {
			return end
		}
	case Restored:
		return s.restored(e)
	}
	return stay
}

func (s *step) do(c Command) { s.out = append(s.out, c) }

func (s *step) say(kind *message.Kind, detail string) {
	msg := s.about(kind)
	msg.Detail = detail
	s.do(Say{msg})
}

// mine is the members that the operation has, in the order of starts.
func (s *step) mine() []Member {
	var out []Member
	for _, name := range s.Members {
		if w, mine := s.env.Member(name); mine && !s.back[name] {
			out = append(out, w)
		}
	}
	return out
}

func names(members []Member) []string {
	out := make([]string, 0, len(members))
	for _, w := range members {
		out = append(out, w.Name)
	}
	return out
}

func (s *step) halted() bool { return s.env.Suspended != "" && s.Halts() }

// drain begins when no member's own script runs, or only with its process up.
func (s *step) drain() move {
	mine := s.mine()
	for _, w := range mine {
		if w.Busy && !(s.StopOnly && s.By != "" && w.Restarts) {
			return stay // systemd itself gives up the restart of a unit for its stop
		}
	}
	if s.halted() || len(mine) == 0 {
		return end
	}
	for _, w := range mine {
		s.do(LetGo{w.Name})
	}
	if s.StartOnly { // what the members' own scripts have started is visible now
		return s.lookAtAll(sighting)
	}
	s.todo = append(s.todo, names(mine)...)
	s.say(message.GroupStop, "members "+strings.Join(names(mine), ", "))
	if argv := s.env.Group.Stop; argv != nil {
		s.stage = stopScript
		s.do(RunScript{Argv: argv})
		return stay
	}
	s.stage = stopping
	return stopNext
}

// freed goes on after what a member did of its own.
func (s *step) freed(e Freed) move {
	if e.Stuck {
		s.stick(e.Name)
	}
	switch {
	case s.stage == draining:
		return drain
	case s.current != e.Name:
	case !e.Killed:
		s.do(Await{e.Name})
	case e.Stuck || s.env.Suspended != "":
		return startNext
	default:
		s.do(Start{e.Name})
	}
	return stay
}

func (s *step) stick(name string) {
	s.stuck[name] = true
	s.Failed = name + " cannot be killed"
}

// scriptEnded takes the end of the group's stop or start script.
func (s *step) scriptEnded(e ScriptEnded) move {
	s.Token = 0
	if !e.OK {
		what := "stop"
		if s.stage == startScript {
			what = "start"
		}
		s.do(Say{message.Message{Kind: message.GroupFailed, Group: s.Group, Detail: what + " script " + e.Words, Output: e.Output}})
	}
	if s.stage == stopScript {
		s.stage = stopping
		return stopNext
	}
	return s.find()
}

// restored goes on where an earlier daemon was: it waits for its script. A mere stop
// begins again, which is harmless; for everything else it looks for the result.
func (s *step) restored(e Restored) move {
	switch {
	case e.Script:
		s.stage, s.todo = startScript, names(s.mine())
		if e.Stops {
			s.stage = stopScript
		}
		return stay
	case s.StopOnly:
		return drain
	}
	return s.find()
}

// fewer goes on without members that have gone with a reload.
func (s *step) fewer() move {
	maps.DeleteFunc(s.need, func(name string, _ bool) bool {
		_, mine := s.env.Member(name)
		return !mine
	})
	switch s.stage {
	case draining:
		return drain
	case starting:
		if _, mine := s.env.Member(s.current); !mine {
			return startNext
		}
		return stay
	case finding:
		return s.found("")
	}
	return seenAll
}

// end lets the members go: a member that is up settles, one that is not has failed. A
// suspension ends an operation before its next step.
func (s *step) end() move {
	if next := s.startAgain(); next != stay {
		return next
	}
	s.stage = over
	if s.halted() && s.Failed == "" {
		s.Failed = "suspended: " + s.env.Suspended
	}
	if s.Failed != "" {
		s.say(message.GroupFailed, s.Failed)
	}
	s.do(End{})
	return stay
}
