package systemd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

const requestLimit = 10 * time.Minute // of a request whose context has no deadline

// request is what is asked for a unit: a method of the manager, and the mode of its job.
type request struct{ verb, method, mode string }

// wait is one request that waits for its job.
type wait struct {
	request
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

// Progress has functions that are called as a request goes on. Each may be nil.
type Progress struct {
	Accepted func()             // systemd has made a job of it
	Lifted   func(limit string) // the start limit of the unit was used up, and was lifted
}

// Restart asks systemd to restart the unit, with mode "fail", and waits for the job to
// end. The error wraps ErrConflict if systemd refuses because of a conflicting job, or
// the job was cancelled for one; ErrMasked, ErrRefused as they say. Other errors contain
// the job's result and the state of the unit. When ctx ends the job goes on; without a
// deadline Restart waits for 10 minutes.
//
// If the start limit of the unit (StartLimitBurst= of systemd.unit(5)) is used up,
// systemd would refuse every start without trying: so it is lifted, because callers of
// this link have a limit of their own. A unit with a StartLimitAction= is not touched.
func (l *Link) Restart(ctx context.Context, unit string, p Progress) error {
	return l.carryOut(ctx, unit, request{"restart", "RestartUnit", "fail"}, p)
}

// Start starts the unit in the way of Restart; a unit that is up is left alone.
func (l *Link) Start(ctx context.Context, unit string, p Progress) error {
	return l.carryOut(ctx, unit, request{"start", "StartUnit", "fail"}, p)
}

// Stop stops the unit in the way of Restart, so that its own Restart= does not start it
// again. A unit that is down, or that systemd does not know (any more), is stopped
// already. With force a conflicting job is replaced, as by systemctl stop.
func (l *Link) Stop(ctx context.Context, unit string, force bool) error {
	o := request{"stop", "StopUnit", "fail"}
	if force {
		o.mode = "replace"
	}
	err := l.carryOut(ctx, unit, o, Progress{})
	if errorName(err) == systemdName+".NoSuchUnit" {
		return nil
	}
	return err
}

func (l *Link) carryOut(ctx context.Context, unit string, o request, p Progress) error {
	ctx, cancel := bounded(ctx, requestLimit)
	defer cancel()
	err := l.attempt(ctx, unit, o, p)
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.verb, unit, l.orClosed(err))
	}
	return nil
}

// attempt carries the request out, and once more if the start limit was used up.
func (l *Link) attempt(ctx context.Context, unit string, o request, p Progress) error {
	u, err := l.Unit(ctx, unit) // also to learn systemd's name of it, which reports of its jobs use
	if err != nil || o.verb == "stop" {
		if err == nil {
			err = l.obeyed(ctx, unit, o, p)
		}
		return err
	}
	if u.Result == startLimitHit && l.lift(ctx, u.Name, p) {
		return l.obeyed(ctx, unit, o, p)
	}
	before, known := l.lastStart(ctx, u.Name)
	err = l.obeyed(ctx, unit, o, p)
	if ended := (*jobFailed)(nil); !known || !errors.As(err, &ended) || ended.result != "failed" {
		return err
	}
	// A start that is refused because of the limit leaves only one trace, that there was no
	// start: the Result of the unit may be that of its former end.
	if after, known := l.lastStart(ctx, u.Name); known && after == before && l.lift(ctx, u.Name, p) {
		return l.obeyed(ctx, unit, o, Progress{})
	}
	return err
}

func (l *Link) obeyed(ctx context.Context, unit string, o request, p Progress) error {
	w := &wait{request: o, results: map[uint32]string{}, news: make(chan struct{}, 1)}
	l.mu.Lock()
	l.waiting[w] = true
	l.mu.Unlock()
	defer l.forget(w, unit)
	s, path, err := l.queue(ctx, unit, o)
	if err != nil {
		return refusal(unit, err)
	}
	if p.Accepted != nil {
		p.Accepted()
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
func (l *Link) queue(ctx context.Context, unit string, o request) (s *session, path dbus.ObjectPath, err error) {
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

// await waits for the end of the job, also if the connection is lost.
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
// if the unit is in the state that was asked for, this counts as "done".
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
	if j := l.jobs[l.mainName(unit)]; j != nil && w.id != 0 && j.id == w.id {
		j.own = true
	}
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
