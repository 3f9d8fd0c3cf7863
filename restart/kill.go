package restart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// Outcome is the result of ending one process, in one word.
type Outcome string

// The outcomes of Kill.End and Dump.Send.
const (
	Gone       Outcome = "gone"       // it had ended before
	BySignal   Outcome = "ended"      // by the signal, within the timeout
	ByKill     Outcome = "killed"     // by SIGKILL
	Unkillable Outcome = "unkillable" // it is still there some seconds after SIGKILL
	Sent       Outcome = "sent"       // of a Dump: the signal was sent, and it is still there
	Refused    Outcome = "refused"    // it could not be signalled, or the wait was cancelled: Err says why
)

// Ended is the result for one process that was to be ended.
type Ended struct {
	ID      procscan.ID
	Outcome Outcome
	Err     error // of Refused, else nil
}

// afterKill is how long a process may take to go after SIGKILL.
const afterKill = 5 * time.Second

// Longest is how long End takes at most on a host that gives it CPU time.
func (k Kill) Longest() time.Duration {
	switch {
	case k.Never:
		return 0
	case k.Tree:
		return k.Timeout.D() + 2*holdMost + afterKill
	}
	return k.Timeout.D() + afterKill
}

// errSpared is the error for processes that are never ended, because that would end
// procward itself.
var errSpared = errors.New("procward, its parent and PID 1 are never signalled")

// spared reports whether a process must never get a signal.
func spared(pid int) bool { return pid <= 1 || pid == os.Getpid() || pid == os.Getppid() }

// End ends all the processes at the same time: each gets the signal, and SIGCONT so that
// a stopped one can act on it. Those that are still there after the timeout get SIGKILL.
// End returns when all are gone, or some seconds after SIGKILL, with one Ended for each
// ID, in the same order. A zombie counts as gone.
//
// With Tree the descendants are ended in the same way at the same time, as systemd does
// with a whole control group, and an Ended for each of them follows those of the IDs. See
// grow for what a descendant is.
//
// Only exactly these processes and their descendants get a signal, by their pidfds
// (pidfd_send_signal(2)), never another process that has the same PID by now. If the
// kernel has no pidfds the outcome is Refused. Procward itself, its parent and PID 1 are
// Refused. With Never nothing is done and nil is returned. When ctx ends first, nothing
// more is sent except SIGCONT to what was held, and those that are still there are
// Refused with its error.
func (k Kill) End(ctx context.Context, fs *procscan.FS, ids []procscan.ID) []Ended {
	if k.Never || len(ids) == 0 {
		return nil
	}
	c := condemn(fs, ids)
	defer c.close()
	by := BySignal
	if k.Number() == unix.SIGKILL {
		by = ByKill
	}
	if k.Tree {
		c.stopAll(ctx)
		c.findHomes()
	}
	if ctx.Err() == nil {
		c.signal(k.Number())
		c.signal(unix.SIGCONT)
	} else if c.held {
		c.signal(unix.SIGCONT)
	}
	c.await(ctx, k.Timeout.D(), by)
	if ctx.Err() == nil {
		c.kill(ctx)
		c.await(ctx, afterKill, ByKill)
	}
	var why error
	if ctx.Err() != nil {
		why = fmt.Errorf("broken off while it was being ended: %w", ctx.Err())
	}
	c.settleRest(Unkillable, why)
	return c.ended
}

// condemned are processes that are being ended.
type condemned struct {
	fs     *procscan.FS
	ended  []Ended
	fds    []unix.PollFd // the pidfd of each; -1, which poll(2) skips, once its outcome is settled
	left   int           // not settled
	family *family       // of a Kill with Tree, else nil
	held   bool          // they were sent SIGSTOP
}

func condemn(fs *procscan.FS, ids []procscan.ID) *condemned {
	c := &condemned{fs: fs}
	for _, id := range ids {
		if spared(id.PID) {
			c.add(id, -1)
			c.settle(len(c.ended)-1, Refused, fmt.Errorf("end process %v: %w", id, errSpared))
			continue
		}
		fd, err := fs.Pidfd(id)
		c.add(id, fd)
		switch {
		case errors.Is(err, procscan.ErrGone):
			c.settle(len(c.ended)-1, Gone, nil)
		case err != nil:
			c.settle(len(c.ended)-1, Refused, err)
		}
	}
	return c
}

// add takes in one more process, with its pidfd.
func (c *condemned) add(id procscan.ID, fd int) {
	c.ended = append(c.ended, Ended{ID: id})
	c.fds = append(c.fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	c.left++
}

// kill sends SIGKILL to all that are not settled, and to the children that they have had
// since.
func (c *condemned) kill(ctx context.Context) {
	if c.family == nil {
		c.signal(unix.SIGKILL)
		return
	}
	if c.left == 0 && len(c.family.homes) == 0 {
		return
	}
	for range maxRounds {
		c.stopAll(ctx)
		c.signal(unix.SIGKILL)
		if !c.grow() {
			return
		}
	}
	c.signal(unix.SIGKILL)
}

func (c *condemned) settle(i int, how Outcome, err error) {
	c.ended[i].Outcome, c.ended[i].Err = how, err
	if c.fds[i].Fd >= 0 {
		unix.Close(int(c.fds[i].Fd))
	}
	c.fds[i].Fd = -1
	c.left--
}

func (c *condemned) close() {
	for _, fd := range c.fds {
		if fd.Fd >= 0 {
			unix.Close(int(fd.Fd))
		}
	}
}

// signal sends a signal to all that are not settled, to children before their parents: if
// a parent ends while a child is stopped, the kernel sends SIGHUP to the whole process
// group of the child (setpgid(2)), and others may be in it.
func (c *condemned) signal(s unix.Signal) {
	for i, fd := range slices.Backward(c.fds) {
		if fd.Fd < 0 {
			continue
		}
		err := unix.PidfdSendSignal(int(fd.Fd), s, nil, 0)
		if err != nil && err != unix.ESRCH { // if it is a zombie by now, await sees it
			c.settle(i, Refused, fmt.Errorf("send %s to process %v: %w", unix.SignalName(s), c.ended[i].ID, err))
		}
	}
}

// slice is the longest single wait, so that the end of a context is noticed soon.
const slice = 200 * time.Millisecond

// await settles the processes that end, until all have ended or the timeout is over.
func (c *condemned) await(ctx context.Context, timeout time.Duration, how Outcome) {
	deadline := procscan.Boottime() + timeout
	for c.left > 0 && ctx.Err() == nil {
		now := procscan.Boottime()
		wait := min(deadline-now, slice)
		if wait <= 0 {
			return
		}
		_, err := unix.Poll(c.fds, int((wait+time.Millisecond-1)/time.Millisecond))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			c.settleRest(Refused, fmt.Errorf("wait for processes to end: poll: %w", err))
			return
		}
		for i, fd := range c.fds {
			if fd.Fd >= 0 && fd.Revents&unix.POLLIN != 0 {
				c.settle(i, how, nil)
			}
		}
		if c.growAfter(now) && how == ByKill {
			c.signal(unix.SIGKILL)
		}
	}
}

// settleRest settles those that are still there: as the caller says, or, if the wait was
// cancelled, as refused with the reason.
func (c *condemned) settleRest(how Outcome, why error) {
	for i, fd := range c.fds {
		switch {
		case fd.Fd < 0:
		case why != nil:
			c.settle(i, Refused, why)
		default:
			c.settle(i, how, nil)
		}
	}
}
