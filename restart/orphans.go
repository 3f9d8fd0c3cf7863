package restart

// Orphans says which workers that a dead process left behind are ended before a restart.
// A worker is ended only if it is proven to be one.
type Orphans string

// The choices of Orphans.
const (
	AutoOrphans  Orphans = "auto"  // of one that was killed or failed, and only if it holds a socket that the dead one had (default)
	LeaveOrphans Orphans = "leave" // none
	KillOrphans  Orphans = "kill"  // all
)

// Ends reports whether a proven worker is ended. killed: the dead process is known to
// have been killed or to have failed. shares: the worker holds a socket of the dead
// process, so that a new process could not bind it.
func (o Orphans) Ends(killed, shares bool) bool {
	switch o {
	case LeaveOrphans:
		return false
	case KillOrphans:
		return true
	}
	return killed && shares
}

func (o Orphans) valid() bool { return o == AutoOrphans || o == LeaveOrphans || o == KillOrphans }
