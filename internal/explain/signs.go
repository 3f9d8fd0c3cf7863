package explain

import (
	"fmt"
	"time"

	confd "procward/conf.d"
	"procward/internal/rehearse"
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
func signsOf(cfg *confd.Config, name string, p confd.Process) []Sign {
	var out []Sign
	checks, passive := p.Checks(), p.Vital()
	for i, sign := range probe.Names(checks) {
		out = append(out, signOf(sign, checks[i].Action, probe.WorstCase(checks[i])))
	}
	for _, sign := range vital.Names(passive) {
		out = append(out, signOf(sign, vital.Action(passive, sign), vital.Within(passive, sign)))
	}
	follow(out, cfg, name, p)
	return out
}

func signOf(name string, action watch.Action, bad time.Duration) Sign {
	return Sign{Name: name, Action: string(action), BadS: bad.Seconds(), Text: fmt.Sprintf("bad at most %s after it begins", Span(bad))}
}

// follow adds what follows when a sign is bad. The way to the restart is the same for all, and
// rehearsed with the first that has one.
func follow(signs []Sign, cfg *confd.Config, name string, p confd.Process) {
	work := time.Duration(-1)
	for i := range signs {
		s := &signs[i]
		switch {
		case s.Action == string(watch.ActReport):
			s.Text += "; that is reported, and nothing else"
			continue
		case !p.Restart.Attempts.Allows(0):
			s.Text += ", and the ladder begins"
			continue
		case work < 0:
			work = rehearse.Stall(cfg, name, s.Name, evidenceTime(p))
		}
		seconds := s.BadS + work.Seconds()
		s.ScriptS = &seconds
		s.Text += fmt.Sprintf(", its restart at most %s after it", Span(time.Duration(seconds*float64(time.Second))))
	}
}

// evidenceTime is how long the evidence and the dump of a stalled process take at most.
func evidenceTime(p confd.Process) time.Duration {
	if dump := p.Restart.Dump; dump != nil {
		return evidence.Longest + dump.Wait.D()
	}
	return evidence.Longest
}

func signFacts(signs []Sign) []Fact {
	var facts []Fact
	for _, s := range signs {
		facts = append(facts, Fact{"sign " + s.Name, s.Text})
	}
	return facts
}
