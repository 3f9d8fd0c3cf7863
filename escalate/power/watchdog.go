package power

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
)

// defaultTimeout of the watchdog.
const defaultTimeout = time.Minute

// dog is the watchdog that this process holds.
//
// If the process dies without Close (SIGKILL), the descriptor is closed without the magic
// letter and a device with WDIOF_MAGICCLOSE goes on. A procward that is started again
// within the timeout takes it over by opening it, and nothing happens to the machine. If
// none comes, the machine is reset, as intended.
type dog struct {
	dev        device
	timeout    time.Duration
	pretimeout time.Duration // that watchdog-panic uses; 0: cannot
	starved    atomic.Bool
}

// openDog takes the watchdog if a rung needs it and can use it.
func (m *Means) openDog() {
	usable := false
	for rung, w := range ways {
		if w.watchdog && m.has(rung) {
			err := CheckRung(rung, m.opts.Paths)
			m.refuse(err, rung)
			usable = usable || err == nil
		}
	}
	if !usable {
		return
	}
	if err := m.takeDog(); err != nil {
		m.refuse(err, WatchdogReset, WatchdogPanic)
	}
}

func (m *Means) takeDog() error {
	open := openDevice
	if m.opts.openWatchdog != nil {
		open = m.opts.openWatchdog
	}
	dev, err := open(m.opts.Paths.Watchdog)
	if err != nil {
		return err
	}
	m.dog, m.feeder = &dog{dev: dev}, newHands(kernelLog)
	if err := m.setUpDog(); err != nil {
		err = errors.Join(err, m.dog.close())
		m.dog = nil
		return err
	}
	return nil
}

func (m *Means) setUpDog() (err error) {
	d, want := m.dog, m.opts.WatchdogTimeout
	if want <= 0 {
		want = defaultTimeout
	}
	if d.timeout, err = d.dev.setTimeout(want); err != nil {
		return err
	}
	if m.has(WatchdogPanic) && m.refused[WatchdogPanic] == nil {
		m.refuse(d.preparePanic(m.opts.Paths, !m.has(WatchdogReset)), WatchdogPanic)
		if err := m.refused[WatchdogPanic]; err != nil && !m.has(WatchdogReset) {
			return err
		}
	}
	m.warnOfDog()
	return nil
}

// preparePanic makes the pretimeout panic. A machine that freezes panics if that is the
// only rung of the watchdog, else it is reset.
func (d *dog) preparePanic(p Paths, always bool) error {
	if d.timeout < 2*time.Second {
		return fmt.Errorf("a timeout of %v leaves no time for a pretimeout: %s", d.timeout, insteadPanic)
	}
	if err := setGovernor(p); err != nil {
		return err
	}
	// We try it and do not rely on WDIOF_PRETIMEOUT: the kernel can also do it for devices
	// without (CONFIG_WATCHDOG_HRTIMER_PRETIMEOUT).
	pretimeout := (d.timeout / 2).Truncate(time.Second)
	err := d.bark(pretimeout)
	if err == nil && !always {
		err = d.bark(0)
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, insteadPanic)
	}
	d.pretimeout = pretimeout
	return nil
}

// bark sets the pretimeout. Drivers (for example softdog) use a new one from the next
// feed on.
func (d *dog) bark(pretimeout time.Duration) error {
	if err := d.dev.setPretimeout(pretimeout); err != nil {
		return err
	}
	return d.dev.feed()
}

// warnOfDog reports what the operator may not expect of this device.
func (m *Means) warnOfDog() {
	d := m.dog
	switch {
	case noWayOut(m.opts.Paths):
		m.teller.tell(watchdog, fmt.Errorf("cannot be stopped (nowayout): a stop of procward for longer than %v resets the machine", scalar.Duration(d.timeout)))
	case d.dev.options()&unix.WDIOF_MAGICCLOSE == 0:
		m.teller.tell(watchdog, errors.New("has no magic close: it stops when procward dies, and does not reset the machine then"))
	}
}

// HasWatchdog reports whether there is a watchdog to feed.
func (m *Means) HasWatchdog() bool { return m.dog != nil }

// FeedWatchdog feeds the watchdog four times in its timeout for as long as healthy
// returns nil, until ctx ends or a rung uses the watchdog. It reports when it stops
// feeding because of healthy, and when it goes on, not each time. If no rung needs the
// watchdog it returns at once. healthy must return within a quarter of the timeout.
func (m *Means) FeedWatchdog(ctx context.Context, healthy func() error) {
	if m.dog == nil {
		return
	}
	tick := time.NewTicker(m.dog.timeout / 4)
	defer tick.Stop()
	failing := false
	for !m.dog.starved.Load() {
		err := healthy()
		if err == nil {
			err = m.dog.feed()
		}
		if was := failing; was != (err != nil) {
			failing = !was
			m.tellOfFeeding(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// tellOfFeeding also writes the reason into the kernel's log: if the user space stalls
// there may be no other log, and the machine may be reset soon.
func (m *Means) tellOfFeeding(err error) {
	m.teller.tell("watchdog feeding", err)
	if err == nil || m.kmsg < 0 {
		return
	}
	line, fd := kmsgText("the watchdog is not fed", err.Error()), m.kmsg
	_ = m.feeder.do(kernelLog, m.opts.Limits.Pause, func() error { return write(fd, line) })
}

func (d *dog) feed() error {
	if d.starved.Load() {
		return nil
	}
	return d.dev.feed()
}

// starve makes the step after which nobody feeds the watchdog any more. It may feed it
// one last time.
func (d *dog) starve(panics bool) func() error {
	return func() error {
		d.starved.Store(true)
		switch {
		case panics:
			return d.bark(d.pretimeout)
		case d.pretimeout > 0:
			return d.bark(0)
		}
		return nil
	}
}

// close stops the watchdog. A watchdog that a rung has let loose is not stopped; if its
// device stops with its descriptor (no magic close), the descriptor stays open until the
// process ends.
func (d *dog) close() error {
	if d.starved.Load() {
		return nil
	}
	return errors.Join(d.dev.disarm(), d.dev.close())
}
