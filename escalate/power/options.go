package power

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// Paths are the files of the kernel that are used. An empty path is not used.
type Paths struct {
	Sysrq       string // takes one letter (Documentation/admin-guide/sysrq.rst); the mask kernel.sysrq has no effect on it
	Kmsg        string // the kernel's log (Documentation/ABI/testing/dev-kmsg)
	Watchdog    string // Documentation/watchdog/watchdog-api.rst
	WatchdogSys string // the class of watchdogs in sysfs (Documentation/ABI/testing/sysfs-class-watchdog)
}

// RealPaths are the paths of this machine.
func RealPaths() Paths {
	return Paths{Sysrq: "/proc/sysrq-trigger", Kmsg: "/dev/kmsg", Watchdog: "/dev/watchdog", WatchdogSys: "/sys/class/watchdog"}
}

// Kernel is the system calls. A nil call is left out.
type Kernel struct {
	Sync   func()              // sync(2)
	Reboot func(cmd int) error // reboot(2)
}

// Real is the system calls of this machine.
func Real() Kernel { return Kernel{Sync: unix.Sync, Reboot: unix.Reboot} }

// Manager asks the service manager for an orderly end. A method returns when the request
// was accepted.
type Manager interface {
	PowerOff(context.Context) error
	Reboot(context.Context) error
}

// Limits are the times of the steps. Zero means the default.
type Limits struct {
	Call   time.Duration // 30s: until the Manager has accepted
	Leave  time.Duration // 5m: from then to the end of the machine
	Sync   time.Duration // 30s: of sync(2)
	Kernel time.Duration // 30s: of reboot(2), of the last sysrq, and after the watchdog's timeout
	Pause  time.Duration // 2s: of a line to the kernel's log, and of a sysrq that works in the background
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		limit *time.Duration
		by    time.Duration
	}{{&l.Call, 30 * time.Second}, {&l.Leave, 5 * time.Minute}, {&l.Sync, 30 * time.Second}, {&l.Kernel, 30 * time.Second}, {&l.Pause, 2 * time.Second}} {
		if *d.limit <= 0 {
			*d.limit = d.by
		}
	}
	return l
}

// Options are everything that Open uses. The zero value touches nothing.
type Options struct {
	Rungs   []string // the rungs of the configuration; only what they need is opened. A Prover needs WatchdogReset
	Paths   Paths
	Kernel  Kernel
	Manager Manager // nil: none
	Limits  Limits

	// WatchdogTimeout is the timeout that the watchdog shall have, in whole seconds; 0 means
	// 60s. Its driver may choose another one. A pretimeout is half of it.
	WatchdogTimeout time.Duration

	// Say is called after each step: err is nil if the step worked, and ErrLeftOut if it was
	// not given. It is called on a goroutine of its own, in order, and may block: the steps
	// do not wait for it.
	Say func(step string, err error)

	openWatchdog func(path string) (device, error) // in tests
}

// Errors of steps.
var (
	ErrLeftOut = errors.New("not available here")
	ErrStuck   = errors.New("hangs; not waited for any longer")
	ErrActing  = errors.New("another rung that ends the machine is being carried out")
)
