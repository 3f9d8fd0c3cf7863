package watch

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// batch is how many wake-ups are taken at once. It takes about a millisecond to read the
// causes of so many deaths; what came meanwhile follows at once.
const batch = 64

// Run waits in epoll_wait(2) and passes every batch of events to tell, on the goroutine
// that called Run, until ctx has ended; then it returns nil. While tell runs no further
// death is seen, so it must not block. Only three things wake Run: a death, the reap of a
// process whose cause is still unknown, and, while any process is polled, the time to
// look.
//
// The goroutine is not locked to its thread: we measured that this makes no difference to
// the time from a death to tell.
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
		events := t.woken(ready[:n], at)
		if t.opts.CauseLater {
			some(tell, events)
			events = t.causes(events)
		} else {
			t.learnAll(events)
		}
		some(tell, events)
		t.closeSpent()
		if t.lookDue(at) {
			some(tell, t.lookAll(at))
		}
		t.enough()
	}
	return nil
}

func some(tell func([]Event), events []Event) {
	if len(events) > 0 {
		tell(events)
	}
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

// woken reads the result of one epoll_wait: deaths whose causes are not yet read, and
// causes that are known since the reap. epoll_wait(2) asks every pidfd for its state
// before it reports it, so there are no wake-ups without meaning: readable means ended,
// and hung up (since Linux 6.9) means reaped.
func (t *Tracker) woken(ready []unix.EpollEvent, at time.Duration) []Event {
	var events []Event
	t.wakeups.Add(1)
	for _, r := range ready {
		id := fromKey(r.Fd, r.Pad)
		switch {
		case id.PID == 0:
			var count [8]byte
			unix.Read(t.wake, count[:])
		case r.Events&unix.EPOLLIN != 0 && t.died(id):
			events = append(events, Event{ID: id, At: at})
		case r.Events&unix.EPOLLHUP != 0:
			if cause := t.learn(id, at); cause.Known {
				events = append(events, Event{ID: id, At: at, Cause: cause, Belated: true})
			}
		}
	}
	return events
}

// died reports whether the end of a process is new: it is tracked and was not reported
// before.
func (t *Tracker) died(id procscan.ID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	fd, ok := t.pidfds[id]
	if ok {
		delete(t.pidfds, id)
		t.late[id] = fd
	}
	return ok
}

// learnAll adds the causes that are known now to the deaths of a batch.
func (t *Tracker) learnAll(events []Event) {
	for i := range events {
		if e := &events[i]; !e.Belated {
			e.Cause = t.learn(e.ID, e.At)
		}
	}
}

// causes makes events of the causes that are known now, for deaths that were reported
// before.
func (t *Tracker) causes(told []Event) []Event {
	var events []Event
	for _, e := range told {
		if e.Belated {
			continue
		}
		if e.Cause = t.learn(e.ID, e.At); e.Cause.Known {
			e.Belated = true
			events = append(events, e)
		}
	}
	return events
}

// closeSpent closes the pidfds of deaths that were reported. It comes last, because only
// reading the cause takes longer.
func (t *Tracker) closeSpent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, fd := range t.spent {
		unix.Close(int(fd))
	}
	t.spent = t.spent[:0]
}

// expire gives up waiting for causes that did not come in time, because the parent has
// not reaped its zombie.
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

// startBits is the width of a start time in an epoll key; above it is the PID. A PID has
// at most 22 bits (PID_MAX_LIMIT of the kernel), and 42 bits of hundredths of a second
// are 1,393 years since boot.
const startBits = 42

// key packs a whole ID into the 64 bits of user data that epoll(7) keeps for a
// descriptor. So an event names a process, never a descriptor that may have been reused.
func key(id procscan.ID) (low, high int32) {
	k := uint64(id.PID)<<startBits | id.Start&(1<<startBits-1)
	return int32(uint32(k)), int32(uint32(k >> 32))
}

func fromKey(low, high int32) procscan.ID {
	k := uint64(uint32(high))<<32 | uint64(uint32(low))
	return procscan.ID{PID: int(k >> startBits), Start: k & (1<<startBits - 1)}
}
