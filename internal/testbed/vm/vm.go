// Package vm boots a whole machine of software, with a Debian kernel and a small Debian
// on a disk, for tests of what ends a machine: power off, reset, panic, a watchdog device
// that nobody feeds. Only tests import it.
//
// qemu emulates the processor; KVM is never used, because a /dev/kvm that is there need
// not work. A boot takes about 12 s of two cores. The machine has two processors, 512 MB,
// no network, an i6300esb watchdog (/dev/watchdog) that resets it, a pvpanic device that
// tells of a panic, and kernel.panic=1. What resets it boots it again, from the same
// disk, like hardware; what powers it off ends it.
//
// It needs root, Debian on amd64 and PROCWARD_TEST_VM=1 in the environment (make test-vm
// sets it); qemu, busybox and mmdebstrap are then installed where they are missing.
package vm

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// limit bounds everything that is waited for. A loaded machine is several times slower
// than an idle one.
const limit = 15 * time.Minute

// Options are what a machine has besides the usual. The zero value works.
type Options struct {
	Files    map[string]string // path inside, without links: content; mode 0644
	Programs map[string]string // path inside, without links: a file of the host; mode 0755
	Devices  []string          // further devices, as qemu's -device has them
	Cmdline  string            // appended to the kernel's
}

// Guest is a machine, on or off.
type Guest struct {
	t       testing.TB
	image   image
	options Options
	dir     string // of the disk, the console's log and the sockets

	exec  sync.Mutex // held during an Exec
	asked int        // how many there were: each has a number

	mu      sync.Mutex
	changed chan struct{} // closed, and another, when one of the following changes
	run     *run          // the qemu that runs; nil: switched off
	events  []Event
	told    int      // of the events, how many Event has been through
	boots   []string // the boot ids
	seen    int      // of the boots, how many NextBoot has told
	off     bool     // it shall not start again
}

// Boot makes a machine, switches it on and returns when its boot has finished. The test
// is skipped where there can be none. The machine is gone with the test, and when the
// test binary dies.
func Boot(t testing.TB, o Options) *Guest {
	t.Helper()
	m := New(t, o)
	m.Start()
	m.NextBoot()
	return m
}

// New is Boot without switching the machine on.
func New(t testing.TB, o Options) *Guest {
	t.Helper()
	need(t)
	m := &Guest{t: t, image: findImage(t), options: o, changed: make(chan struct{})}
	var err error
	if m.dir, err = os.MkdirTemp("", "vm-"); err != nil { // t.TempDir may be too long for a socket
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(m.dir) })
	if err := m.makeDisk(); err != nil {
		t.Fatalf("make the disk of the machine: %v", err)
	}
	t.Cleanup(func() {
		m.Stop()
		if t.Failed() {
			t.Logf("boots: %v\nevents: %v\nconsole of the machine, whole in %s:\n%s", m.Boots(), m.Events(), m.keepConsole(), tail(m.Console(), 200))
		}
	})
	return m
}

// need skips the test where there can be no machine.
func need(t testing.TB) {
	t.Helper()
	switch {
	case os.Getenv("PROCWARD_TEST_VM") != "1":
		t.Skip("make test-vm runs it")
	case os.Geteuid() != 0:
		t.Skip("the disk of a virtual machine is made by root")
	case runtime.GOARCH != "amd64":
		t.Skip("the virtual machine is an amd64 one, with packages of that architecture")
	}
}

// Console is what the kernel and systemd wrote to the console, over all boots.
func (m *Guest) Console() string {
	b, err := os.ReadFile(m.console())
	if err != nil && !os.IsNotExist(err) {
		m.t.Error(err)
	}
	return string(b)
}

// keepConsole copies the console's log to where it outlives the test, and says where.
func (m *Guest) keepConsole() string {
	dir := os.Getenv("PROCWARD_TEST_LOGS")
	if dir == "" {
		dir = os.TempDir()
	}
	f, err := os.CreateTemp(dir, "vm-console-"+strings.ReplaceAll(m.t.Name(), "/", "-")+"-*.log")
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if _, err := f.WriteString(m.Console()); err != nil {
		return err.Error()
	}
	return f.Name()
}

func (m *Guest) console() string { return filepath.Join(m.dir, "console") }

func tail(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}

// NextBoot waits for the next boot that it has not told of yet, until that has finished
// (systemd's state is no longer starting), and returns the boot id.
func (m *Guest) NextBoot() string {
	m.t.Helper()
	id := m.Booted()
	// systemctl fails when the state is degraded, and that is the test's business.
	if state, err := m.Exec("systemctl is-system-running --wait || true"); err != nil || state == "" {
		m.t.Fatalf("the boot does not finish: state %q, %v", state, err)
	}
	return id
}

// Booted is NextBoot that returns as soon as commands can be run.
func (m *Guest) Booted() string {
	m.t.Helper()
	m.until("a boot", func() bool { return len(m.boots) > m.seen })
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen++
	return m.boots[m.seen-1]
}

// Boots are the boot ids so far, for tests that count.
func (m *Guest) Boots() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.boots...)
}

// until waits until ok, which is called with the lock held. It fails the test when that
// takes too long, or the machine is off and will tell nothing any more.
func (m *Guest) until(what string, ok func() bool) {
	m.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		m.mu.Lock()
		good, running, changed := ok(), m.run != nil, m.changed
		m.mu.Unlock()
		if good {
			return
		}
		if !running {
			m.t.Fatalf("waiting for %s: the machine is off", what)
		}
		select {
		case <-changed:
		case <-deadline.C:
			m.t.Fatalf("no sign of %s after %v", what, limit)
		}
	}
}

// change changes what until looks at.
func (m *Guest) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	close(m.changed)
	m.changed = make(chan struct{})
}
