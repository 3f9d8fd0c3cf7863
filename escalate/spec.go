// Package escalate is the ladder that is climbed when restarts do not help: the pure
// ladder, and the actors of its rungs.
package escalate

import (
	"errors"
	"fmt"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
)

// Rung is one step of a ladder. Exactly one of its fields is set.
type Rung struct {
	RestartGroup  *RestartGroup `yaml:"restart-group"`
	Hook          *Hook         `yaml:"hook"`
	StopGroup     *Plain        `yaml:"stop-group"`
	StopDaemon    *StopDaemon   `yaml:"stop-daemon"`
	Shutdown      *Plain        `yaml:"shutdown"`
	Reboot        *Plain        `yaml:"reboot"`
	Panic         *Plain        `yaml:"panic"`
	WatchdogReset *Plain        `yaml:"watchdog-reset"`
	WatchdogPanic *Plain        `yaml:"watchdog-panic"`
	None          *Plain        `yaml:"none"`
}

// Plain is a rung without settings of its own.
type Plain struct {
	Wait *scalar.Duration `yaml:"wait"` // after its action, to show a recovery; 60s
}

// RestartGroup restarts the whole group, again until its own attempts are spent.
type RestartGroup struct {
	Attempts scalar.Limit     `yaml:"attempts"` // 1 per window
	Window   scalar.Duration  `yaml:"window"`   // 24h
	Wait     *scalar.Duration `yaml:"wait"`
}

// Hook runs a script that hands the group over, for instance to clusterware: exit 0 is
// handed over, 75 (EX_TEMPFAIL) next rung, anything else a failed rung.
type Hook struct {
	Run     script.Argv       `yaml:"run"`
	Timeout scalar.Duration   `yaml:"timeout"` // 60s
	User    string            `yaml:"user"`
	Env     map[string]string `yaml:"env"`
	Wait    *scalar.Duration  `yaml:"wait"`
}

// StopDaemon ends procward itself with an exit code that clusterware sees.
type StopDaemon struct {
	ExitCode *int             `yaml:"exit-code"` // 70 to 79; 70
	Wait     *scalar.Duration `yaml:"wait"`
}

// DefaultWait is the time after a rung's action in which a recovery may show.
const DefaultWait = 60 * time.Second

// DefaultRestartGroup is what a restart-group rung holds before its keys are read.
func DefaultRestartGroup() RestartGroup {
	return RestartGroup{Attempts: scalar.AtMost(1), Window: scalar.Duration(24 * time.Hour)}
}

// SetDefaults is for who reads the keys.
func (r *RestartGroup) SetDefaults() { *r = DefaultRestartGroup() }

// DefaultHook is what a hook rung holds before its keys are read.
func DefaultHook() Hook { return Hook{Timeout: scalar.Duration(time.Minute)} }

// SetDefaults is for who reads the keys.
func (h *Hook) SetDefaults() { *h = DefaultHook() }

// Exit codes of the hook and the daemon.
const (
	HandedOver      = 0  // of a hook: another host has it now
	NextRung        = 75 // of a hook: not handled, climb on
	DefaultExitCode = 70 // of stop-daemon
)

// Name is the rung's word in the configuration, "" where not exactly one is set.
func (r Rung) Name() string {
	name := ""
	for _, f := range r.fields() {
		if !f.set {
			continue
		}
		if name != "" {
			return ""
		}
		name = f.name
	}
	return name
}

// OS reports whether the rung ends or resets the operating system.
func (r Rung) OS() bool {
	return r.Shutdown != nil || r.Reboot != nil || r.Panic != nil || r.WatchdogReset != nil || r.WatchdogPanic != nil
}

// Wait is the time after the rung's action in which a recovery may show.
func (r Rung) Wait() time.Duration {
	for _, f := range r.fields() {
		if f.set && f.wait != nil {
			return f.wait.D()
		}
	}
	return DefaultWait
}

type field struct {
	name string
	set  bool
	wait *scalar.Duration
}

func (r Rung) fields() []field {
	fs := []field{{name: "restart-group", set: r.RestartGroup != nil}, {name: "hook", set: r.Hook != nil}, {name: "stop-daemon", set: r.StopDaemon != nil}}
	if r.RestartGroup != nil {
		fs[0].wait = r.RestartGroup.Wait
	}
	if r.Hook != nil {
		fs[1].wait = r.Hook.Wait
	}
	if r.StopDaemon != nil {
		fs[2].wait = r.StopDaemon.Wait
	}
	for _, p := range []struct {
		name string
		p    *Plain
	}{{"stop-group", r.StopGroup}, {"shutdown", r.Shutdown}, {"reboot", r.Reboot}, {"panic", r.Panic},
		{"watchdog-reset", r.WatchdogReset}, {"watchdog-panic", r.WatchdogPanic}, {"none", r.None}} {
		f := field{name: p.name, set: p.p != nil}
		if p.p != nil {
			f.wait = p.p.Wait
		}
		fs = append(fs, f)
	}
	return fs
}

// Validate reports every key that is wrong, as scalar.KeyErrors.
func (r Rung) Validate() error {
	if r.Name() == "" {
		return errors.New("names not exactly one of restart-group, hook, stop-group, stop-daemon, shutdown, reboot, panic, watchdog-reset, watchdog-panic, none; each is written like {reboot: {}}")
	}
	var errs []error
	bad := func(key, format string, args ...any) { errs = append(errs, scalar.Errorf(key, format, args...)) }
	switch {
	case r.RestartGroup != nil:
		if !r.RestartGroup.Attempts.Allows(0) {
			bad("restart-group.attempts", "is 0: remove the rung instead")
		}
		if r.RestartGroup.Attempts.Unlimited {
			bad("restart-group.attempts", "unlimited would never reach the next rung: write a number")
		}
		if r.RestartGroup.Window <= 0 {
			bad("restart-group.window", "must be above 0s")
		}
	case r.Hook != nil:
		errs = append(errs, scalar.Under("hook.run", r.Hook.Run.Validate()), scalar.Under("hook.env", scalar.ValidateEnv(r.Hook.Env)))
		if r.Hook.Timeout <= 0 {
			bad("hook.timeout", "must be above 0s")
		}
	case r.StopDaemon != nil && r.StopDaemon.ExitCode != nil:
		if c := *r.StopDaemon.ExitCode; c < 70 || c > 79 {
			bad("stop-daemon.exit-code", "%d is not from 70 to 79, the codes on which the systemd unit leaves procward stopped", c)
		}
	}
	return errors.Join(errs...)
}

// Ladder is the ordered escalation.
type Ladder []Rung

// Wanted is what may stand for it, for the operator.
func (Ladder) Wanted() string { return "a list, like [{restart-group: {}}], or [] for none" }

// Validate reports every rung that is wrong.
func (l Ladder) Validate() error {
	var errs []error
	for i, r := range l {
		errs = append(errs, scalar.Under(fmt.Sprintf("[%d]", i), r.Validate()))
	}
	return errors.Join(errs...)
}
