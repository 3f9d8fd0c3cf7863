package watch

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"procward/procscan"
)

// Options say how a Tracker works. The zero value is the usual way.
type Options struct {
	Poll         time.Duration     // between two looks at a process that has to be polled; 0: 1 s
	CauseWait    time.Duration     // how long to wait for the cause after a death; 0: 60 s
	ForcePolling bool              // use no pidfd at all
	CauseLater   bool              // report a death before its cause is read (some 30 µs), and the cause right after it as a Belated event
	Note         func(text string) // called at every fallback and at its end; may be nil
}

// Stats are counts of a Tracker.
type Stats struct {
	Wakeups uint64 // how often Run was woken, by a death or to look at what is polled
	Tracked int    // processes whose end is waited for
	Polled  int    // those among them that are polled
	Late    int    // processes whose end was reported and whose cause is still waited for
}

// Tracker waits for the end of processes. They need not be children. A process is known
// by its pidfd or, if there is none, by its PID and start time together, so it is never
// mixed up with another one. Track, Untrack and Stats may be called from any goroutine,
// also from the function that Run passes events to.
type Tracker struct {
	fs      *procscan.FS
	opts    Options
	kernel  kernel
	epoll   int
	wake    int // an eventfd in the epoll set
	wakeups atomic.Uint64

	mu       sync.Mutex
	closed   bool
	pidfds   map[procscan.ID]int32    // alive, in the epoll set
	polled   map[procscan.ID]struct{} // alive, not in the epoll set (yet)
	kept     map[procscan.ID]int      // adopted, not yet asked for
	spent    []int32                  // dead and reported, the pidfd to be closed
	late     map[procscan.ID]int32    // dead and reported, the pidfd kept until the parent has reaped it
	expiry   []expiry                 // of late, the earliest first
	nextLook time.Duration            // when the polled ones are looked at next; 0: nothing is polled
	short    bool                     // some could not have a pidfd, and that was reported
}

type expiry struct {
	id procscan.ID
	at time.Duration
}

var errClosed = errors.New("the exit tracker is closed")

// NewTracker makes a Tracker and finds out what the kernel can report about processes
// that end.
func NewTracker(fs *procscan.FS, opts Options) (*Tracker, error) {
	if opts.Poll <= 0 {
		opts.Poll = time.Second
	}
	if opts.CauseWait <= 0 {
		opts.CauseWait = time.Minute
	}
	t := &Tracker{
		fs: fs, opts: opts, epoll: -1, wake: -1,
		pidfds: map[procscan.ID]int32{}, polled: map[procscan.ID]struct{}{}, late: map[procscan.ID]int32{},
	}
	if err := t.open(); err != nil {
		t.Close()
		return nil, fmt.Errorf("open the exit tracker: %w", err)
	}
	if opts.ForcePolling {
		t.note(fmt.Sprintf("tracked processes are polled every %v, as asked for", opts.Poll))
		return t, nil
	}
	var without []string
	t.kernel, without = probe()
	for _, text := range without {
		t.note(text)
	}
	if !t.kernel.pidfd {
		t.note(fmt.Sprintf("tracked processes are polled every %v instead", opts.Poll))
	}
	return t, nil
}

func (t *Tracker) open() (err error) {
	if t.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll_create1: %w", err)
	}
	if t.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return fmt.Errorf("eventfd: %w", err)
	}
	// Level-triggered, unlike the pidfds: it is read at once.
	if err = unix.EpollCtl(t.epoll, unix.EPOLL_CTL_ADD, t.wake, &unix.EpollEvent{Events: unix.EPOLLIN}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// Mode is "pidfd", or "polling" if the kernel has no pidfd_open(2) or polling was asked
// for. In mode pidfd some processes may be polled as well; see Stats.
func (t *Tracker) Mode() string {
	if t.kernel.pidfd {
		return "pidfd"
	}
	return "polling"
}

// Stats returns the present counts.
func (t *Tracker) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{Wakeups: t.wakeups.Load(), Tracked: len(t.pidfds) + len(t.polled), Polled: len(t.polled), Late: len(t.late)}
}

// Track begins to wait for the end of a process. If it has ended already the error is
// procscan.ErrGone, and no event follows. If it is tracked already nothing changes. If it
// can have no pidfd, for whatever reason, it is polled; so the only other error is that
// of a closed Tracker.
func (t *Tracker) Track(id procscan.ID) error {
	if known, err := t.begin(id); known || err != nil {
		return err
	}
	err := t.place(id)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, procscan.ErrGone):
		t.fellBack(err)
		t.nudge() // Run has to look at it in time
		return nil
	case !t.drop(id):
		return nil // Run saw its end first, and has reported it
	}
	return fmt.Errorf("track %v: %w", id, procscan.ErrGone)
}

// begin puts a new process among the polled ones until it has its place, so that nothing
// is missed.
func (t *Tracker) begin(id procscan.ID) (known bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false, errClosed
	}
	_, watched := t.pidfds[id]
	_, polled := t.polled[id]
	if watched || polled {
		return true, nil
	}
	t.polled[id] = struct{}{}
	return false, nil
}

// Untrack forgets a process. An event of it that is already on its way may still be
// reported.
func (t *Tracker) Untrack(id procscan.ID) { t.drop(id) }

// drop reports whether the end of the process was still waited for.
func (t *Tracker) drop(id procscan.ID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	fd, watched := t.pidfds[id]
	if watched {
		unix.Close(int(fd)) // which takes it out of the epoll set
	}
	if fd, ok := t.late[id]; ok {
		unix.Close(int(fd))
	}
	_, polled := t.polled[id]
	delete(t.pidfds, id)
	delete(t.late, id)
	delete(t.polled, id)
	return watched || polled
}

// Close closes every descriptor. Call it after Run has returned; calling it again does no
// harm.
func (t *Tracker) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	for _, set := range []map[procscan.ID]int32{t.pidfds, t.late} {
		for _, fd := range set {
			unix.Close(int(fd))
		}
		clear(set)
	}
	for _, fd := range t.spent {
		unix.Close(int(fd))
	}
	for _, fd := range t.kept {
		unix.Close(fd)
	}
	clear(t.polled)
	clear(t.kept)
	var errs []error
	for _, fd := range []int{t.wake, t.epoll} {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	return errors.Join(errs...)
}

// nudge makes Run look at everything again.
func (t *Tracker) nudge() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		unix.Write(t.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // fails only if it is full, and then Run is being woken
	}
}

func (t *Tracker) note(text string) {
	if t.opts.Note != nil {
		t.opts.Note(text)
	}
}
