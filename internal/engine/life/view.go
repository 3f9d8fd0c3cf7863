package life

import (
	"time"

	"procward/internal/message"
)

// View is what others may know of a process.
type View struct {
	Waits      string        // what it waits for
	Unit       string        // of systemd
	LastCause  string        // of its last failure
	LastDown   time.Duration // when that was, or 0
	Due        time.Duration // when the time of its state is over, or 0
	Stopped    string        // by the operator: who
	Suspended  string        // likewise
	Unreadable int           // in doubt since it was last up
	OverSince  time.Duration // since when there are too many, or 0
	Sure       bool          // there is a failure without doubt
	Event      string        // why a restart is due
}

// View returns what others may know of it.
func (l *Life) View() View {
	return View{
		Waits: l.waits, Unit: l.unit.name, LastCause: l.lastCause, LastDown: l.lastDown, Due: l.due(), Stopped: l.stopped,
		Suspended: l.suspended, Unreadable: len(l.unreadable), Sure: l.sure, OverSince: l.surplus.since, Event: l.event,
	}
}

// Trouble is what a hook gets about its outage, and since when that lasts.
func (l *Life) Trouble() (s message.Message, since time.Duration) {
	if s.Cause = l.lastCause; l.event == "stall" {
		s.PID = l.stalledPID
	}
	var dead message.Message
	if l.aboutDead(&dead); dead.PID != 0 {
		s = dead
	}
	return s, l.since()
}

// Trial is what others have to know of the attempt in progress.
type Trial struct {
	Token    int  // of its kill or script, or 0
	Holds    bool // the script was told not to be killed by its timeout
	Ready    bool // its script waits for a look and a slot
	Started  bool // its script has started
	Evidence int  // token of the evidence that is being taken, or 0
	Hanging  int  // token of a script of an earlier attempt that still runs, or 0
}

// Trial returns the attempt in progress.
func (l *Life) Trial() Trial {
	a := l.attempt()
	return Trial{Token: a.token, Holds: a.holds, Ready: a.ready != 0, Started: a.started, Hanging: l.hanging, Evidence: l.evidence}
}
