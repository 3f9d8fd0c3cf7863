package restart

// Orphans says which of the workers that a dead process has left over are ended before a
// restart. Only those are ever ended that are proven to be its workers.
type Orphans string

// The choices of Orphans.
const (
	AutoOrphans  Orphans = "auto"  // of one that was killed or failed, and only if it holds a socket that the dead one had (default)
	LeaveOrphans Orphans = "leave" // none
	KillOrphans  Orphans = "kill"  // all
)

// Ends reports whether a proven worker is ended. killed: the dead one is known to have been
// killed or to have failed. shares: the worker holds a socket that the dead one had, so that
// a new one could not have it.
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
