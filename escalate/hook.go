package escalate

import (
	"errors"
	"fmt"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
)

// Exit codes of a hook. Any other code means that the rung failed.
const (
	HandedOver = 0  // another host has it now
	NextRung   = 75 // not handled (EX_TEMPFAIL): climb on
)

// Hook runs a script that hands the group over, for instance to clusterware.
type Hook struct {
	// the script. Required
	Run script.Argv `yaml:"run"`
	// of the script
	Timeout scalar.Duration `yaml:"timeout"`
	// the user that it runs as
	User string `yaml:"user"`
	// its additional environment
	Env  map[string]string `yaml:"env"`
	Wait *scalar.Duration  `yaml:"wait"`
}

// DefaultHook returns a hook rung with its defaults.
func DefaultHook() Hook { return Hook{Timeout: scalar.Duration(time.Minute)} }

// SetDefaults sets the defaults before the keys are read.
func (h *Hook) SetDefaults() { *h = DefaultHook() }

func (h *Hook) wait() *scalar.Duration { return h.Wait }
func (h *Hook) deed() Deed             { return h }

func (h *Hook) validate() error {
	errs := []error{scalar.Under("run", h.Run.Validate()), scalar.Under("env", scalar.ValidateEnv(h.Env))}
	if h.Timeout <= 0 {
		errs = append(errs, scalar.Errorf("timeout", "must be above 0s"))
	}
	return errors.Join(errs...)
}

func (h *Hook) words(int) string { return fmt.Sprintf(": %s, at most %v", h.Run.Line(), h.Timeout) }
