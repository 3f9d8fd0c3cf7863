package engine

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

// say sends a message about a process; fill adds what is particular to it.
func (m *Machine) say(kind *message.Kind, p *process, fill func(*message.Message)) {
	s := message.Message{Kind: kind}
	if p != nil {
		s.Process, s.Group = p.name, p.spec.Group
	}
	if fill != nil {
		fill(&s)
	}
	m.do(Say{Message: s})
}

// aboutDead puts the PID and the cause of the last death into a message.
func (m *Machine) aboutDead(p *process, s *message.Message) {
	if p.event != "exit" || len(p.dead) == 0 {
		return
	}
	s.PID = p.lastDead().PID
	about(p.cause, s)
}

func about(c watch.Cause, s *message.Message) {
	s.Cause = c.String()
	switch {
	case !c.Known:
	case c.Signal != 0:
		s.ExitSignal, s.Core = watch.SignalName(c.Signal), c.Core
	default:
		s.ExitCode = &c.Code
	}
}

// sayDown tells of a failure; of one that is expected, because it is suspended, as of no
// error.
func (m *Machine) sayDown(p *process, detail string) {
	kind := message.Down
	if why := m.suspends(p); why != "" {
		kind, detail = message.DownQuiet, "suspended: "+why
	}
	m.say(kind, p, func(s *message.Message) {
		m.aboutDead(p, s)
		s.Detail = detail
		if p.event == "exit" {
			s.Took = m.now - p.wokeAt()
		}
	})
}

func (m *Machine) sayAbsent(p *process) {
	n := len(p.tracked)
	if n == 0 {
		m.say(message.Absent, p, nil)
		return
	}
	m.say(message.Fewer, p, func(s *message.Message) {
		s.Detail = fmt.Sprintf("%d of %d are there", n, p.spec.Match.Count.Min)
	})
}

// sayFound tells of newly tracked processes: each by its PID as long as they are few.
func (m *Machine) sayFound(p *process, news []procscan.Process) {
	if len(news) > 3 {
		m.say(message.Found, p, func(s *message.Message) { s.Detail = fmt.Sprintf("%d processes", len(news)) })
		return
	}
	for _, q := range news {
		m.say(message.Found, p, func(s *message.Message) { s.PID = q.PID })
	}
}

// sayScriptFailed reports a script; p may be gone with a reload.
func (m *Machine) sayScriptFailed(name string, p *process, out outcome) {
	m.say(message.ScriptFailed, p, func(s *message.Message) {
		s.Process, s.Detail, s.Output = name, out.words, out.output
	})
}

// sayKilled reports how the victims ended, and whether one would not.
func (m *Machine) sayKilled(name string, p *process, ended []restart.Ended) (stuck bool) {
	for _, e := range ended {
		kind := message.Killed
		switch e.Outcome {
		case restart.Gone:
			continue
		case restart.Unkillable, restart.Refused:
			kind, stuck = message.Unkillable, true
		}
		m.say(kind, p, func(s *message.Message) {
			s.Process, s.PID, s.Detail = name, e.ID.PID, string(e.Outcome)
			if e.Err != nil {
				s.Detail = e.Err.Error()
			}
		})
	}
	return stuck
}

// scriptOutcome is the end of a script in words.
func scriptOutcome(r script.Result) outcome {
	out := outcome{ok: r.OK(), code: r.Code, output: r.Output, lack: r.Lack}
	switch {
	case r.Err != nil:
		out.code, out.words = -1, r.Err.Error()
	case r.TimedOut:
		out.code, out.words = -1, "killed after its timeout, "+scalar.Duration(r.Took).Rounded()
	case r.Signal != "":
		out.code, out.words = -1, "killed by "+r.Signal
	default:
		out.words = "exited with code " + strconv.Itoa(r.Code)
	}
	return out
}

// goneOutcome is the end of a script that an earlier daemon has started. Where nobody
// knows it, it is no failure: the target tells.
func goneOutcome(c watch.Cause) outcome {
	switch {
	case !c.Known:
		return outcome{ok: true, missed: true, words: "ended while procward was not running"}
	case c.Signal != 0:
		return outcome{code: -1, words: "killed by " + watch.SignalName(c.Signal)}
	}
	return outcome{ok: c.Code == 0, code: c.Code, words: "exited with code " + strconv.Itoa(c.Code)}
}

func unitOutcome(in UnitRestarted) outcome {
	if in.Err == nil {
		return outcome{ok: true}
	}
	return outcome{code: -1, conflict: in.Conflict, lack: in.Unheard, words: in.Err.Error()}
}

// environment is what a script is told. extra comes from env: and may not hide it.
func (m *Machine) environment(p *process, extra map[string]string, rung string) map[string]string {
	env := map[string]string{}
	maps.Copy(env, extra)
	var left []string
	for _, id := range p.tracks() {
		left = append(left, strconv.Itoa(id.PID))
	}
	event, attempt := p.event, p.attempt.number
	if p.op != nil && p.op.By != "" {
		event = "manual"
	}
	if rung != "" {
		event, attempt = "escalate", p.spec.Restart.Used(p.history, m.now)
	}
	maps.Copy(env, map[string]string{
		"PROCWARD_EVENT": event, "PROCWARD_PROCESS": p.name, "PROCWARD_GROUP": p.spec.Group,
		"PROCWARD_PID": "", "PROCWARD_PIDS": strings.Join(left, " "), "PROCWARD_CAUSE": p.lastCause,
		"PROCWARD_EXIT_CODE": "", "PROCWARD_EXIT_SIGNAL": "",
		"PROCWARD_ATTEMPT": strconv.Itoa(attempt), "PROCWARD_ATTEMPTS": p.spec.Restart.Attempts.String(),
		"PROCWARD_RUNG": rung,
	})
	if mon := m.monitors[p.askedBy()]; mon != nil {
		env["PROCWARD_EVENT"], env["PROCWARD_CAUSE"], env["PROCWARD_MONITOR"] = "stall", mon.InWords(), mon.Name
	}
	if pid := p.lastDead().PID; p.event == "exit" && pid != 0 {
		env["PROCWARD_PID"] = strconv.Itoa(pid)
	}
	if p.event == "stall" {
		env["PROCWARD_PID"] = strconv.Itoa(p.stalledPID)
	}
	if p.event == "exit" && p.cause.Known && p.cause.Signal == 0 {
		env["PROCWARD_EXIT_CODE"] = strconv.Itoa(p.cause.Code)
	}
	if p.event == "exit" && p.cause.Signal != 0 {
		env["PROCWARD_EXIT_SIGNAL"] = watch.SignalName(p.cause.Signal)
	}
	return env
}
