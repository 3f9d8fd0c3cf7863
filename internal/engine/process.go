package engine

import (
	"slices"
	"time"

	confd "procward/conf.d"
	"procward/internal/engine/operation"
	"procward/internal/engine/signs"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/restart"
	"procward/watch"
)

// process is what the machine knows of one entry under processes:.
type process struct {
	name    string
	key     string // of what is saved
	digest  string // of the match
	spec    confd.Process
	state   State
	tracked map[procscan.ID]procscan.Process
	history restart.History

	// Of the present outage, from the first loss to recovered.
	outage  bool          // a failure beyond doubt, and not up for settle since
	dead    []death       // oldest first
	died    time.Duration // wake-up of the first loss
	event   string        // exit, stall, absent, count, escalate: why a restart is due
	cause   watch.Cause   // of the last death
	script  time.Duration // when the newest of them was asked for, or 0
	begun   time.Duration // when its first script, or that of its group, was asked for, or 0
	attempt attempt
	stall   *stalled // while it is stalled, as far as the signs tell
	// Of the last stall.
	stalledAt  time.Duration
	stalledPID int
	evidence   int // token of the evidence that is being taken, or 0
	hanging    int // token of a script of an earlier attempt that still runs, or 0

	stopped      string                            // by the operator: who; it is not watched until he starts it
	suspended    string                            // by the operator: who
	traits       map[procscan.ID]succession.Traits // of what is tracked
	remains      remains
	roots        int                  // how many were there when all was well
	counting     bool                 // the next look compares that
	unit         string               // systemd unit, as found or configured
	unreadable   map[procscan.ID]bool // in doubt since it was last up: no news
	lastCause    string
	lastDown     time.Duration
	waitsFor     string
	op           *operation.Operation // the group operation that has it in hand
	heralded     time.Duration        // until when it is looked for often: its unit has been started, perhaps
	nextLook     time.Duration
	lookStep     time.Duration
	watched      signs.Attention
	settledAt    time.Duration // of Settling: when the settle time is over
	asked        bool          // the next look asks systemd too, for the sake of a monitor
	lookedAt     time.Duration // when the newest look that told something of it ended
	changedAt    time.Duration // a look that began before this is too old to miss it
	blind        bool          // the newest look told nothing
	deadline     time.Duration // of the state
	remindAt     time.Duration // of FinalState: when it is said again, or 0
	kept         time.Duration // of Unclear: the deadline of the Waiting that it interrupts
	rematch      bool          // the match has changed: the next look decides who is tracked
	excess       bool          // told
	overSince    time.Duration // since when there are too many, or 0
	unitStopped  bool          // procward has stopped its unit, and it was not up since
	unitForgiven bool          // likewise, but an earlier daemon
	endured      bool          // nothing more is done about the excess
	returned     bool          // the process is back without procward's doing
}

// death is the end of one tracked process.
type death struct {
	procscan.Process
	traits   succession.Traits
	cause    watch.Cause
	at       time.Duration // when it was told
	moved    bool          // it had executed a program since its traits were read
	expected bool          // procward has stopped it
	past     bool          // it was found again since
	launched bool          // by the script that runs or ran last, and another carried on
}

// attempt is one restart under way.
type attempt struct {
	number     int
	token      int           // of the kill or script under way, or 0
	kills      int           // rounds of killing what is left
	ready      time.Duration // since when the script waits for a look and a slot, or 0
	started    bool          // the script has started, and it was said
	scriptDone bool
	lost       bool          // found, and lost again before it was up for settle
	holds      bool          // the script was told not to be killed by its timeout
	until      time.Duration // when the script's timeout is over
}

func (p *process) enough() bool { return len(p.tracked) >= p.spec.Match.Count.Min }

// over reports whether more are there than count.max.
func (p *process) over() bool {
	limit := p.spec.Match.Count.Max
	return !limit.Unlimited && len(p.tracked) > limit.N
}

// startable reports whether there is a way to start it again once it is stopped.
func (p *process) startable() bool { return p.spec.Restart.Run != nil || p.spec.Restart.Unit != "" }

// verdict is the cause that when: abnormal and final go by. Of the deaths since it was last found
// that is one that was not clean, else one that is unknown, else the last.
func (p *process) verdict() watch.Cause {
	out := p.cause
	for _, d := range p.dead {
		switch {
		case d.expected || d.past || p.spec.Restart.IsClean(d.cause):
		case d.cause.Known:
			return d.cause
		default:
			out = d.cause
		}
	}
	return out
}

// wokeAt is when the failure at hand was told: the wake-up of the last death, or when
// something else was found to be wrong.
func (p *process) wokeAt() time.Duration {
	if p.event == "exit" {
		return p.lastDown
	}
	return p.since()
}

// since is when the outage began.
func (p *process) since() time.Duration {
	if p.event == "stall" {
		return p.stalledAt
	}
	return p.died
}

// tracks is the tracked IDs by PID.
func (p *process) tracks() []procscan.ID {
	ids := make([]procscan.ID, 0, len(p.tracked))
	for id := range p.tracked {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b procscan.ID) int { return a.PID - b.PID })
	return ids
}

// lookFor is what to look for: systemd is asked only where something is missing.
func (p *process) lookFor() LookFor {
	l := LookFor{Match: p.spec.Match, Known: p.known(), Judged: len(p.dead) > 0, Counted: p.counting, Places: p.places(), Beside: p.beside(), Kept: p.remains.ids(), First: len(p.tracked)+len(p.dead) == 0, Missing: p.asked || p.state != Up && (p.state != Unknown || p.lookStep != 0)}
	if l.Missing {
		l.Unit = p.unit
	}
	return l
}

// enter changes the state; what was due in the old one is forgotten.
func (m *Machine) enter(p *process, s State) {
	m.stir(p)
	m.unsettleOf(p)
	p.state, p.nextLook, p.deadline, p.waitsFor, p.kept = s, 0, 0, "", 0
	m.touch(p)
	switch s {
	case Up:
		if !p.spec.Match.Count.Max.Unlimited || p.spec.Match.Select == procscan.All {
			p.nextLook = m.now + lookExcess
		}
	case Waiting, Climbing, GaveUp, Handed, AbsentNow, EndedState, FinalState, StoppedBy, HeldState:
		p.nextLook = m.now + lookMissing
	case Unclear:
		p.nextLook = m.now + lookLast
	}
}

// killing is how the process is ended by a stop that starts nothing after it, where
// `kill: never` has no script to leave it to.
func (p *process) killing() restart.Kill {
	if p.spec.Restart.Kill.Never {
		return restart.DefaultSpec().Kill
	}
	return p.spec.Restart.Kill
}
