package power

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// The rungs that Act carries out, by their names in the configuration.
const (
	Shutdown      = "shutdown"
	Reboot        = "reboot"
	Panic         = "panic"
	WatchdogReset = "watchdog-reset"
	WatchdogPanic = "watchdog-panic"
)

// ways is the table of the rungs that end the machine, a row each.
var ways = map[string]way{
	Shutdown: {
		check: anywhere, act: (*run).orderly,
		ask: Manager.PowerOff, command: unix.LINUX_REBOOT_CMD_POWER_OFF, letter: 'o', last: sysrq + "o",
	},
	Reboot: {
		check: anywhere, act: (*run).orderly,
		ask: Manager.Reboot, command: unix.LINUX_REBOOT_CMD_RESTART, letter: 'b', last: sysrq + "b",
	},
	Panic:         {check: checkSysrq, act: (*run).crash, letter: 'c', last: sysrq + "c", lost: true},
	WatchdogReset: {check: checkWatchdog, act: (*run).starve, watchdog: true},
	WatchdogPanic: {check: checkPretimeout, act: (*run).starve, watchdog: true, pretimeout: true},
}

// way is how a rung ends the machine.
type way struct {
	// check returns why it cannot be done on this machine, without opening anything.
	check func(Paths) error
	// act takes its steps, and returns why the machine is still here.
	act func(*run, context.Context) error
	// ask asks the service manager first; nil: nobody is asked.
	ask func(Manager, context.Context) error
	// command is the argument of reboot(2).
	command int
	// letter is its sysrq, and last is the name of that step; 0: none.
	letter byte
	last   string
	// lost: without sysrq it cannot be done at all.
	lost bool
	// watchdog: it needs the watchdog device.
	watchdog bool
	// pretimeout: the watchdog makes the kernel panic before it would reset.
	pretimeout bool
}

// Knows reports whether a rung is one that ends the machine.
func Knows(rung string) bool {
	_, known := ways[rung]
	return known
}

// CheckRung returns why a rung cannot be carried out on this machine, nil if it can. It
// opens nothing that opening changes: of a watchdog it only reads sysfs, and so it does
// not know whether somebody else uses it; Open does.
func CheckRung(rung string, p Paths) error {
	w, known := ways[rung]
	if !known {
		return fmt.Errorf("%q does not end the machine", rung)
	}
	return w.check(p)
}

// anywhere returns nil on every machine: there is always reboot(2).
func anywhere(Paths) error { return nil }
