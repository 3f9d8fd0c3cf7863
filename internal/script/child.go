package script

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/launch"
)

const (
	defaultGrace = 5 * time.Second
	killWait     = 5 * time.Second // after SIGKILL, before the script is left to the kernel
)

// child is a script that runs. It is not reaped until we are done with it, so that nobody
// else can get its PID, which is also the ID of its process group.
type child struct {
	pid    int
	out    *output
	ended  chan struct{} // closed when it has ended; it is a zombie then
	reaped func(pid int)
	whole  func(kill bool) // what it has started, if that is kept together; else nil
}

func newChild(s launch.Started, out *output, reaped func(pid int)) *child {
	c := &child{pid: s.PID, out: out, ended: make(chan struct{}), reaped: reaped, whole: s.End}
	go c.await()
	return c
}

// await blocks a thread until the script ends, and does not reap it.
func (c *child) await() {
	defer close(c.ended)
	for unix.Waitid(unix.P_PID, c.pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// follow waits for the script's end, or ends it.
func (c *child) follow(ctx context.Context, job Job) Result {
	how := c.wait(ctx, job.Timeout, job.End)
	if how == late && job.Spare != nil && job.Spare() {
		how = c.wait(ctx, 0, job.End)
	}
	switch how {
	case over:
		return c.result(false)
	case cancelled:
		return c.abandon(ctx.Err())
	}
	return c.terminate(ctx, job.Grace, how == late)
}

type waited int

const (
	over     waited = iota // it has ended
	late                   // the time has passed
	unwanted               // it must be ended before its time
	cancelled
)

// wait waits for the end for at most d; 0: without limit.
func (c *child) wait(ctx context.Context, d time.Duration, end <-chan struct{}) waited {
	var timer <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-c.ended:
		return over
	case <-ctx.Done():
		return cancelled
	case <-end:
		return c.unless(unwanted)
	case <-timer:
		return c.unless(late)
	}
}

// unless returns over if the script has ended meanwhile.
func (c *child) unless(how waited) waited {
	select {
	case <-c.ended:
		return over
	default:
		return how
	}
}

// terminate ends the script's process group: SIGTERM, and after grace SIGKILL to what
// is left of it. Stopped members are continued, so that they see the SIGTERM.
func (c *child) terminate(ctx context.Context, grace time.Duration, timedOut bool) Result {
	if grace <= 0 {
		grace = defaultGrace
	}
	deadline := time.Now().Add(grace)
	c.signal(unix.SIGTERM)
	c.signal(unix.SIGCONT)
	switch c.wait(ctx, grace, nil) {
	case over:
		awaitGroup(c.pid, deadline)
		c.signal(unix.SIGKILL)
		c.end(true)
		return c.result(timedOut)
	case cancelled:
		return c.abandon(ctx.Err())
	}
	c.signal(unix.SIGKILL)
	c.end(true)
	switch c.wait(ctx, killWait, nil) {
	case cancelled:
		return c.abandon(ctx.Err())
	case late:
		res := c.abandon(errors.New("still there after SIGKILL: it hangs in the kernel (state D)"))
		res.TimedOut = timedOut
		return res
	}
	return c.result(timedOut)
}

// signal goes to the whole process group. It is called only while the leader is not
// reaped: kill(2) takes the number of a group, and no other group can have it.
func (c *child) signal(s unix.Signal) { _ = unix.Kill(-c.pid, s) }

// end ends everything else that the script has started, if that is kept together, or
// leaves it alone. The first call counts.
func (c *child) end(kill bool) {
	if c.whole != nil {
		c.whole(kill)
		c.whole = nil
	}
}

// abandon no longer waits for the script, and reaps it when it ends.
func (c *child) abandon(err error) Result {
	left := make(chan struct{})
	go func() {
		defer close(left)
		<-c.ended
		c.result(false)
	}()
	return Result{Code: -1, Err: err, Left: left}
}

// result reaps the script, which has ended.
func (c *child) result(timedOut bool) Result {
	c.end(false)
	res := Result{Code: -1, TimedOut: timedOut, Output: c.out.text()}
	c.out.release()
	var status unix.WaitStatus
	_, err := unix.Wait4(c.pid, &status, 0, nil)
	c.reaped(c.pid)
	if err != nil {
		res.Err = fmt.Errorf("wait for the script: %w", err)
		return res
	}
	if status.Signaled() {
		res.Signal = signalName(status.Signal())
	} else {
		res.Code = status.ExitStatus()
	}
	return res
}

func signalName(s unix.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return fmt.Sprintf("SIG%d", int(s))
}
