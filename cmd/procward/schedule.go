package main

import (
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/restart"
	"procward/watch"
)

// kind is what a step of a schedule is.
type kind string

const (
	stepAttempt    kind = "attempt"
	stepExhausted  kind = "exhausted"
	stepRung       kind = "rung"
	stepStopDaemon kind = "stop-daemon"
	stepGivenUp    kind = "given-up"
)

// step is one step of an outage in which nothing helps, told by the policies
// themselves. Times count from the moment the process went down.
type step struct {
	Kind     kind
	Number   int // which attempt of the outage, or which try of this rung, from 1
	Position int // of the rung on its ladder, from 0
	Rung     escalate.Rung
	Earliest time.Duration
	Latest   time.Duration
	Never    bool // Latest is not reached: the attempts come back faster than they are spent
}

// longest is how many attempts are told of at most.
const longest = 1000

// outage is the attempts of one outage of a process.
func outage(proc confd.Process, p pace) []step {
	return attempts(proc.Restart, p.spread(), p.attempt(proc))
}

// attempts asks a restart policy for the attempts of one outage, each of which fails some
// time after its start. The last step is stepExhausted, unless the attempts are unlimited
// or the window gives them back in time.
func attempts(spec restart.Spec, spread float64, failed time.Duration) []step {
	most := told(spec)
	var steps []step
	var h restart.History
	var now time.Duration
	h, d := spec.Next(h, restart.Down, watch.Cause{}, now, spread)
	// The pauses never become shorter, so that what is not exhausted after as many
	// attempts as the window holds never will be.
	for d.Action == restart.Wait && len(steps) < most {
		now = d.At
		if h, d = spec.Next(h, restart.Due, watch.Cause{}, now, 0); d.Action != restart.Run {
			break
		}
		steps = append(steps, step{Kind: stepAttempt, Number: h.Tries, Earliest: now})
		now += failed
		h, d = spec.Next(h, restart.Failed, watch.Cause{}, now, spread)
	}
	if d.Action == restart.Exhaust {
		steps = append(steps, step{Kind: stepExhausted, Earliest: now})
	}
	return steps
}

// told is how many attempts are told of: of unlimited ones as many as differ.
func told(spec restart.Spec) int {
	if !spec.Attempts.Unlimited {
		return min(spec.Attempts.N, longest)
	}
	n := 2
	for n < longest && spec.Pause(n) != spec.Pause(n+1) {
		n++
	}
	return n
}

// climb asks the ladder for its rungs, from the exhaustion at a time on. The last step
// is where it ends, unless a rung gives its own attempts back in time.
func climb(l escalate.Ladder, g escalate.Group, p pace, now time.Duration) []step {
	var steps []step
	tries := map[int]int{}
	c, d := l.Next(escalate.Climb{}, escalate.Exhausted, now)
	for {
		switch d.Action {
		case escalate.Look:
			c, d = l.Next(c, escalate.Missing, now)
		case escalate.Act:
			tries[c.Position]++
			s := step{Kind: stepRung, Number: tries[c.Position], Position: c.Position, Rung: d.Rung, Earliest: now}
			if _, leaves := d.Rung.Deed().(escalate.Leave); leaves {
				s.Kind = stepStopDaemon
				return append(steps, s)
			}
			if own := d.Rung.Own(); own != nil && !own.Most.Allows(s.Number-1) {
				return steps
			}
			steps = append(steps, s)
			took, end := p.rung(d.Rung, g)
			now += took
			c, d = l.Next(c, end, now)
		case escalate.Wait:
			now = d.At
			c, d = l.Next(c, escalate.Waited, now)
		case escalate.GiveUp:
			return append(steps, step{Kind: stepGivenUp, Earliest: now})
		default:
			return steps
		}
	}
}

// both joins the quick and the slow telling of the same steps.
func both(quick, slow []step) []step {
	type key struct {
		kind             kind
		number, position int
	}
	late := map[key]time.Duration{}
	for _, s := range slow {
		late[key{s.Kind, s.Number, s.Position}] = s.Earliest
	}
	for i, s := range quick {
		at, ok := late[key{s.Kind, s.Number, s.Position}]
		quick[i].Latest, quick[i].Never = at, !ok
	}
	return quick
}

// whole tells an outage and the climb after it.
func whole(proc confd.Process, l escalate.Ladder, p pace) []step {
	steps := outage(proc, p)
	if n := len(steps); n > 0 && steps[n-1].Kind == stepExhausted {
		steps = append(steps, climb(l, p.cfg.Groups[proc.Group], p, steps[n-1].Earliest)...)
	}
	return steps
}
