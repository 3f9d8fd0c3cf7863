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
	err := (&errand{l, o, unit, p}).attempt(ctx)
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.verb, unit, l.orClosed(err))
	}
	return nil
}

// errand is a request for a unit on its way.
type errand struct {
	*Link
	request
	unit string
	Progress
}

// attempt carries the request out, and once more if the start limit was used up.
func (e *errand) attempt(ctx context.Context) error {
	u, err := e.Unit(ctx, e.unit) // also to learn systemd's name of it, which reports of its jobs use
	if err != nil || e.verb == "stop" {
		if err == nil {
			err = e.obeyed(ctx)
		}
		return err
	}
	if u.Result == startLimitHit && e.lift(ctx, u.Name) {
		return e.obeyed(ctx)
	}
	before, known := e.lastStart(ctx, u.Name)
	err = e.obeyed(ctx)
	if ended := (*jobFailed)(nil); !known || !errors.As(err, &ended) || ended.result != "failed" {
		return err
	}
	// A start that is refused because of the limit leaves only one trace, that there was no
	// start: the Result of the unit may be that of its former end.
	if after, known := e.lastStart(ctx, u.Name); known && after == before && e.lift(ctx, u.Name) {
		e.Progress = Progress{}
		return e.obeyed(ctx)
	}
	return err
}

func (e *errand) obeyed(ctx context.Context) error {
	w := &wait{request: e.request, results: map[uint32]string{}, news: make(chan struct{}, 1)}
	e.mu.Lock()
	e.waiting[w] = true
	e.mu.Unlock()
	defer e.forget(w)
	s, path, err := e.queue(ctx)
	if err != nil {
		return refusal(e.unit, err)
	}
	if e.Accepted != nil {
		e.Accepted()
	}
	var id uint32
	if _, err := fmt.Sscanf(string(path), managerPath+"/job/%d", &id); err != nil {
		return fmt.Errorf("systemd names the job %q", path)
	}
	e.mu.Lock()
	w.id = id
	e.mu.Unlock()
	result, err := e.await(ctx, s, w)
	if err != nil || result == "done" {
		return err
	}
	return e.failure(ctx, result)
}

// queue makes the job.
func (e *errand) queue(ctx context.Context) (s *session, path dbus.ObjectPath, err error) {
	for {
		if s, err = e.connected(ctx); err != nil {
			return nil, "", err
		}
		call := s.manager().CallWithContext(ctx, managerIface+"."+e.method, 0, e.unit, e.mode)
		if s.lost(call.Err) && unsent(call.Err) && ctx.Err() == nil {
			continue
		}
		err = call.Store(&path)
		return s, path, err
	}
}

// await waits for the end of the job, also if the connection is lost.
func (e *errand) await(ctx context.Context, s *session, w *wait) (string, error) {
	for {
		e.mu.Lock()
		result, over := w.results[w.id]
		e.mu.Unlock()
		if over {
			return result, nil
		}
		select {
		case <-w.news:
		case <-e.closed:
			return "", ErrClosed
		case <-ctx.Done():
			return "", fmt.Errorf("the job still runs: %w", ctx.Err())
		case <-s.conn.Context().Done():
			var err error
			if s, err = e.connected(ctx); err != nil {
				return "", err
			}
			if result, over, err = e.missed(ctx, s, w); over || err != nil && !s.lost(err) {
				return result, err
			}
		}
	}
}

// missed looks whether the job ended while there was no connection. Its result is lost;
// if the unit is in the state that was asked for, this counts as "done".
func (e *errand) missed(ctx context.Context, s *session, w *wait) (result string, over bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var job struct {
		ID   uint32
		Path dbus.ObjectPath
	}
	if err := s.property(ctx, unitPath(e.unit), unitIface, "Job", &job); err != nil || job.ID == w.id {
		return "", false, err
	}
	u, err := e.Unit(ctx, e.unit)
	if err != nil || e.verb == "stop" && !u.down() || e.verb != "stop" && !u.Up() {
		return "unknown", true, err
	}
	return "done", true, nil
}

// forget marks the job as one of ours, for requested.
func (e *errand) forget(w *wait) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.waiting, w)
	if j := e.jobs[e.mainName(e.unit)]; j != nil && w.id != 0 && j.id == w.id {
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
