package escalate

import "time"

// Phase is where a climb stands.
type Phase string

// The phases. The zero value is Idle.
const (
	Idle    Phase = ""            // at the bottom
	Looking Phase = "looking"     // one look before a rung
	Acting  Phase = "acting"      // a rung's action runs; it is never interrupted
	Pausing Phase = "waiting"     // after the action, for a recovery to show
	GivenUp Phase = "given-up"    // the ladder is spent
	Handed  Phase = "handed-over" // a hook took it over
)

// Climb is what a ladder remembers of its position. The zero value stands at the
// bottom. Times are CLOCK_BOOTTIME.
type Climb struct {
	Phase    Phase                   `json:"phase,omitempty"`
	Position int                     `json:"position,omitempty"` // the rung that is looked at, acted or waited for
	Spent    map[int][]time.Duration `json:"spent,omitempty"`    // restart-group: by position, when each attempt was run
	Until    time.Duration           `json:"until,omitempty"`    // of Pausing
}

// Input is what happened.
type Input int

// The inputs of Next.
const (
	Exhausted Input = iota // a member has no attempt left
	Missing                // the look found a required member missing
	AllUp                  // the look found every required member up
	Done                   // the action ended well
	Failed                 // the action failed, or was refused
	Skipped                // the hook asks for the next rung (75)
	TakenOver              // the hook handed over (0)
	Waited                 // the time of Pausing is over
	Recovered              // every required member is up for its settle time
	GiveBack               // recover or retry-after: from the bottom, attempts there again
)

// Action is what follows.
type Action int

// The actions of a Decision.
const (
	Nothing  Action = iota
	Look            // look whether every required member is up, then Missing or AllUp
	Act             // carry out Rung, then Done, Failed, Skipped or TakenOver
	Wait            // input Waited at Decision.At
	GiveUp          // the ladder is spent
	End             // the climb is over: back to the bottom
	HandOver        // nothing more is done here
)

// Decision is what the ladder wants done.
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
			c.Phase, c.Position = Looking, 0
			return c, Decision{Action: Look}
		}
	case Looking:
		switch in {
		case AllUp:
			return Climb{Spent: c.Spent}, Decision{Action: End}
		case Missing:
			return l.act(c, now)
		}
	case Acting:
		return l.acted(c, in, now)
	case Pausing:
		if in == Waited && now >= c.Until {
			if l.at(c.Position).RestartGroup == nil {
				c.Position++
			}
			c.Phase = Looking
			return c, Decision{Action: Look}
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
	if c.Phase == Idle || c.Phase == Acting {
		return c, Decision{}
	}
	return Climb{Spent: c.Spent}, Decision{Action: End}
}

// act takes the rung at the position, or the first above it that has an attempt left.
func (l Ladder) act(c Climb, now time.Duration) (Climb, Decision) {
	for ; c.Position < len(l); c.Position++ {
		r := l[c.Position]
		if r.None != nil {
			break
		}
		if r.RestartGroup == nil {
			c.Phase = Acting
			return c, Decision{Action: Act, Rung: r}
		}
		spent := within(c.Spent[c.Position], r.RestartGroup.Window.D(), now)
		if !r.RestartGroup.Attempts.Allows(len(spent)) {
			continue
		}
		c.Spent = with(c.Spent, c.Position, append(spent, now))
		c.Phase = Acting
		return c, Decision{Action: Act, Rung: r, Attempt: len(spent) + 1}
	}
	c.Phase = GivenUp
	return c, Decision{Action: GiveUp}
}

func (l Ladder) acted(c Climb, in Input, now time.Duration) (Climb, Decision) {
	switch in {
	case TakenOver:
		c.Phase = Handed
		return c, Decision{Action: HandOver}
	case Done:
		c.Phase, c.Until = Pausing, now+l.at(c.Position).Wait()
		return c, Decision{Action: Wait, At: c.Until}
	case Failed, Skipped:
		if l.at(c.Position).RestartGroup == nil {
			c.Position++
		}
		c.Phase = Looking
		return c, Decision{Action: Look}
	}
	return c, Decision{}
}

// at is the rung at i, or none: a reload may have shortened the ladder.
func (l Ladder) at(i int) Rung {
	if i >= len(l) {
		return Rung{None: &Plain{}}
	}
	return l[i]
}

// Rung is the rung that the climb stands at, false at the bottom and past the end.
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
