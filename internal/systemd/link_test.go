package systemd

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestNoSystemd(t *testing.T) {
	t.Parallel()
	if l, err := connect(context.Background(), t.TempDir()); !errors.Is(err, ErrAbsent) || l != nil {
		t.Errorf("%v, %v", l, err)
	}
}

// unreachable is the root of a host with systemd and no bus.
func unreachable(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp("", "systemd-") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	for _, dir := range []string{"run/systemd/system", "run/dbus"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestSystemdThatCannotBeReached(t *testing.T) {
	t.Parallel()
	l, err := connect(context.Background(), unreachable(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := l.Unit(ctx, "a.service"); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := l.Restart(ctx, "a.service", Progress{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := l.Host(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	done := make(chan error, 2)
	go func() { done <- l.Watch(context.Background(), func(e HostEvent) { t.Errorf("%+v", e) }) }()
	go func() { _, err := l.Unit(context.Background(), "a.service"); done <- err }()
	l.Close()
	for range 2 {
		if err := <-done; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
}

// A bus that accepts and never says a word does not hold anybody.
func TestBusThatHangs(t *testing.T) {
	t.Parallel()
	root := unreachable(t)
	listener, err := net.Listen("unix", filepath.Join(root, busSocket))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	before := time.Now()
	l, err := connect(ctx, root)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if took := time.Since(before); took > dialLimit/2 {
		t.Errorf("Connect took %v", took)
	}
	if _, err := l.Host(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestRequestedTable(t *testing.T) {
	t.Parallel()
	const s = time.Second
	inactive, failed := Unit{ActiveState: "inactive", Result: "success"}, Unit{ActiveState: "failed", Result: "signal"}
	with := func(u Unit, job, result string) Unit {
		u.JobType, u.Result = job, result
		return u
	}
	done := job{id: 1, at: 100 * s, over: true, result: "done", looked: true}
	edit := func(j job, f func(*job)) job { f(&j); return j }
	byItself, byStop := times{10 * s, 50 * s, 49 * s}, times{10 * s, 50 * s, 51 * s}
	for name, c := range map[string]struct {
		u    Unit
		t    times
		j    job
		own  bool
		want bool
	}{
		"nothing known":                     {u: inactive},
		"up, after a stop long ago":         {u: Unit{ActiveState: "active"}, t: byStop, j: done},
		"coming up by itself":               {u: Unit{ActiveState: "activating"}, t: byItself},
		"going down by itself":              {u: Unit{ActiveState: "deactivating"}},
		"a stop job":                        {u: with(inactive, "stop", ""), want: true},
		"our restart job":                   {u: with(inactive, "restart", ""), own: true},
		"a reload job, and it died":         {u: with(failed, "reload", "signal"), t: byItself},
		"stopped":                           {u: inactive, t: byStop, want: true},
		"stopped by its watchdog":           {u: with(failed, "", "watchdog"), t: byStop},
		"stopped too slowly, the job seen":  {u: with(failed, "", "timeout"), t: byStop, j: edit(done, func(j *job) { j.at = 49 * s }), want: true},
		"ended":                             {u: inactive, t: byItself},
		"ended long after a job":            {u: inactive, t: byItself, j: edit(done, func(j *job) { j.at, j.after = 20*s, true })},
		"ended, then stopped":               {u: failed, t: byItself, j: done, want: true},
		"ended, then stopped, just now":     {u: failed, t: byItself, j: edit(done, func(j *job) { j.looked = false }), want: true},
		"started, and ended at once":        {u: inactive, t: times{100*s - 9*time.Millisecond, 100*s - time.Millisecond, 100*s - 2*time.Millisecond}, j: done},
		"a start that failed":               {u: failed, t: times{100 * s, 50 * s, 0}, j: edit(done, func(j *job) { j.result = "failed" })},
		"our restart, and it ended":         {u: inactive, t: byStop, j: edit(done, func(j *job) { j.own = true })},
		"a stop that was cancelled, ended":  {u: inactive, t: byItself, j: edit(done, func(j *job) { j.result = "canceled" })},
		"stopped while it waited to start":  {u: inactive, t: times{60 * s, 50 * s, 49 * s}, want: true},
		"failed while it started":           {u: failed, t: times{60 * s, 50 * s, 61 * s}},
		"no main process known, stopped":    {u: inactive, t: times{10 * s, 50 * s, 0}, j: edit(done, func(j *job) { j.at = 50 * s }), want: true},
		"no main process known, ended":      {u: inactive, t: times{10 * s, 50 * s, 0}},
		"forgotten, after a stop":           {u: inactive, j: done, want: true},
		"forgotten, ended after a reload":   {u: inactive, j: edit(done, func(j *job) { j.after = true })},
		"forgotten, nobody looked after it": {u: inactive},
	} {
		if got := requested(c.u, c.t, c.j, c.own); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
