package watch

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// batch is how many deaths one wake-up reads at most. Reading the causes of a full one
// takes less than a millisecond, and the next wake-up follows at once.
const batch = 64

// Run waits in epoll_wait(2) and hands every batch of events to tell, on the goroutine
// that called Run, until ctx has ended; then it returns nil. tell must not block: until
// it returns no further death is seen. Nothing wakes Run but a death, the reap of a
// process whose cause is still unknown, and, while any process is polled, the time to
// look.
//
// The goroutine is not locked to its thread: measured, that makes no difference to the
// time from a death to tell.
func (t *Tracker) Run(ctx context.Context, tell func([]Event)) error {
	stop := context.AfterFunc(ctx, t.nudge)
	defer stop()
	var ready [batch]unix.EpollEvent
	for ctx.Err() == nil {
		n, err := unix.EpollWait(t.epoll, ready[:], t.timeout())
		at := procscan.Boottime()
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait for the end of tracked processes: epoll_wait: %w", err)
		}
		if events := t.woken(ready[:n], at); len(events) > 0 {
			tell(events)
		}
		t.closeSpent()
		if t.lookDue(at) {
			if events := t.lookAll(at); len(events) > 0 {
				tell(events)
			}
		}
	}
	return nil
}

// timeout is the time until something has to be done without being woken, in
// milliseconds as epoll_wait(2) wants it; -1 is for ever.
func (t *Tracker) timeout() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := procscan.Boottime()
	t.expire(now)
	switch {
	case len(t.polled) == 0:
		t.nextLook = 0
	case t.nextLook == 0:
		t.nextLook = now + t.opts.Poll
	}
	next := t.nextLook
	if len(t.expiry) > 0 && (next == 0 || t.expiry[0].at < next) {
		next = t.expiry[0].at
	}
	if next == 0 {
		return -1
	}
	return int((max(next-now, 0) + time.Millisecond - 1) / time.Millisecond)
}

// woken reads what one epoll_wait brought.
func (t *Tracker) woken(ready []unix.EpollEvent, at time.Duration) []Event {
	var events []Event
	t.mu.Lock()
	t.wakeups++
	t.mu.Unlock()
	for _, r := range ready {
		id := fromKey(r.Fd, r.Pad)
		if id.PID == 0 {
			var count [8]byte
			unix.Read(t.wake, count[:])
			continue
		}
		if e, ok := t.judge(id, at); ok {
			events = append(events, e)
		}
	}
	return events
}

// judge says what the wake-up of one process means. The lock is held while its pidfd is
// used, so that Untrack cannot close it meanwhile.
func (t *Tracker) judge(id procscan.ID, at time.Duration) (Event, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if fd, ok := t.late[id]; ok {
		return t.judgeLate(id, int(fd), at)
	}
	fd, ok := t.pidfds[id]
	if !ok {
		return Event{}, false // untracked meanwhile
	}
	ended, cause, final := t.ending(id, int(fd))
	if !ended {
		return Event{}, false // kernels before 6.15 wake for threads that exit or exec, too
	}
	delete(t.pidfds, id)
	if final {
		t.spent = append(t.spent, fd)
	} else {
		t.late[id] = fd
		t.expiry = append(t.expiry, expiry{id: id, at: at + t.opts.Hold})
	}
	return Event{ID: id, At: at, Cause: cause}, true
}

// judgeLate brings the cause of a process whose end was told before, once it is reaped.
func (t *Tracker) judgeLate(id procscan.ID, fd int, at time.Duration) (Event, bool) {
	if _, reaped := state(fd); !reaped {
		return Event{}, false
	}
	cause := exitInfo(fd)
	t.spent = append(t.spent, int32(fd))
	delete(t.late, id)
	return Event{ID: id, At: at, Cause: cause, Belated: true}, cause.Known
}

// closeSpent closes the pidfds of those that have been told. It comes last: of all that a
// death costs, closing takes the longest but for reading the cause.
func (t *Tracker) closeSpent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, fd := range t.spent {
		unix.Close(int(fd))
	}
	t.spent = t.spent[:0]
}

// expire gives up on causes that nobody has brought in time: the parent has not reaped
// its zombie.
func (t *Tracker) expire(now time.Duration) {
	for len(t.expiry) > 0 {
		id, at := t.expiry[0].id, t.expiry[0].at
		fd, waiting := t.late[id]
		if waiting && at > now {
			return
		}
		if waiting {
			unix.Close(int(fd))
			delete(t.late, id)
		}
		t.expiry = t.expiry[1:]
	}
}

// state polls a pidfd: readable once every thread has exited, hung up (since Linux 6.9)
// once the process is reaped. Where poll(2) itself fails the process counts as alive.
func state(fd int) (ended, reaped bool) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return err == nil && fds[0].Revents&unix.POLLIN != 0, err == nil && fds[0].Revents&unix.POLLHUP != 0
		}
	}
}

// startBits is the width of a start time in an epoll key; above it is the PID. A PID has
// at most 22 bits (PID_MAX_LIMIT of the kernel), and 42 bits of hundredths of a second
// are 1,393 years since boot.
const startBits = 42

// key is a whole ID as the 64 bits of user data that epoll(7) keeps for a descriptor. An
// event so names a process, never a descriptor that may have been reused.
func key(id procscan.ID) (low, high int32) {
	k := uint64(id.PID)<<startBits | id.Start&(1<<startBits-1)
	return int32(uint32(k)), int32(uint32(k >> 32))
}

func fromKey(low, high int32) procscan.ID {
	k := uint64(uint32(high))<<32 | uint64(uint32(low))
	return procscan.ID{PID: int(k >> startBits), Start: k & (1<<startBits - 1)}
}
