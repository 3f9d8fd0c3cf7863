package escalate

import (
	"errors"
	"fmt"
	"time"

	"procward/internal/scalar"
)

// RestartGroup restarts the whole group, again until its own attempts are used.
type RestartGroup struct {
	// a number from 1
	Attempts scalar.Limit `yaml:"attempts"`
	// a sliding window for these attempts
	Window scalar.Duration  `yaml:"window"`
	Wait   *scalar.Duration `yaml:"wait"`
}

// DefaultRestartGroup returns a restart-group rung with its defaults.
func DefaultRestartGroup() RestartGroup {
	return RestartGroup{Attempts: scalar.AtMost(1), Window: scalar.Duration(24 * time.Hour)}
}

// SetDefaults sets the defaults before the keys are read.
func (r *RestartGroup) SetDefaults() { *r = DefaultRestartGroup() }

func (r *RestartGroup) wait() *scalar.Duration { return r.Wait }
func (r *RestartGroup) deed() Deed             { return Regroup{} }

func (r *RestartGroup) own() *Tries { return &Tries{r.Attempts, r.Window} }

func (r *RestartGroup) validate() error {
	var errs []error
	if !r.Attempts.Allows(0) {
		errs = append(errs, scalar.Errorf("attempts", "is 0: remove the rung instead"))
	}
	if r.Attempts.Unlimited {
		errs = append(errs, scalar.Errorf("attempts", "unlimited would never reach the next rung: write a number"))
	}
	if r.Window <= 0 {
		errs = append(errs, scalar.Errorf("window", "must be above 0s"))
	}
	return errors.Join(errs...)
}

func (r *RestartGroup) words(try int) string {
	return fmt.Sprintf(", attempt %d of %v in any %v", try, r.Attempts, r.Window)
}

// StopGroup stops the group.
type StopGroup struct {
	Plain `yaml:",inline"`
}

func (*StopGroup) deed() Deed { return Regroup{StopOnly: true} }
