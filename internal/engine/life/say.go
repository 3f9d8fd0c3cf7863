package life

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"procward/internal/message"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
	"procward/watch"
)

// say sends a message about the process; fill adds what is particular to it.
func (t *turn) say(kind *message.Kind, fill func(*message.Message)) {
	s := message.Message{Kind: kind, Process: t.Name, Group: t.Spec.Group}
	if fill != nil {
		fill(&s)
	}
	t.do(Say{s})
}

// aboutDead puts the PID and the cause of the last death into a message.
func (l *Life) aboutDead(s *message.Message) {
	if l.event != "exit" || len(l.dead) == 0 {
		return
	}
	s.PID = l.LastDead().PID
	about(l.cause, s)
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

// sayDown reports a failure. If it is expected, because the process is suspended, it is
// not reported as an error.
func (t *turn) sayDown(detail string) {
	kind := message.Down
	if why := t.quiet(); why != "" {
		kind, detail = message.DownQuiet, "suspended: "+why
	}
	t.say(kind, func(s *message.Message) {
		t.aboutDead(s)
		s.Detail = detail
		if t.event == "exit" {
			s.Took = t.Now - t.wokeAt()
		}
	})
}

func (s *sight) sayAbsent() {
	n := len(s.tracked)
	if n == 0 {
		s.say(message.Absent, nil)
		return
	}
	s.say(message.Fewer, func(m *message.Message) {
		m.Detail = fmt.Sprintf("%d of %d are there", n, s.Spec.Match.Count.Min)
	})
}

// sayFound reports newly tracked processes: each by its PID if they are few.
func (s *sight) sayFound(news []procscan.Process) {
	if len(news) > 3 {
		s.say(message.Found, func(m *message.Message) { m.Detail = fmt.Sprintf("%d processes", len(news)) })
		return
	}
	for _, q := range news {
		s.say(message.Found, func(m *message.Message) { m.PID = q.PID })
	}
}

func (s *sight) sayLost() {
	s.say(message.Lost, func(m *message.Message) {
		s.aboutDead(m)
		m.Detail = fmt.Sprintf("%d are left, %d are needed", len(s.tracked), s.Spec.Match.Count.Min)
	})
}

// sayRemains reports what a death has left behind.
func (s *sight) sayRemains() {
	ends := s.remains.toEnd(s.Spec.Restart.Orphans)
	told := map[succession.Verdict][]string{}
	for _, j := range s.remains.found {
		words := j.String()
		switch {
		case j.Verdict != succession.LeftOver || s.Enough():
		case !slices.Contains(ends, j.ID):
			words += "; it is left alone"
		case s.Spec.Restart.Kill.Never:
			words += "; it is left to the script"
		default:
			words += "; it is ended before a restart"
		}
		told[j.Verdict] = append(told[j.Verdict], words)
	}
	for _, what := range []struct {
		verdict succession.Verdict
		kind    *message.Kind
	}{{succession.LeftOver, message.Orphans}, {succession.LetBe, message.LetBe}, {succession.Stranger, message.Stranger}} {
		if words := told[what.verdict]; len(words) > 0 {
			s.say(what.kind, func(m *message.Message) { m.Detail = some(words) })
		}
	}
}

// some is the first of many texts.
func some(words []string) string {
	const most = 4
	if n := len(words) - most; n > 0 {
		words = append(slices.Clone(words[:most]), fmt.Sprintf("and %d more", n))
	}
	return strings.Join(words, " | ")
}

// howRecovered is what is particular to a recovery.
func howRecovered(byItself bool, untold []string) string {
	var out []string
	if byItself {
		out = append(out, "by itself")
	}
	if len(untold) > 0 {
		out = append(out, "not told by: "+strings.Join(untold, ", "))
	}
	return strings.Join(out, "; ")
}

// SayKilled makes the messages about the end of the victims of a process, which may be
// gone.
func SayKilled(about message.Message, ended []restart.Ended) []message.Message {
	var out []message.Message
	for _, e := range ended {
		s := about
		s.Kind, s.PID, s.Detail = message.Killed, e.ID.PID, string(e.Outcome)
		switch e.Outcome {
		case restart.Gone:
			continue
		case restart.Unkillable, restart.Refused:
			s.Kind = message.Unkillable
		}
		if e.Err != nil {
			s.Detail = e.Err.Error()
		}
		out = append(out, s)
	}
	return out
}

// SayEvidence makes the messages about the evidence of a process, which may be gone.
func SayEvidence(about message.Message, e EvidenceTaken) []message.Message {
	var out []message.Message
	if s := about; e.Path != "" {
		s.Kind, s.Detail = message.EvidenceKept, e.Path
		out = append(out, s)
	}
	if s := about; e.Err != nil {
		s.Kind, s.Detail = message.EvidenceFailed, e.Err.Error()
		out = append(out, s)
	}
	return append(out, SayKilled(about, e.Ended)...)
}

// Stuck reports whether one of those that were to be ended could not be ended.
func Stuck(ended []restart.Ended) bool {
	return slices.ContainsFunc(ended, func(e restart.Ended) bool {
		return e.Outcome == restart.Unkillable || e.Outcome == restart.Refused
	})
}

func (t *turn) sayAll(messages []message.Message) {
	for _, s := range messages {
		t.do(Say{s})
	}
}

func (l *Life) about() message.Message { return message.Message{Process: l.Name, Group: l.Spec.Group} }

// Environment is what a script gets. extra comes from env: and may not hide it; rung is
// that of a hook, or empty, and used is how many attempts are used.
func (l *Life) Environment(extra map[string]string, rung string, used int) map[string]string {
	env := map[string]string{}
	maps.Copy(env, extra)
	var left []string
	for _, id := range l.Tracks() {
		left = append(left, strconv.Itoa(id.PID))
	}
	event, attempt := l.event, l.attempt().number
	if h, is := l.at.(*inHand); is && h.By != "" {
		event = "manual"
	}
	if rung != "" {
		event, attempt = "escalate", used
	}
	maps.Copy(env, map[string]string{
		"PROCWARD_EVENT": event, "PROCWARD_PROCESS": l.Name, "PROCWARD_GROUP": l.Spec.Group,
		"PROCWARD_PID": "", "PROCWARD_PIDS": strings.Join(left, " "), "PROCWARD_CAUSE": l.lastCause,
		"PROCWARD_EXIT_CODE": "", "PROCWARD_EXIT_SIGNAL": "",
		"PROCWARD_ATTEMPT": strconv.Itoa(attempt), "PROCWARD_ATTEMPTS": l.Spec.Restart.Attempts.String(),
		"PROCWARD_RUNG": rung,
	})
	if pid := l.LastDead().PID; l.event == "exit" && pid != 0 {
		env["PROCWARD_PID"] = strconv.Itoa(pid)
	}
	if l.event == "stall" {
		env["PROCWARD_PID"] = strconv.Itoa(l.stalledPID)
	}
	if l.event == "exit" && l.cause.Known && l.cause.Signal == 0 {
		env["PROCWARD_EXIT_CODE"] = strconv.Itoa(l.cause.Code)
	}
	if l.event == "exit" && l.cause.Signal != 0 {
		env["PROCWARD_EXIT_SIGNAL"] = watch.SignalName(l.cause.Signal)
	}
	return env
}
