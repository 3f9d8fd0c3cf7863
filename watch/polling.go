package watch

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

var (
	errPolled = errors.New("no pidfds are used")
	errFull   = fmt.Errorf("the last descriptors are left to scripts and sockets: %w", unix.EMFILE)
)

// place moves a process from polling to a pidfd in the epoll set. The error is
// procscan.ErrGone if the process has ended; with any other error it stays where it is.
func (t *Tracker) place(id procscan.ID) error {
	if !t.kernel.pidfd {
		if ended, _ := t.look(id); ended {
			return procscan.ErrGone
		}
		return errPolled
	}
	fd, err := t.Open(id)
	if err != nil {
		return err
	}
	// The lowest free descriptor is always used, so this one shows how many are in use.
	if uint64(fd) >= forPidfds(files().Cur) {
		unix.Close(fd)
		return errFull
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.polled[id]; !ok {
		unix.Close(fd)
		return nil // untracked meanwhile
	}
	low, high := key(id)
	// If it has ended by now that is reported at once, because adding looks at its state.
	err = unix.EpollCtl(t.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: low, Pad: high})
	if err != nil {
		unix.Close(fd)
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	delete(t.polled, id)
	t.pidfds[id] = int32(fd)
	return nil
}

// scarce reports whether the error means that something has run out and may be available
// later: descriptors of the process or the host, kernel memory, or watches
// (fs.epoll.max_user_watches).
func scarce(err error) bool {
	for _, e := range []error{unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOSPC} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// fellBack reports that some processes are polled that should have a pidfd, once until
// that is over.
func (t *Tracker) fellBack(why error) {
	t.mu.Lock()
	tell := t.kernel.pidfd && !t.short
	t.short = t.short || tell
	t.mu.Unlock()
	if tell {
		t.note(fmt.Sprintf("tracked processes that get no pidfd (limit %d) are polled every %v: %v", files().Cur, t.opts.Poll, why))
	}
}

// enough reports that every process has its pidfd again.
func (t *Tracker) enough() {
	t.mu.Lock()
	over := t.short && len(t.polled) == 0
	if over {
		t.short = false
	}
	t.mu.Unlock()
	if over {
		t.note("every tracked process has its pidfd again")
	}
}

// lookDue reports whether the polled processes must be looked at now.
func (t *Tracker) lookDue(now time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.nextLook == 0 || now < t.nextLook {
		return false
	}
	t.nextLook = now + t.opts.Poll
	return true
}

// lookAll looks at every polled process once, and moves what can be moved to pidfds.
func (t *Tracker) lookAll(at time.Duration) []Event {
	var events []Event
	full := !t.kernel.pidfd
	for _, id := range t.polledNow() {
		if ended, cause := t.look(id); ended {
			if t.drop(id) {
				events = append(events, Event{ID: id, At: at, Cause: cause})
			}
			continue
		}
		if !full {
			full = scarce(t.place(id)) // with any other error the next look gives the answer
		}
	}
	return events
}

func (t *Tracker) polledNow() []procscan.ID {
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := make([]procscan.ID, 0, len(t.polled))
	for id := range t.polled {
		ids = append(ids, id)
	}
	return ids
}
