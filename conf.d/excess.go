package confd

import (
	"errors"
	"time"

	"procward/internal/scalar"
	"procward/procscan"
)

// Excess says what to do if there are more processes than count.max. In YAML it is a
// word, or a section.
type Excess struct {
	// `report`, or `restart`: all are ended as `kill` says, then `run`
	Action ExcessAction `yaml:"action"`
	// so long there must be too many before they are restarted
	For scalar.Duration `yaml:"for"`
}

// ExcessAction says what to do.
type ExcessAction string

// The choices of ExcessAction.
const (
	ExcessReport  ExcessAction = "report" // default
	ExcessRestart ExcessAction = "restart"
)

// DefaultExcess returns an Excess with its defaults. A server that finishes its work
// beside its successor (haproxy -sf, an exec upgrade) is one too many for a while, and
// this is no failure.
func DefaultExcess() Excess {
	return Excess{Action: ExcessReport, For: scalar.Duration(30 * time.Second)}
}

// UnmarshalText reads the short form: the action alone.
func (e *Excess) UnmarshalText(text []byte) error {
	e.Action = ExcessAction(text)
	return nil
}

// validate reports what makes no sense together with the match.
func (e Excess) validate(match procscan.Match) error {
	var errs []error
	switch {
	case e.Action != ExcessReport && e.Action != ExcessRestart:
		errs = append(errs, scalar.Errorf("excess", "%q is neither report nor restart", e.Action))
	case e.Action == ExcessRestart && match.Count.Max.Unlimited:
		errs = append(errs, scalar.Errorf("excess", "restart can never happen while match.count.max is unlimited: set match.count.max, or remove excess"))
	}
	return errors.Join(errs...)
}
