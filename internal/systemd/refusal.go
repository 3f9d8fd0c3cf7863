package systemd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"procward/internal/scalar"
)

// ErrMasked means that the unit is masked: an operator does not want it to start.
var ErrMasked = errors.New("it is masked, which says that it must not be started: systemctl unmask lifts that")

// ErrUnheard means that an order did not reach systemd, or that we are not permitted to
// give it: nothing was tried, and nothing is known of the unit.
var ErrUnheard = errors.New("systemd was not asked")

// refusals are the errors with which systemd refuses an order (bus-common-errors.h of
// systemd), and what to do about them.
var refusals = []struct {
	names  string
	is     error  // nil: the refusal is just that
	remedy string // "%s" is the unit
}{
	{"TransactionIsDestructive TransactionJobsConflicting ShuttingDown", ErrConflict, ""},
	{"UnitMasked", ErrMasked, ""},
	{"NoSuchUnit LoadFailed", nil, "there is no such unit, or systemd has not read it yet: see systemctl status %s, then correct the name, or systemctl daemon-reload"},
	{"BadUnitSetting", nil, "its unit file is bad: see systemd-analyze verify %s"},
	{"OnlyByDependency", nil, "it has RefuseManualStart= or RefuseManualStop=: name the unit that pulls %s in, or lift that"},
	{"JobTypeNotApplicable", nil, "units of this type cannot be restarted: name a service instead of %s"},
	{"TransactionOrderIsCyclic", nil, "what it depends on goes round in a circle: see systemd-analyze verify %s"},
}

// refusal says why systemd did not make a job of an order, and who has to act.
func refusal(unit string, err error) error {
	name := errorName(err)
	switch name {
	case "":
		return err
	case "org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "org.freedesktop.DBus.Error.AuthFailed":
		return fmt.Errorf("%w: procward may not do that: run it as root, or permit it by polkit (org.freedesktop.systemd1.manage-units): %w", ErrUnheard, err)
	case "org.freedesktop.DBus.Error.LimitsExceeded", "org.freedesktop.DBus.Error.NoMemory", "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner":
		return fmt.Errorf("%w: %w", ErrUnheard, err)
	}
	for _, r := range refusals {
		for n := range strings.FieldsSeq(r.names) {
			switch {
			case name != systemdName+"."+n:
			case r.is != nil:
				return fmt.Errorf("%w: %w", r.is, err)
			default:
				return fmt.Errorf("%w: "+r.remedy, err, unit)
			}
		}
	}
	return err
}

// jobFailed is a job that was not done, and the state of the unit after it.
type jobFailed struct {
	result string
	unit   Unit
}

func (e *jobFailed) Error() string {
	text := fmt.Sprintf("the job ended with %q; the unit is %s (%s, %s)", e.result, e.unit.ActiveState, e.unit.SubState, e.unit.Result)
	switch e.result {
	case "dependency":
		return text + "; a unit that it requires could not be started: see systemctl list-dependencies " + e.unit.Name
	case "failed":
		return text + ": see journalctl -u " + e.unit.Name
	case "assert":
		return text + "; an Assert of the unit does not hold: see systemctl status " + e.unit.Name
	}
	return text
}

// failure says how a job ended that was not done.
func (e *errand) failure(ctx context.Context, result string) error {
	if result == "canceled" {
		return fmt.Errorf("the job was cancelled: %w", ErrConflict)
	}
	u, err := e.Unit(ctx, e.unit)
	if err != nil {
		return fmt.Errorf("the job ended with %q", result)
	}
	return &jobFailed{result, u}
}

const startLimitHit = "start-limit-hit"

// lastStart is when the unit last began to start, in systemd's time.
func (e *errand) lastStart(ctx context.Context, unit string) (at uint64, known bool) {
	err := e.read(ctx, func(ctx context.Context, s *session) error {
		return s.askOf(ctx, unitIface, unit, "InactiveExitTimestampMonotonic").answers(&at)
	})
	return at, err == nil
}

// lift lifts the start limit of a unit, and reports whether it did: it does not if there
// is no limit, or one with an action.
func (e *errand) lift(ctx context.Context, unit string) bool {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var burst uint32
	var interval uint64
	var action string
	err := e.read(ctx, func(ctx context.Context, s *session) error {
		return s.askOf(ctx, unitIface, unit, "StartLimitBurst", "StartLimitIntervalUSec", "StartLimitAction").answers(&burst, &interval, &action)
	})
	if err != nil || action != "none" || burst == 0 || interval == 0 {
		return false
	}
	s, err := e.connected(ctx)
	if err == nil {
		err = s.manager().CallWithContext(ctx, managerIface+".ResetFailedUnit", 0, unit).Err
	}
	if err == nil && e.Lifted != nil {
		e.Lifted(fmt.Sprintf("StartLimitBurst=%d in StartLimitIntervalSec=%v", burst, scalar.Duration(interval)*scalar.Duration(time.Microsecond)))
	}
	return err == nil
}
