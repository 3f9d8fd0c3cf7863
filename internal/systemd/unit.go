package systemd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// Unit is what systemd says about one unit at one instant.
type Unit struct {
	Name        string        // its main name, if the one asked for is an alias
	LoadState   string        // "loaded"; "not-found": there is no such unit
	ActiveState string        // active, reloading, inactive, failed, activating, deactivating
	SubState    string        // running, dead, auto-restart, stop-sigterm …
	Result      string        // of a service that is down: success, exit-code, signal, watchdog, oom-kill …
	MainPID     int           // 0: none, or not known to systemd
	LastPID     int           // of a service that is down: the last MainPID
	LastStarted time.Duration // and when that began, on CLOCK_MONOTONIC; 0: not known
	Restart     string        // the Restart= setting: no, always, on-failure …
	JobType     string        // the pending job: start, stop, restart, reload …; "" if none
	// Requested: an operator is in charge of the unit. Somebody (a person, the upgrade of a
	// package, a dependency) has asked systemd to stop, restart or start it, and it has not
	// been up since. A unit that ended by itself is not Requested, however it ended; nor is
	// one that this link itself restarts, starts or stops, or has stopped.
	Requested bool
}

func (u Unit) down() bool { return u.ActiveState == "inactive" || u.ActiveState == "failed" }

// Up reports whether the unit is active, or reloading, which it does while active.
func (u Unit) Up() bool { return u.ActiveState == "active" || u.ActiveState == "reloading" }

// Unit reads a unit by its full name ("httpd.service"). A unit that does not exist is no
// error: it is inactive, with the LoadState "not-found".
//
// The link remembers the jobs of every unit that was asked for once. A first question
// that comes only after a stop is answered from systemd's timestamps, which show most of
// it.
func (l *Link) Unit(ctx context.Context, name string) (u Unit, err error) {
	l.lookAfter(name)
	err = l.read(ctx, func(ctx context.Context, s *session) (err error) {
		u, err = l.readUnit(ctx, s, name)
		return err
	})
	if err != nil {
		return Unit{}, fmt.Errorf("unit %s: %w", name, err)
	}
	return u, nil
}

// listed is a unit and its job as ListUnitsByNames (systemd 230) reports them, in one
// piece, in a tenth of the time that all properties of a unit need.
type listed struct {
	Name, Description, LoadState, ActiveState, SubState, Following string

	Path    dbus.ObjectPath
	JobID   uint32
	JobType string
	JobPath dbus.ObjectPath
}

// readUnit asks again if the first answer has brought another name for the unit: the bus
// was not yet asked for the jobs of that name.
func (l *Link) readUnit(ctx context.Context, s *session, name string) (Unit, error) {
	u, err := l.askAtOnce(ctx, s, name)
	if err == nil && l.isCalled(name, u.Name) {
		return l.askAtOnce(ctx, s, name)
	}
	return u, err
}

// askAtOnce asks again if the news of a job came between the answers. Otherwise the jobs
// would belong to another moment than the state, and a unit that is being started would
// look as if nobody was in charge of it.
func (l *Link) askAtOnce(ctx context.Context, s *session, name string) (u Unit, err error) {
	for range jobsBetween {
		before := l.jobNews(name)
		if u, err = l.askFor(ctx, s, name); err != nil || l.jobNews(name) == before {
			break
		}
	}
	return u, err
}

// jobsBetween limits how many times a unit is asked for whose jobs come one after the
// other.
const jobsBetween = 4

func (l *Link) askFor(ctx context.Context, s *session, name string) (Unit, error) {
	if err := s.follow(ctx, l.systemdsName(name)); err != nil {
		return Unit{}, err
	}
	var found []listed
	var pid uint32
	var restart string
	list := s.manager().GoWithContext(ctx, managerIface+".ListUnitsByNames", 0, make(chan *dbus.Call, 1), []string{name})
	service := s.ask(ctx, name, "MainPID", "Restart")
	if err := (<-list.Done).Store(&found); err != nil {
		return Unit{}, err
	}
	if len(found) != 1 {
		return Unit{}, errors.New("this is not the name of a unit: write for example httpd.service")
	}
	if err := service.answers(&pid, &restart); err != nil {
		return Unit{}, err
	}
	f := found[0]
	u := Unit{
		Name: f.Name, LoadState: f.LoadState, ActiveState: f.ActiveState, SubState: f.SubState,
		MainPID: int(pid), Restart: restart, JobType: f.JobType,
	}
	l.lookAfter(u.Name)
	last, own := l.lastJob(u.Name, f.JobID)
	t, err := s.times(ctx, &u)
	if err != nil {
		return Unit{}, err
	}
	u.Requested = requested(u, t, last, own)
	return u, nil
}

// times are systemd's timestamps on CLOCK_MONOTONIC; 0: never since it loaded the unit.
type times struct {
	inactiveExit time.Duration // it last left inactive or failed
	activeExit   time.Duration // it last left active
	mainExit     time.Duration // its main process last ended
}

// times reads the timestamps, and the result, of a unit that is down.
func (s *session) times(ctx context.Context, u *Unit) (t times, err error) {
	if !u.down() {
		return times{}, nil
	}
	var inactiveExit, activeExit, mainStart, mainExit uint64
	var last uint32
	service := s.ask(ctx, u.Name, "Result", "ExecMainExitTimestampMonotonic", "ExecMainPID", "ExecMainStartTimestampMonotonic")
	unit := s.askOf(ctx, unitIface, u.Name, "InactiveExitTimestampMonotonic", "ActiveExitTimestampMonotonic")
	if err := service.answers(&u.Result, &mainExit, &last, &mainStart); err != nil {
		return times{}, err
	}
	if err := unit.answers(&inactiveExit, &activeExit); err != nil {
		return times{}, err
	}
	const µs = time.Microsecond
	u.LastPID, u.LastStarted = int(last), time.Duration(mainStart)*µs
	return times{time.Duration(inactiveExit) * µs, time.Duration(activeExit) * µs, time.Duration(mainExit) * µs}, nil
}

// questions are properties asked for, all at once.
type questions []*dbus.Call

// ask asks for properties of a service; of other units nothing.
func (s *session) ask(ctx context.Context, unit string, names ...string) questions {
	if !strings.HasSuffix(unit, ".service") {
		return nil
	}
	return s.askOf(ctx, serviceIface, unit, names...)
}

func (s *session) askOf(ctx context.Context, iface, unit string, names ...string) (q questions) {
	o := s.conn.Object(systemdName, unitPath(unit))
	for _, name := range names {
		q = append(q, o.GoWithContext(ctx, getProperty, 0, make(chan *dbus.Call, 1), iface, name))
	}
	return q
}

// answers stores the values in the order of the questions.
func (q questions) answers(values ...any) error {
	for i, call := range q {
		if err := (<-call.Done).Store(values[i]); err != nil {
			return err
		}
	}
	return nil
}
