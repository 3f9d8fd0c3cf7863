package systemd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

const orderLimit = 10 * time.Minute // of an order whose context has no deadline

// order is what is asked of a unit: a method of the manager, and the mode of its job.
type order struct{ verb, method, mode string }

// wait is one order that waits for its job.
type wait struct {
	order
	id      uint32            // 0: not known yet
	results map[uint32]string // of all jobs that ended meanwhile
	news    chan struct{}
}

// removed is called with the link's lock held.
func (w *wait) removed(id uint32, result string) {
	w.results[id] = result
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// Restart asks systemd to restart the unit, with mode "fail", and waits for the job to
// end. ErrConflict is wrapped where systemd refuses because of a conflicting job, or
// the job was cancelled for one. Other errors hold the job's result and the state of
// the unit. When ctx ends the job goes on; without a deadline it is waited for 10
// minutes.
func (l *Link) Restart(ctx context.Context, unit string) error {
	return l.carryOut(ctx, unit, order{"restart", "RestartUnit", "fail"})
}

// Start starts the unit as Restart restarts it; one that is up is left alone.
func (l *Link) Start(ctx context.Context, unit string) error {
	return l.carryOut(ctx, unit, order{"start", "StartUnit", "fail"})
}

// Stop stops the unit as Restart restarts it, so that its own Restart= does not start it
// again; one that is down, or that systemd does not know (any more), is stopped already.
// With force a conflicting job is replaced, as by systemctl stop.
func (l *Link) Stop(ctx context.Context, unit string, force bool) error {
	o := order{"stop", "StopUnit", "fail"}
	if force {
		o.mode = "replace"
	}
	err := l.carryOut(ctx, unit, o)
	if errorName(err) == systemdName+".NoSuchUnit" {
		return nil
	}
	return err
}

func (l *Link) carryOut(ctx context.Context, unit string, o order) error {
	ctx, cancel := bounded(ctx, orderLimit)
	defer cancel()
	if err := l.obeyed(ctx, unit, o); err != nil {
		return fmt.Errorf("%s %s: %w", o.verb, unit, l.orClosed(err))
	}
	return nil
}

func (l *Link) obeyed(ctx context.Context, unit string, o order) error {
	w := &wait{order: o, results: map[uint32]string{}, news: make(chan struct{}, 1)}
	l.mu.Lock()
	l.waiting[w] = true
	l.mu.Unlock()
	defer l.forget(w, unit)
	s, path, err := l.queue(ctx, unit, o)
	if err != nil {
		return conflict(err)
	}
	var id uint32
	if _, err := fmt.Sscanf(string(path), managerPath+"/job/%d", &id); err != nil {
		return fmt.Errorf("systemd names the job %q", path)
	}
	l.mu.Lock()
	w.id = id
	l.mu.Unlock()
	result, err := l.await(ctx, s, w, unit)
	if err != nil || result == "done" {
		return err
	}
	return l.failure(ctx, unit, result)
}

// queue makes the job.
func (l *Link) queue(ctx context.Context, unit string, o order) (s *session, path dbus.ObjectPath, err error) {
	for {
		if s, err = l.connected(ctx); err != nil {
			return nil, "", err
		}
		call := s.manager().CallWithContext(ctx, managerIface+"."+o.method, 0, unit, o.mode)
		if s.lost(call.Err) && unsent(call.Err) && ctx.Err() == nil {
			continue
		}
		err = call.Store(&path)
		return s, path, err
	}
}

// await waits for the end of the job, also over a lost connection.
func (l *Link) await(ctx context.Context, s *session, w *wait, unit string) (string, error) {
	for {
		l.mu.Lock()
		result, over := w.results[w.id]
		l.mu.Unlock()
		if over {
			return result, nil
		}
		select {
		case <-w.news:
		case <-l.closed:
			return "", ErrClosed
		case <-ctx.Done():
			return "", fmt.Errorf("the job still runs: %w", ctx.Err())
		case <-s.conn.Context().Done():
			var err error
			if s, err = l.connected(ctx); err != nil {
				return "", err
			}
			if result, over, err = l.missed(ctx, s, w, unit); over || err != nil && !s.lost(err) {
				return result, err
			}
		}
	}
}

// missed looks whether the job ended while there was no connection. Its result is lost;
// a unit that is as it was asked for stands for "done".
func (l *Link) missed(ctx context.Context, s *session, w *wait, unit string) (result string, over bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var job struct {
		ID   uint32
		Path dbus.ObjectPath
	}
	if err := s.property(ctx, unitPath(unit), unitIface, "Job", &job); err != nil || job.ID == w.id {
		return "", false, err
	}
	u, err := l.Unit(ctx, unit)
	if err != nil || w.verb == "stop" && !u.down() || w.verb != "stop" && !u.Up() {
		return "unknown", true, err
	}
	return "done", true, nil
}

// forget marks the job as one of ours, for requested.
func (l *Link) forget(w *wait, unit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, w)
	if j := l.jobs[unit]; j != nil && w.id != 0 && j.id == w.id {
		j.own = true
	}
}

// failure says how a job ended that was not done.
func (l *Link) failure(ctx context.Context, unit, result string) error {
	if result == "canceled" {
		return fmt.Errorf("the job was cancelled: %w", ErrConflict)
	}
	u, err := l.Unit(ctx, unit)
	if err != nil {
		return fmt.Errorf("the job ended with %q", result)
	}
	return fmt.Errorf("the job ended with %q; the unit is %s (%s, %s)", result, u.ActiveState, u.SubState, u.Result)
}

// conflict tells a refusal because of another job from other errors.
func conflict(err error) error {
	if name := errorName(err); name == systemdName+".TransactionIsDestructive" || name == systemdName+".TransactionJobsConflicting" {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// errorName is the name of a D-Bus error, or "".
func errorName(err error) string {
	if e := (dbus.Error{}); errors.As(err, &e) {
		return e.Name
	}
	if e := (*dbus.Error)(nil); errors.As(err, &e) {
		return e.Name
	}
	return ""
}
