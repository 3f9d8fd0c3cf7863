package engine

// awaitsKeeping reports whether one of the effects may begin only when the state that records
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

// acts reports whether an effect changes something outside procward, which observe mode
// forbids. Waiting for a script is included, because it ends the script when its time is
// over.
func acts(e Effect) bool {
	switch e.(type) {
	case Run, Await, EndScript, RestartUnit, StopUnit, Kill, Evidence, EndMachine, Exit:
		return true
	}
	return false
}
