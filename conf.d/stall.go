package confd

import (
	"procward/escalate"
	"procward/internal/scalar"
	"procward/watch/probe"
	"procward/watch/vital"
)

// Sign is one item under stall: of a process: a passive sign, or a probe. Of the common
// keys a passive sign has action alone.
type Sign struct {
	vital.Sign  `yaml:",inline"`
	probe.Check `yaml:",inline"`
}

// passive says that the item is a passive sign.
func (s Sign) passive() bool { return s.Sign != vital.Sign{} }

// Checks is the probes of the process, in order.
func (p Process) Checks() []probe.Check {
	var out []probe.Check
	for _, s := range p.Stall {
		if !s.passive() {
			out = append(out, s.Check)
		}
	}
	return out
}

// Vital is the passive signs and the limits of the process.
func (p Process) Vital() vital.Spec {
	out := vital.Spec{Limits: p.Limits}
	for _, s := range p.Stall {
		if s.passive() {
			out.Signs = append(out.Signs, vital.Judged{Sign: s.Sign, Action: s.Action})
		}
	}
	return out
}

// Monitor is one entry of the monitors: section: a check of something that is not one
// process, and what is restarted when it is bad.
type Monitor struct {
	probe.Check `yaml:",inline"`
	Recover     string          `yaml:"recover"`  // the process or group that is restarted
	Attempts    scalar.Limit    `yaml:"attempts"` // 3 restarts of it per window
	Window      scalar.Duration `yaml:"window"`   // 24h
	When        When            `yaml:"when"`     // always
	Needs       []string        `yaml:"needs"`    // monitors: while one of them is bad, this one is not judged
	Escalate    escalate.Ladder `yaml:"escalate"` // its own ladder
}

// When says when a monitor is judged.
type When string

// The choices of When.
const (
	WhenAlways When = "always" // default
	WhenUp     When = "up"     // only while its target is up
)
