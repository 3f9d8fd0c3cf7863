package life

import (
	"time"

	"procward/procscan"
)

// State is the present state of a process, in one word.
type State string

// The states of a process.
const (
	Unknown    State = "unknown"     // not looked for yet
	Up         State = "up"          // at least count.min are tracked
	Looking    State = "looking"     // one exited; the second look is in progress
	Unclear    State = "unclear"     // a process that may match cannot be read: nothing is done
	Waiting    State = "waiting"     // down; the next attempt is due after its delay, or waits for a slot
	Restarting State = "restarting"  // an attempt runs: kill, script, looking for the process
	Settling   State = "settling"    // found again, not yet up for settle
	Stopped    State = "stopped"     // stopped by the operator or by systemd on request: nothing is done
	Absent     State = "absent"      // not seen since the start; waited for or ignored
	Ended      State = "ended"       // a clean end under when: abnormal
	Final      State = "final"       // an end after which no restart is tried; shown as given-up
	Held       State = "held"        // down; it has to wait for a dependency
	Climbing   State = "exhausted"   // no attempt left; the ladder is climbed
	GaveUp     State = "given-up"    // the end of the ladder is reached
	Handed     State = "handed-over" // the hook took it
)

// standing is a state with what is true in it, and nothing else.
type standing interface {
	word() State
	// rest is how long after the beginning of the state a look is due, or 0.
	rest(l *Life) time.Duration
}

// The states that hold something.
type (
	unknown struct {
		sought bool          // it was looked for once
		until  time.Duration // the end of one start-timeout of looking, or 0
	}
	looking struct {
		causeBy time.Duration // until when the cause of the death is waited for, or 0
		attempt attempt       // it was lost before that attempt was up for settle; the zero value: none
	}
	// unclear interrupts another state, in which it goes on.
	unclear struct{ of standing }
	waiting struct {
		due time.Duration // when the attempt is due; 0: in observe mode, without an attempt
	}
	restarting struct {
		attempt attempt
		by      time.Duration // when it must be found, or 0 while its script runs
	}
	settling struct {
		attempt attempt
		settled time.Duration // when the settle time is over
		until   time.Duration // when something is due: the same, or the end of the patience with a probe, or 0
	}
	// inHand is a process that an operation has taken.
	inHand struct {
		Hand
		attempt attempt
		by      time.Duration // when it must be found, or 0
	}
	final struct {
		remindAt time.Duration // when it is reported again, or 0
	}
)

// plain is a state that holds nothing.
type plain State

// Hand is the operation that has taken a process.
type Hand struct {
	By, Monitor   string // the operator, or the monitor, for whom it is; or empty
	Starts, Stops bool   // it only starts, or only stops
}

func (*unknown) word() State    { return Unknown }
func (*looking) word() State    { return Looking }
func (*unclear) word() State    { return Unclear }
func (*waiting) word() State    { return Waiting }
func (*restarting) word() State { return Restarting }
func (*settling) word() State   { return Settling }
func (*inHand) word() State     { return Restarting }
func (*final) word() State      { return Final }
func (p plain) word() State     { return State(p) }

func (*unknown) rest(*Life) time.Duration    { return 0 }
func (*looking) rest(*Life) time.Duration    { return 0 }
func (*unclear) rest(*Life) time.Duration    { return lookLast }
func (*waiting) rest(*Life) time.Duration    { return LookMissing }
func (*restarting) rest(*Life) time.Duration { return 0 }
func (*settling) rest(*Life) time.Duration   { return 0 }
func (*inHand) rest(*Life) time.Duration     { return 0 }
func (*final) rest(*Life) time.Duration      { return LookMissing }

func (p plain) rest(l *Life) time.Duration {
	count := l.Spec.Match.Count
	switch {
	case State(p) != Up:
		return LookMissing
	case !count.Max.Unlimited || l.Spec.Match.Select == procscan.All:
		return lookExcess
	}
	return 0
}

// attempt is one restart in progress. The zero value means none.
type attempt struct {
	number     int           // 0: a start because of a group
	token      int           // of the kill or script under way, or 0
	script     bool          // it is that of a script, or of the restart of the unit
	kills      int           // rounds of killing what is left
	ready      time.Duration // since when the script waits for a look and a slot, or 0
	started    bool          // the script has started, and this was reported
	scriptDone bool
	lost       bool          // found, and lost again before it was up for settle
	holds      bool          // the script was told not to be killed by its timeout
	until      time.Duration // when the script's timeout is over
}

// attempt is the restart under way, in the states that have one.
func (l *Life) attempt() *attempt {
	at := l.at
	if u, is := at.(*unclear); is {
		at = u.of
	}
	switch s := at.(type) {
	case *looking:
		return &s.attempt
	case *restarting:
		return &s.attempt
	case *settling:
		return &s.attempt
	case *inHand:
		return &s.attempt
	}
	return &attempt{}
}

// due is when the time of the state is over, or 0. For waiting this is in the line.
func (l *Life) due() time.Duration {
	switch s := l.at.(type) {
	case *unknown:
		return s.until
	case *looking:
		return s.causeBy
	case *waiting:
		return s.due
	case *restarting:
		return s.by
	case *settling:
		return s.until
	case *inHand:
		return s.by
	}
	return 0
}
