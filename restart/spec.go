// Package restart is the restart policy, a pure function of history and time. It also
// ends processes before a restart.
package restart

import (
	"errors"
	"regexp"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
	"procward/internal/script"
)

// When says after which ends a process is restarted.
type When string

// The choices of When.
const (
	Always   When = "always"   // after every end (default)
	Abnormal When = "abnormal" // only after a signal or a non-zero exit; an unknown cause counts as abnormal
)

// Spec is the restart: section of a process.
type Spec struct {
	// the script; either this or `unit`
	Run script.Argv `yaml:"run"`
	// the systemd unit that is restarted over D-Bus, with its suffix: `httpd.service`
	Unit string `yaml:"unit"`
	// `always`: after every end; `abnormal`: only after an end that `clean` does not name
	When When `yaml:"when"`
	// with `when: abnormal`: the exit codes and signals that are a clean end. Absent: exit
	// code 0
	Clean Endings `yaml:"clean"`
	// exit codes and signals after which no restart is tried
	Final Endings `yaml:"final"`
	// restarts within the window; `unlimited`; `0`: only watch and escalate
	Attempts scalar.Limit `yaml:"attempts"`
	// a sliding window
	Window scalar.Duration `yaml:"window"`
	// before every attempt
	Delay scalar.Duration `yaml:"delay"`
	// an additional wait before the second and later attempts of one outage
	Backoff Backoff `yaml:"backoff"`
	// of the script, or of the unit's job
	Timeout scalar.Duration `yaml:"timeout"`
	// after the end of the script, the process must be found within this time
	StartTimeout scalar.Duration `yaml:"start-timeout"`
	// so long it must stay up to count as recovered
	Settle scalar.Duration `yaml:"settle"`
	// [how processes are ended](#how-processes-are-ended); `never` leaves this to the script
	Kill Kill `yaml:"kill"`
	// which workers of a dead process are ended before its restart: `auto`, `kill`, `leave`
	Orphans Orphans `yaml:"orphans"`
	// `{signal: QUIT, wait: 2s}`: a signal before a stalled process is killed
	Dump *Dump `yaml:"dump"`
	// the user that the script runs as; without it procward's own user. Not with `unit`
	User string `yaml:"user"`
	// additional environment of the script: `{LANG: C}`. Not with `unit`
	Env map[string]string `yaml:"env"`
}

// Backoff is the additional wait before attempt n > 1 of one outage: initial times factor
// to the power n-2, at most max, with a random spread of jitter.
type Backoff struct {
	// before the second attempt
	Initial scalar.Duration `yaml:"initial"`
	// each further wait is longer by this factor; 1 to 1000
	Factor float64 `yaml:"factor"`
	// the longest wait, from `initial`
	Max scalar.Duration `yaml:"max"`
	// a random part, more or less; 0 to 1
	Jitter float64 `yaml:"jitter"`
}

// Kill is how a process is ended before it is restarted.
type Kill struct {
	Never bool `yaml:"-"` // `kill: never` leaves it to the script
	// by name
	Signal string `yaml:"signal"`
	// then SIGKILL
	Timeout scalar.Duration `yaml:"timeout"`
	// `true`: its descendants are ended at the same time
	Tree bool `yaml:"tree"`
}

// Wanted says which values are allowed, for error messages.
func (Kill) Wanted() string { return "the word never, or {signal: TERM, timeout: 10s}" }

// UnmarshalText reads the word "never".
func (k *Kill) UnmarshalText(text []byte) error {
	if string(text) != "never" {
		return errors.New("write the word never, or {signal: TERM, timeout: 10s}")
	}
	*k = Kill{Never: true}
	return nil
}

// Number is the signal's number; TERM and SIGTERM are the same; 0 if there is none.
func (k Kill) Number() unix.Signal { return number(k.Signal) }

func number(signal string) unix.Signal {
	if s := unix.SignalNum(signal); s != 0 {
		return s
	}
	return unix.SignalNum("SIG" + signal)
}

// DefaultSpec returns a Spec with the defaults, before its keys are read.
func DefaultSpec() Spec {
	return Spec{
		When: Always, Attempts: scalar.AtMost(3), Window: sec(24 * time.Hour),
		Backoff: Backoff{Initial: sec(time.Second), Factor: 2, Max: sec(time.Minute), Jitter: 0.1},
		Timeout: sec(time.Minute), StartTimeout: sec(30 * time.Second), Settle: sec(5 * time.Second),
		Kill: Kill{Signal: "TERM", Timeout: sec(10 * time.Second)}, Orphans: AutoOrphans,
	}
}

func sec(d time.Duration) scalar.Duration { return scalar.Duration(d) }

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (s Spec) Validate() error {
	var errs []error
	bad := func(key, format string, args ...any) { errs = append(errs, scalar.Errorf(key, format, args...)) }
	switch {
	case s.Run != nil && s.Unit != "":
		bad("unit", "stands beside run: keep one of them")
	case s.Run != nil:
		errs = append(errs, scalar.Under("run", s.Run.Validate()))
	case s.Unit == "" && s.Attempts != scalar.AtMost(0):
		bad("", "says not how: give run or unit, or attempts: 0 to watch and escalate only")
	}
	if s.When != Always && s.When != Abnormal {
		bad("when", "%q is neither always nor abnormal", s.When)
	}
	if !s.Orphans.valid() {
		bad("orphans", "%q is not one of auto, leave, kill", s.Orphans)
	}
	for _, v := range []struct {
		key string
		d   scalar.Duration
	}{{"window", s.Window}, {"timeout", s.Timeout}, {"start-timeout", s.StartTimeout}} {
		if v.d <= 0 {
			bad(v.key, "must be above 0s")
		}
	}
	if !(s.Backoff.Factor >= 1 && s.Backoff.Factor <= 1000) { // also not NaN
		bad("backoff.factor", "%v is not from 1 to 1000", s.Backoff.Factor)
	}
	if !(s.Backoff.Jitter >= 0 && s.Backoff.Jitter <= 1) {
		bad("backoff.jitter", "%v is not from 0 to 1", s.Backoff.Jitter)
	}
	if s.Backoff.Max < s.Backoff.Initial {
		bad("backoff.max", "%v is below backoff.initial, which is %v", s.Backoff.Max, s.Backoff.Initial)
	}
	errs = append(errs, s.validateEndings())
	if s.Unit != "" {
		errs = append(errs, s.validateUnit())
	}
	if s.Dump != nil {
		errs = append(errs, scalar.Under("dump", s.Dump.Validate()))
	}
	errs = append(errs, scalar.Under("kill", s.Kill.Validate()), scalar.Under("env", scalar.ValidateEnv(s.Env)))
	return errors.Join(errs...)
}

// unitName matches the name of a unit as in systemd.unit(5), of a type that can be
// restarted.
var unitName = regexp.MustCompile(`^[A-Za-z0-9:_.\\@-]+\.(service|socket|target|mount|automount|swap|timer|path|slice)$`)

// validateUnit reports a name without its type, and keys that only have an effect on a
// script.
func (s Spec) validateUnit() error {
	var errs []error
	if !unitName.MatchString(s.Unit) {
		errs = append(errs, scalar.Errorf("unit", "%q is not the full name of a unit: write for example httpd.service", s.Unit))
	}
	if s.User != "" {
		errs = append(errs, scalar.Errorf("user", "does not go with unit, where systemd decides: remove it"))
	}
	if s.Env != nil {
		errs = append(errs, scalar.Errorf("env", "does not go with unit, where systemd decides: remove it"))
	}
	return errors.Join(errs...)
}

// Validate reports a signal that does not exist and a timeout of zero.
func (k Kill) Validate() error {
	if k.Never {
		return nil
	}
	var errs []error
	if k.Number() == 0 {
		errs = append(errs, scalar.Errorf("signal", "%q is not a signal: write for example TERM", k.Signal))
	}
	if k.Timeout <= 0 {
		errs = append(errs, scalar.Errorf("timeout", "must be above 0s; SIGKILL follows it"))
	}
	return errors.Join(errs...)
}
