package restart

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// Outcome is how the ending of one process went.
type Outcome string

// The outcomes of Kill.End.
const (
	Gone       Outcome = "gone"       // it had ended before
	BySignal   Outcome = "ended"      // by the signal, within the timeout
	ByKill     Outcome = "killed"     // by SIGKILL
	Unkillable Outcome = "unkillable" // it is still there after SIGKILL
	Refused    Outcome = "refused"    // the kernel did not let us
)

// Ended is how the ending of one process went.
type Ended struct {
	ID      procscan.ID
	Outcome Outcome
	Err     error // of Refused
}

// afterKill is how long a process may take to go after SIGKILL.
const afterKill = 5 * time.Second

// victim is one process that is being ended.
type victim struct {
	fd  int // its pidfd, -1 once it is settled
	end Ended
}

// End ends processes, all at once: the signal, and SIGCONT so that a stopped process can
// act on it; after the timeout SIGKILL. Only ever the very processes named are
// signalled (pidfd_send_signal(2)), never what has their PID now. With Never nothing is
// done and nothing returned. When ctx ends what has not gone is reported as Refused.
func (k Kill) End(ctx context.Context, fs *procscan.FS, ids []procscan.ID) []Ended {
	if k.Never {
		return nil
	}
	victims := make([]victim, len(ids))
	for i, id := range ids {
		victims[i] = open(fs, id)
		defer victims[i].close()
	}
	signal(victims, k.Number())
	signal(victims, unix.SIGCONT)
	await(ctx, victims, k.Timeout.D(), BySignal)
	signal(victims, unix.SIGKILL)
	await(ctx, victims, afterKill, ByKill)
	out := make([]Ended, len(victims))
	for i := range victims {
		v := &victims[i]
		if v.fd >= 0 {
			v.settle(Unkillable, nil)
		}
		out[i] = v.end
	}
	return out
}

func open(fs *procscan.FS, id procscan.ID) victim {
	fd, err := fs.Pidfd(id)
	v := victim{fd: fd, end: Ended{ID: id}}
	switch {
	case errors.Is(err, procscan.ErrGone):
		v.fd, v.end.Outcome = -1, Gone
	case err != nil:
		v.fd, v.end.Outcome, v.end.Err = -1, Refused, fmt.Errorf("open the pidfd of %v: %w", id, err)
	}
	return v
}

func (v *victim) settle(o Outcome, err error) {
	v.end.Outcome, v.end.Err = o, err
	v.close()
}

func (v *victim) close() {
	if v.fd >= 0 {
		_ = unix.Close(v.fd)
		v.fd = -1
	}
}

// signal sends a signal to all that are still there.
func signal(victims []victim, s unix.Signal) {
	for i := range victims {
		v := &victims[i]
		if v.fd < 0 {
			continue
		}
		switch err := unix.PidfdSendSignal(v.fd, s, nil, 0); {
		case errors.Is(err, unix.ESRCH): // a zombie by now: await sees it
		case err != nil:
			v.settle(Refused, fmt.Errorf("send %s to %v: %w", unix.SignalName(s), v.end.ID, err))
		}
	}
}

// pollSlice bounds one poll(2), so that the end of ctx is noticed.
const pollSlice = 200 * time.Millisecond

// await waits until all are gone, at most for the timeout. A pidfd is readable once its
// process has ended (pidfd_open(2)).
func await(ctx context.Context, victims []victim, timeout time.Duration, how Outcome) {
	for deadline := time.Now().Add(timeout); ; {
		left, fds := time.Until(deadline), []unix.PollFd(nil)
		for _, v := range victims {
			if v.fd >= 0 {
				fds = append(fds, unix.PollFd{Fd: int32(v.fd), Events: unix.POLLIN})
			}
		}
		if len(fds) == 0 || left <= 0 || ctx.Err() != nil {
			return
		}
		wait := min(left, pollSlice)
		if _, err := unix.Poll(fds, int((wait+time.Millisecond-1)/time.Millisecond)); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		gone := map[int32]bool{}
		for _, f := range fds {
			gone[f.Fd] = f.Revents&unix.POLLIN != 0
		}
		for i := range victims {
			if v := &victims[i]; v.fd >= 0 && gone[int32(v.fd)] {
				v.settle(how, nil)
			}
		}
	}
}
