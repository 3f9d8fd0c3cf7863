package life

import (
	"time"

	"procward/procscan"
	"procward/procscan/succession"
	"procward/procscan/traits"
)

// LookFor is what to look for.
type LookFor struct {
	Match   procscan.Match
	Missing bool   // fewer than count.min are there: systemd is asked about the host
	Unit    string // and about this unit; empty: do not ask

	// After a death, matching processes that are not Known are read for the judgement.
	Judged  bool
	Counted bool                 // the parents of what matches are read
	Known   map[procscan.ID]bool // tracked, or dead
	First   bool                 // nothing of it is tracked yet: what is found is read at once
	Kept    []procscan.ID        // those with a judgement: they are read too, and their end is reported
	Places  []succession.Socket  // where the dead served
	Beside  map[procscan.ID]bool // Known, and read all the same
}

// Finding is what a look found of one process.
type Finding struct {
	Selection procscan.Selection
	Err       error  // the look itself failed: nothing is known
	Unasked   string // systemd could not be asked about the unit, and why: nothing is known either, but it is not reported for each
	Unit      Unit

	Holders     []traits.Holder             // after a death: processes that do not match and have a socket of the dead open
	Gone        []procscan.ID               // of what was Kept
	Supervisors map[int]procscan.Supervisor // parents of selected processes that restart them as well, by PID

	Traits map[procscan.ID]traits.Got    // after a death, of matching processes that were not known, as far as they could be read
	Moved  map[procscan.ID]time.Duration // of known processes: when they last executed a program, as far as was reported
}

// Unit is what systemd says of the process's unit. The zero value: nothing.
type Unit struct {
	Name        string
	Hands       string        // why systemd or the operator is in charge of it, or empty
	MainPID     int           // 0: none
	MainStarted time.Duration // when that process began
	Up          bool          // it is active
	LastPID     int           // of one that is down: its last main process; 0: not known
	LastStarted time.Duration // and when that began; 0: not known
}

// StoppedOnRequest is what a Unit's Hands say of one that somebody has stopped.
const StoppedOnRequest = "stopped on request"

// LookFor is what to look for. Systemd is asked only if something is missing, or a
// monitor has to know.
func (l *Life) LookFor(asked bool) LookFor {
	missing := l.State() != Up
	if u, is := l.at.(*unknown); is {
		missing = u.sought
	}
	out := LookFor{
		Match: l.Spec.Match, Known: l.known(), Judged: len(l.dead) > 0, Counted: l.counting, Places: l.places(), Beside: l.beside(),
		Kept: l.remains.keptIDs(), First: len(l.tracked)+len(l.dead) == 0, Missing: asked || missing,
	}
	if out.Missing {
		out.Unit = l.unit.name
	}
	return out
}
