package escalate

import (
	"fmt"

	"procward/internal/scalar"
)

// DefaultExitCode is the exit code of stop-daemon.
const DefaultExitCode = 70

// StopDaemon ends procward itself with an exit code that clusterware sees.
type StopDaemon struct {
	// 70 to 79: the systemd unit does not restart procward on these
	ExitCode *int             `yaml:"exit-code"`
	Wait     *scalar.Duration `yaml:"wait"`
}

// SetDefaults sets the defaults before the keys are read.
func (s *StopDaemon) SetDefaults() {
	code := DefaultExitCode
	*s = StopDaemon{ExitCode: &code}
}

func (s *StopDaemon) wait() *scalar.Duration { return s.Wait }
func (s *StopDaemon) deed() Deed             { return Leave{Code: s.code()} }

func (s *StopDaemon) validate() error {
	if c := s.code(); c < 70 || c > 79 {
		return scalar.Errorf("exit-code", "%d is not from 70 to 79, the codes on which the systemd unit leaves procward stopped", c)
	}
	return nil
}

func (s *StopDaemon) code() int {
	if s.ExitCode == nil {
		return DefaultExitCode
	}
	return *s.ExitCode
}

func (s *StopDaemon) words(int) string {
	return fmt.Sprintf(": procward ends with exit code %d", s.code())
}
