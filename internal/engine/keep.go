package engine

import "context"

// Keeper has the durable state written.
type Keeper interface {
	// Keep takes over changes of the durable state, by key; nil: the key is gone. With
	// must it returns when they, and all before them, are written, or after a bounded
	// time; without, at once.
	Keep(changes map[string]any, must bool)

	// Record returns nil when all that it was given is on the disk (fsync), in a directory
	// that outlives a boot. It takes a bounded time.
	Record(ctx context.Context) error
}

// awaitsKeeping says that one of the effects may begin only when the state that records
// it is written: scripts, kills, and the end of the daemon.
func awaitsKeeping(effects []Effect) bool {
	for _, e := range effects {
		switch e.(type) {
		case Run, RestartUnit, StopUnit, Kill, Exit:
			return true
		}
	}
	return false
}

// acts says that an effect changes something beyond procward itself, which observe mode
// rules out. To await a script is to end it when its time is over.
func acts(e Effect) bool {
	switch e.(type) {
	case Run, Await, EndScript, RestartUnit, StopUnit, Kill, Evidence, EndMachine, Exit:
		return true
	}
	return false
}
