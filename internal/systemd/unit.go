package systemd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

// Unit is what systemd says of one unit, read at one instant.
type Unit struct {
	Name        string // its main name, where the one asked for is an alias
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
//
// The link remembers the jobs of every unit that was asked for once. A first question
// that comes only after a stop is answered from systemd's timestamps, which tell most.
func (l *Link) Unit(ctx context.Context, name string) (Unit, error) {
	ctx, cancel := bounded(ctx, callLimit)
	defer cancel()
	l.lookAfter(name)
	s, err := l.connected(ctx)
	if err != nil {
		return Unit{}, fmt.Errorf("unit %s: %w", name, err)
	}
	for {
		u, err := l.readUnit(ctx, s, name)
		if errors.Is(err, errJobGone) {
			continue
		}
		if err != nil {
			return Unit{}, fmt.Errorf("unit %s: %w", name, err)
		}
		return u, nil
	}
}

// errJobGone says that a job ended while the unit was looked at.
var errJobGone = errors.New("the job has just gone")

func (l *Link) readUnit(ctx context.Context, s *session, name string) (Unit, error) {
	var p properties
	// One question for all interfaces at once, so that the answer is of one instant.
	err := s.conn.Object(systemdName, unitPath(name)).CallWithContext(ctx, getAll, 0, "").Store((*map[string]dbus.Variant)(&p))
	if err != nil {
		return Unit{}, err
	}
	u := p.unit()
	l.lookAfter(u.Name)
	last := l.lastJob(u.Name)
	var id uint32
	if id, u.JobType, err = p.job(ctx, s); err != nil {
		return Unit{}, err
	}
	own := id != 0 && (last.id == id && last.own || l.lockedIsOwn(id))
	u.Requested = requested(u, p.times(), last, own)
	return u, nil
}

func (l *Link) lockedIsOwn(id uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isOwn(id)
}

// properties are those of a unit, by name.
type properties map[string]dbus.Variant

func get[T any](p properties, name string) (v T) {
	v, _ = p[name].Value().(T)
	return v
}

func (p properties) unit() Unit {
	return Unit{
		Name: get[string](p, "Id"), LoadState: get[string](p, "LoadState"),
		ActiveState: get[string](p, "ActiveState"), SubState: get[string](p, "SubState"),
		Result: get[string](p, "Result"), MainPID: int(get[uint32](p, "MainPID")), Restart: get[string](p, "Restart"),
	}
}

// job is the pending job, 0 if there is none.
func (p properties) job(ctx context.Context, s *session) (id uint32, kind string, err error) {
	pair := get[[]any](p, "Job")
	if len(pair) != 2 {
		return 0, "", nil
	}
	id, _ = pair[0].(uint32)
	path, _ := pair[1].(dbus.ObjectPath)
	if id == 0 {
		return 0, "", nil
	}
	if err = s.property(ctx, path, jobIface, "JobType", &kind); errorName(err) == unknownObject {
		err = errJobGone
	}
	return id, kind, err
}

// times are systemd's timestamps on CLOCK_MONOTONIC; 0: never since it loaded the unit.
type times struct {
	inactiveExit time.Duration // it last left inactive or failed
	activeExit   time.Duration // it last left active
	mainExit     time.Duration // its main process last ended
}

func (p properties) times() times {
	read := func(name string) time.Duration {
		return time.Duration(get[uint64](p, name+"TimestampMonotonic")) * time.Microsecond
	}
	return times{inactiveExit: read("InactiveExit"), activeExit: read("ActiveExit"), mainExit: read("ExecMainExit")}
}
