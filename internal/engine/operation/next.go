package operation

import (
	"maps"
	"strings"

	"procward/internal/message"
)

// step is one event on its way through an operation.
type step struct {
	*Operation
	env Env
	out []Command
}

// Next takes an event and says what the operation wants done, in order.
func (op *Operation) Next(e Event, env Env) []Command {
	s := &step{Operation: op, env: env}
	switch {
	case op.stage == over:
		return nil
	case op.stuck == nil:
		op.stuck = map[string]bool{}
	}
	switch e := e.(type) {
	case Begins:
		s.drain()
	case Freed:
		s.freed(e)
	case ScriptEnded:
		s.scriptEnded(e)
	case Killed:
		if op.Token = 0; e.Stuck {
			s.stick(e.Name)
		}
		s.stopNext()
	case UnitStopped:
		s.unitStopped(e)
	case Looked:
		s.looked(e.Name)
	case Late:
		s.late(e.Name)
	case Fewer:
		s.fewer()
	case Frozen:
		if w, mine := env.Member(op.current); mine && op.stage == starting && w.Ready {
			s.end()
		}
	case Restored:
		s.restored(e)
	}
	return s.out
}

func (s *step) do(c Command) { s.out = append(s.out, c) }

func (s *step) say(kind *message.Kind, detail string) {
	msg := s.about(kind)
	msg.Detail = detail
	s.do(Say{msg})
}

// mine is the members that are in the operation's hands, in the order of starts.
func (s *step) mine() []Member {
	var out []Member
	for _, name := range s.Members {
		if w, mine := s.env.Member(name); mine {
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

// drain begins once no member's own script runs, or only with its process up.
func (s *step) drain() {
	mine := s.mine()
	for _, w := range mine {
		if w.Busy && !(s.StopOnly && s.By != "" && w.Restarts) {
			return // systemd itself gives up the restart of a unit for its stop
		}
	}
	if s.halted() || len(mine) == 0 {
		s.end()
		return
	}
	for _, w := range mine {
		s.do(LetGo{w.Name})
	}
	if s.StartOnly { // what the members' own scripts have started is seen now
		s.lookAtAll(sighting)
		return
	}
	s.todo = append(s.todo, names(mine)...)
	s.say(message.GroupStop, "members "+strings.Join(names(mine), ", "))
	if argv := s.env.Group.Stop; argv != nil {
		s.stage = stopScript
		s.do(RunScript{Argv: argv})
		return
	}
	s.stage = stopping
	s.stopNext()
}

// freed goes on after what a member did of its own.
func (s *step) freed(e Freed) {
	if e.Stuck {
		s.stick(e.Name)
	}
	switch {
	case s.stage == draining:
		s.drain()
	case s.current != e.Name:
	case !e.Killed:
		s.do(Await{e.Name})
	case e.Stuck || s.env.Suspended != "":
		s.startNext()
	default:
		s.do(Start{e.Name})
	}
}

func (s *step) stick(name string) {
	s.stuck[name] = true
	s.Failed = name + " cannot be killed"
}

// scriptEnded takes the end of the group's stop or start script.
func (s *step) scriptEnded(e ScriptEnded) {
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
		s.stopNext()
		return
	}
	s.find()
}

// restored goes on where an earlier daemon stood: its script is awaited. A mere stop begins again,
// which is harmless; of everything else what came of it is looked for.
func (s *step) restored(e Restored) {
	switch {
	case e.Script:
		s.stage, s.todo = startScript, names(s.mine())
		if e.Stops {
			s.stage = stopScript
		}
	case s.StopOnly:
		s.drain()
	default:
		s.find()
	}
}

// fewer goes on without members that have gone with a reload.
func (s *step) fewer() {
	maps.DeleteFunc(s.need, func(name string, _ bool) bool {
		_, mine := s.env.Member(name)
		return !mine
	})
	switch s.stage {
	case draining:
		s.drain()
	case starting:
		if _, mine := s.env.Member(s.current); !mine {
			s.startNext()
		}
	case finding:
		s.found("")
	default:
		s.seenAll()
	}
}

// end lets the members go: what is up settles, what is not has failed. A suspension ends an
// operation before its next step.
func (s *step) end() {
	if s.startAgain() {
		return
	}
	s.stage = over
	if s.halted() && s.Failed == "" {
		s.Failed = "suspended: " + s.env.Suspended
	}
	if s.Failed != "" {
		s.say(message.GroupFailed, s.Failed)
	}
	s.do(End{})
}
