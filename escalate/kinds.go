package escalate

import (
	"procward/internal/kind"
	"procward/internal/scalar"
)

// Rung is one step of a ladder, and the table of rungs: one row for each, of which a step
// has exactly one. The comments of the rows, and those of the keys of each kind, are the
// text of the documentation.
type Rung struct {
	// stop and start the whole group, again until its own attempts are used
	RestartGroup *RestartGroup `yaml:"restart-group"`
	// run a script, for example to hand over to clusterware: [exit
	// codes](scripts.md#exit-codes-of-a-hook)
	Hook *Hook `yaml:"hook"`
	// stop the group
	StopGroup *StopGroup `yaml:"stop-group"`
	// end procward itself with an exit code, for clusterware. The watched processes go on
	StopDaemon *StopDaemon `yaml:"stop-daemon"`
	// power the machine off: [below](#rungs-that-end-the-machine)
	Shutdown *Shutdown `yaml:"shutdown"`
	// reboot
	Reboot *Reboot `yaml:"reboot"`
	// crash the kernel; what follows is decided by kdump or `kernel.panic`
	Panic *Panic `yaml:"panic"`
	// let the watchdog device reset the machine
	WatchdogReset *WatchdogReset `yaml:"watchdog-reset"`
	// let the watchdog's pretimeout panic the kernel
	WatchdogPanic *WatchdogPanic `yaml:"watchdog-panic"`
	// do nothing: procward gives up here
	None *None `yaml:"none"`
}

// rung is what each row of the table can do. What has defaults also has SetDefaults.
type rung interface {
	// validate reports every key of the rung that is wrong, as scalar.KeyErrors.
	validate() error
	// wait is the key that every rung has.
	wait() *scalar.Duration
	// deed is what the rung does.
	deed() Deed
	// words is the text after its name in a timetable, for a try from 1.
	words(try int) string
}

// only is the row that is set, if exactly one is.
func (r Rung) only() (kind.Row[rung], bool) {
	if set := kind.Set[rung](r); len(set) == 1 {
		return set[0], true
	}
	return kind.Row[rung]{}, false
}

// Own is the attempts of a rung that is tried again until they are used, nil for a rung
// that runs once.
func (r Rung) Own() *Tries {
	row, _ := r.only()
	if again, ok := row.Kind.(interface{ own() *Tries }); ok {
		return again.own()
	}
	return nil
}

// Tries is how many times, within which window, a rung is tried.
type Tries struct {
	Most   scalar.Limit
	Window scalar.Duration
}
