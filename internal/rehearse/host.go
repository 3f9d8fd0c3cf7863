package rehearse

import (
	"errors"
	"time"

	"procward/internal/engine"
)

// host is the machine below the daemon.
type host struct {
	Rungs     map[string]string // by rung that ends the machine: why it cannot be carried out here, or empty; nil: none can
	Lost      string            // why the ledger cannot be believed at the next start
	RecordErr func() error      // nil: it is on the disk
	Recording time.Duration
	Ends      func(engine.EndMachine) (stays bool) // is asked at each act; nil: the machine boots again
	Staying   time.Duration                        // how long a machine is tried to be ended that stays
	Starts    func()                               // what is started at each boot
}

// Ready makes rungs ready.
func (w *World) Ready(rungs ...string) {
	w.Rungs = map[string]string{}
	for _, r := range rungs {
		w.Rungs[r] = ""
	}
}

func (w *World) record(e engine.Record) {
	var err error
	if w.RecordErr != nil {
		err = w.RecordErr()
	}
	if err == nil {
		w.write()
	}
	w.Later(w.Recording+time.Millisecond, engine.Recorded{Token: e.Token, Err: err})
}

func (w *World) endMachine(e engine.EndMachine) {
	if w.Ends != nil && w.Ends(e) {
		w.Later(w.Staying, engine.MachineStays{Token: e.Token, Err: errors.New("all was tried")})
		return
	}
	w.Reboot()
}

// How long a boot takes: the machine is down, what is started at a boot is there, the daemon
// is up.
const (
	bootDown   = 10 * time.Second
	bootStarts = 15 * time.Second
	bootDaemon = 20 * time.Second
)

// Reboot ends everything; the daemon is up again a while later.
func (w *World) Reboot() {
	w.table.clear()
	w.abort()
	w.Boots++
	w.BootAt = w.Now + bootDown
	if w.Starts != nil {
		w.At(bootStarts, w.Starts)
	}
	w.Rebirth(bootDaemon, nil)
}
