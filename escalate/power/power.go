// Package power ends the machine: shutdown, reboot, panic, and a watchdog that is no
// longer fed. What this needs is opened and prepared when the daemon starts, so that a
// full disk, a hung filesystem, no free PID and no memory cannot stop the last step.
//
// By default nothing here reaches the machine: every path, system call and service is
// given in Options, and what is not given is left out. Only RealPaths and Real lead to
// the real machine.
package power

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// RungError says why a rung cannot be carried out here.
type RungError struct {
	Rung string
	Err  error
}

func (e *RungError) Error() string { return "rung " + e.Rung + ": " + e.Err.Error() }

// Unwrap returns the reason itself.
func (e *RungError) Unwrap() error { return e.Err }

// Means is everything that was prepared. Its methods may be called from any goroutine,
// Close after all others.
type Means struct {
	opts    Options
	refused map[string]error // by rung
	sysrq   [256]func() error
	sync    func() error
	reboot  map[string]func() error
	kmsg    int // descriptors; -1: none
	trigger int
	dog     *dog   // nil: none
	hands   *hands // of Act
	feeder  *hands // of FeedWatchdog
	teller  *teller
	acting  sync.Mutex
	closed  sync.Once
}

// Open prepares what opts.Rungs need. It always returns a Means, which must be closed.
// The error joins a RungError for each rung that cannot be carried out; Act then refuses
// it. Opening a watchdog starts it: from then on FeedWatchdog must run. For other rungs,
// after a reload, Close it and Open another.
func Open(opts Options) (*Means, error) {
	opts.Limits = opts.Limits.withDefaults()
	m := &Means{opts: opts, refused: map[string]error{}, kmsg: -1, trigger: -1, teller: newTeller(opts.Say)}
	if len(opts.Rungs) == 0 {
		return m, nil
	}
	steps := []string{kernelLog, syncDisks, reboot2, watchdog}
	for _, letter := range letters {
		steps = append(steps, sysrq+string(letter))
	}
	m.hands = newHands(steps...)
	for _, rung := range opts.Rungs {
		m.refused[rung] = nil
	}
	m.openKernel()
	m.openDog()
	var errs []error
	for _, rung := range opts.Rungs {
		if err := m.refused[rung]; err != nil {
			errs = append(errs, &RungError{rung, err})
		}
	}
	return m, errors.Join(errs...)
}

// Ready returns why a rung cannot be carried out, nil if it can. It is called before the
// breaker is asked, so that an impossible rung is not counted.
func (m *Means) Ready(rung string) error {
	err, known := m.refused[rung]
	if !known {
		err = errors.New("was not made ready at the start")
	}
	if err != nil {
		return &RungError{rung, err}
	}
	return nil
}

// has reports whether one of the rungs is asked for.
func (m *Means) has(rungs ...string) bool {
	for _, r := range rungs {
		if _, has := m.refused[r]; has {
			return true
		}
	}
	return false
}

// hasWay reports whether one of the rungs that are asked for has a property.
func (m *Means) hasWay(property func(way) bool) bool {
	for rung := range m.refused {
		if property(ways[rung]) {
			return true
		}
	}
	return false
}

func (m *Means) refuse(err error, rungs ...string) {
	for _, r := range rungs {
		if m.has(r) {
			m.refused[r] = err
		}
	}
}

// openKernel opens the kernel's files. Without the sysrq trigger a reboot still has
// reboot(2), and it works without the kernel's log too.
func (m *Means) openKernel() {
	for _, rung := range m.opts.Rungs {
		if !Knows(rung) {
			m.refuse(errors.New("does not end the machine"), rung)
		}
	}
	var err error
	if m.kmsg, err = openFile(m.opts.Paths.Kmsg); err != nil {
		m.teller.tell(kernelLog, err)
	}
	if m.hasWay(func(w way) bool { return w.letter != 0 }) {
		if m.trigger, err = openFile(m.opts.Paths.Sysrq); err != nil {
			for rung, w := range ways {
				if w.lost {
					m.refuse(err, rung)
				}
			}
			m.teller.tell("sysrq", err)
		}
	}
	m.prepare()
}

// prepare makes the steps, so that taking one needs no memory.
func (m *Means) prepare() {
	if fd := m.trigger; fd >= 0 {
		for _, letter := range []byte(letters) {
			text := []byte{letter}
			m.sysrq[letter] = func() error { return write(fd, text) }
		}
	}
	if f := m.opts.Kernel.Sync; f != nil {
		m.sync = func() error { f(); return nil }
	}
	m.reboot = map[string]func() error{}
	if f := m.opts.Kernel.Reboot; f != nil {
		for rung, w := range ways {
			m.reboot[rung] = func() error { return f(w.command) }
		}
	}
}

// Close closes everything. A watchdog is stopped, so that the machine goes on without
// procward, except after a rung that uses it. A second Close does nothing.
func (m *Means) Close() (err error) {
	m.closed.Do(func() { err = m.close() })
	return err
}

func (m *Means) close() error {
	var errs []error
	if m.dog != nil {
		errs = append(errs, m.dog.close())
	}
	inUse := false
	for _, h := range []*hands{m.hands, m.feeder} {
		if h != nil {
			inUse = h.close() || inUse
		}
	}
	for _, fd := range []int{m.kmsg, m.trigger} {
		if fd >= 0 && !inUse { // a step that hangs must not continue in a file that gets the same number later
			errs = append(errs, unix.Close(fd))
		}
	}
	m.teller.flush(m.opts.Limits.Pause)
	m.teller.close()
	return errors.Join(errs...)
}

func openFile(path string) (int, error) {
	if path == "" {
		return -1, ErrLeftOut
	}
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", path, err)
	}
	return fd, nil
}

// write writes all of b in one system call, as the kernel's files require.
func write(fd int, b []byte) error {
	for {
		if _, err := unix.Write(fd, b); err != unix.EINTR {
			return err
		}
	}
}
