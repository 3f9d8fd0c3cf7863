package systemd

import (
	"context"
	"errors"
)

// Unit is what systemd says of one unit, read at one instant.
type Unit struct {
	Name        string
	LoadState   string // "loaded"; "not-found": there is no such unit
	ActiveState string // active, reloading, inactive, failed, activating, deactivating
	SubState    string // running, dead, auto-restart, stop-sigterm …
	Result      string // of a service: success, exit-code, signal, watchdog, oom-kill …
	MainPID     int    // 0: none, or not known to systemd
	Restart     string // the Restart= setting: no, always, on-failure …
	JobType     string // the pending job: start, stop, restart, reload …; "" if none
	// Requested says that the unit is in the operator's hands: somebody (a person, a
	// package's upgrade, a dependency) has asked systemd to stop, restart or start it,
	// and it is not up again since. A unit that ended by itself is not Requested, however
	// it ended; nor is one that Link.Restart is at work on.
	Requested bool
}

// Up says that the unit is active, or reloading, which it does while active.
func (u Unit) Up() bool { return u.ActiveState == "active" || u.ActiveState == "reloading" }

// Unit reads a unit by its full name ("httpd.service"). A unit that does not exist is
// no error: it is inactive, with the LoadState "not-found".
func (l *Link) Unit(ctx context.Context, name string) (Unit, error) {
	return Unit{}, errors.ErrUnsupported
}
