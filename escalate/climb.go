package escalate

import "time"

// Phase is the present state of a climb.
type Phase string

// The phases. The zero value is Idle.
const (
	Idle    Phase = ""            // at the bottom
	Looking Phase = "looking"     // one look before a rung
	Acting  Phase = "acting"      // a rung's action runs; it is never interrupted
	Pausing Phase = "waiting"     // after the action, for a recovery to show
	GivenUp Phase = "given-up"    // the end of the ladder is reached
	Handed  Phase = "handed-over" // a hook took it over
)

// Climb is what a ladder remembers of its position. The zero value is at the bottom.
// Times are CLOCK_BOOTTIME.
type Climb struct {
	Phase    Phase                   `json:"phase,omitempty"`
	Position int                     `json:"position,omitempty"` // the rung that is looked at, acted or waited for; of Idle: where the next climb begins
	Acted    string                  `json:"acted,omitempty"`    // name of the rung that ran last
	Tries    int                     `json:"tries,omitempty"`    // restart-group: how many times this one ran since the last recovery
	Spent    map[int][]time.Duration `json:"spent,omitempty"`    // restart-group: of the first, second …, when each attempt ran
	Until    time.Duration           `json:"until,omitempty"`    // of Pausing
}

// Input is what happened.
type Input int

// The inputs of Next.
const (
	Exhausted Input = iota // a member has no attempt left
	Missing                // a required member was missing at the look
	AllUp                  // every required member was up at the look
	Done                   // the action ended well
	Failed                 // the action failed, or was refused
	Skipped                // the hook asks for the next rung (75)
	TakenOver              // the hook handed over (0)
	Waited                 // the time of Pausing is over
	Recovered              // every required member is up for its settle time
	GiveBack               // recover or retry-after: from the bottom, with all attempts
	Halt                   // suspended before the rung that is looked at
)

// Action is what has to be done next.
type Action int

// The actions of a Decision.
const (
	Nothing  Action = iota
	Look            // look whether every required member is up, then Missing or AllUp
	Act             // carry out Rung, then Done, Failed, Skipped or TakenOver
	Wait            // input Waited at Decision.At
	GiveUp          // the end of the ladder is reached
	End             // the climb is over: back to the bottom
	HandOver        // nothing more is done here
)

// Decision is the answer of the ladder.
type Decision struct {
	Action  Action
	Rung    Rung          // of Act
	Attempt int           // of Act on restart-group: which one in its window, from 1
	At      time.Duration // of Wait
}

// Next is the ladder: what follows from an input at a time, and the climb after it. An
// input that does not belong to the phase changes nothing.
func (l Ladder) Next(c Climb, in Input, now time.Duration) (Climb, Decision) {
	switch in {
	case GiveBack:
		return Climb{}, Decision{Action: End}
	case Recovered:
		return l.recovered(c)
	}
	switch c.Phase {
	case Idle:
		if in == Exhausted {
			c.Phase = Looking
			return c, Decision{Action: Look}
		}
	case Looking:
		switch in {
		case AllUp, Halt: // a member that is up may fail again before it has recovered: then go on from here
			c.Phase, c.Until = Idle, 0
			return c, Decision{Action: End}
		case Missing:
			return l.act(c, now)
		}
	case Acting:
		return l.acted(c, in, now)
	case Pausing:
		if in == Waited && now >= c.Until {
			return l.onward(c), Decision{Action: Look}
		}
	case GivenUp:
		if in == Exhausted {
			return c, Decision{Action: GiveUp}
		}
	case Handed:
		if in == Exhausted {
			return c, Decision{Action: HandOver}
		}
	}
	return c, Decision{}
}

func (l Ladder) recovered(c Climb) (Climb, Decision) {
	switch c.Phase {
	case Acting:
		return c, Decision{}
	case Idle:
		return Climb{Spent: c.Spent}, Decision{}
	}
	return Climb{Spent: c.Spent}, Decision{Action: End}
}

// act takes the rung at the position, or the first above it that has an attempt left.
func (l Ladder) act(c Climb, now time.Duration) (Climb, Decision) {
	for ; c.Position < l.top(); c.Position, c.Tries = c.Position+1, 0 {
		r := l[c.Position]
		d := Decision{Action: Act, Rung: r}
		if own := r.Own(); own != nil {
			spent := within(c.Spent[l.nth(c.Position)], own.Window.D(), now)
			// Tries count as well: if the window is shorter than the attempts take, the climb
			// would stay here for ever.
			if !own.Most.Allows(max(len(spent), c.Tries)) {
				continue
			}
			c.Spent, c.Tries = with(c.Spent, l.nth(c.Position), append(spent, now)), c.Tries+1
			d.Attempt = len(spent) + 1
		}
		c.Phase, c.Acted = Acting, r.Name()
		return c, d
	}
	c.Phase = GivenUp
	return c, Decision{Action: GiveUp}
}

// top is the first rung none, or the end: nothing above it is climbed.
func (l Ladder) top() int {
	for i, r := range l {
		if _, ends := r.Deed().(Stay); ends {
			return i
		}
	}
	return len(l)
}

// Ends reports whether a climb has no rung before it: the next thing is to give up.
func (l Ladder) Ends(c Climb) bool { return c.Position >= l.top() }

// nth is how many rungs with attempts of their own are below a position: attempts are
// counted by kind, so that a reload which moves the rung does not give them back.
func (l Ladder) nth(position int) int {
	n := 0
	for _, r := range l[:position] {
		if r.Own() != nil {
			n++
		}
	}
	return n
}

// onward goes to the look before the next act: of the same rung if it has attempts of its
// own, or if a reload has replaced the rung that ran.
func (l Ladder) onward(c Climb) Climb {
	if r := l.at(c.Position); r.Own() == nil && r.Name() == c.Acted {
		c.Position, c.Tries = c.Position+1, 0
	}
	c.Phase, c.Until = Looking, 0
	return c
}

func (l Ladder) acted(c Climb, in Input, now time.Duration) (Climb, Decision) {
	switch in {
	case TakenOver:
		c.Phase = Handed
		return c, Decision{Action: HandOver}
	case Done:
		c.Phase, c.Until = Pausing, now+l.at(c.Position).Wait().D()
		return c, Decision{Action: Wait, At: c.Until}
	case Failed, Skipped:
		return l.onward(c), Decision{Action: Look}
	}
	return c, Decision{}
}

// at is the rung at i, or none: a reload may have made the ladder shorter.
func (l Ladder) at(i int) Rung {
	if i >= len(l) {
		return Rung{None: &None{}}
	}
	return l[i]
}

// Postponed is the climb after an action that cannot begin before a time: then one look,
// and the same rung again.
func (c Climb) Postponed(until time.Duration) Climb {
	c.Phase, c.Acted, c.Until = Pausing, "", until
	return c
}

// IsPostponed reports whether a climb waits to begin the rung that it stands at.
func (c Climb) IsPostponed() bool { return c.Phase == Pausing && c.Acted == "" }

// Rung is the rung that the climb is at; false at the bottom and after the end.
func (c Climb) Rung(l Ladder) (Rung, bool) {
	if c.Phase == Idle || c.Position >= len(l) {
		return Rung{}, false
	}
	return l[c.Position], true
}

func within(times []time.Duration, window, now time.Duration) []time.Duration {
	var out []time.Duration
	for _, t := range times {
		if now-t < window {
			out = append(out, t)
		}
	}
	return out
}

// with copies the map, so that a Climb stays a value.
func with(m map[int][]time.Duration, key int, v []time.Duration) map[int][]time.Duration {
	out := map[int][]time.Duration{key: v}
	for k, old := range m {
		if k != key {
			out[k] = old
		}
	}
	return out
}
