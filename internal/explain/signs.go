package explain

import (
	"fmt"
	"time"

	confd "procward/conf.d"
	"procward/watch"
	"procward/watch/evidence"
	"procward/watch/probe"
	"procward/watch/vital"
)

// Sign is one sign of a stall, with its worst case.
type Sign struct {
	Name    string   `json:"name"`
	Action  string   `json:"action"`
	BadS    float64  `json:"bad_s"`              // from the stall until it is bad
	ScriptS *float64 `json:"script_s,omitempty"` // from the stall until the script of the first attempt runs
	Text    string   `json:"text"`
}

// signsOf is the signs of a process: its probes, then what is passive.
func signsOf(p confd.Process) []Sign {
	var out []Sign
	checks, passive := p.Checks(), p.Vital()
	for i, name := range probe.Names(checks) {
		out = append(out, signOf(p, name, checks[i].Action, probe.WorstCase(checks[i])))
	}
	for _, name := range vital.Names(passive) {
		out = append(out, signOf(p, name, vital.Action(passive, name), vital.Within(passive, name)))
	}
	return out
}

func signOf(p confd.Process, name string, action watch.Action, bad time.Duration) Sign {
	s := Sign{Name: name, Action: string(action), BadS: bad.Seconds(), Text: fmt.Sprintf("bad at most %s after it begins", Span(bad))}
	_, pause := p.Restart.PauseRange(1)
	switch {
	case action == watch.ActReport:
		s.Text += "; that is reported, and nothing else"
	case p.Restart.Attempts.Allows(0):
		script := bad + stallWork(p) + pause
		seconds := script.Seconds()
		s.ScriptS = &seconds
		s.Text += fmt.Sprintf(", its restart at most %s after it", Span(script))
	default:
		s.Text += ", and the ladder begins"
	}
	return s
}

// stallWork is what lies at most between a stall and its restart: evidence, dump, kill.
func stallWork(p confd.Process) time.Duration {
	d := evidence.Longest + p.Restart.Kill.Longest()
	if dump := p.Restart.Dump; dump != nil {
		d += dump.Wait.D()
	}
	return d
}

func signFacts(signs []Sign) []Fact {
	var facts []Fact
	for _, s := range signs {
		facts = append(facts, Fact{"sign " + s.Name, s.Text})
	}
	return facts
}
