package restart

import (
	"math"
	"time"

	"procward/watch"
)

// History is what the policy remembers of one process. The zero value is a process
// that never failed. Times are CLOCK_BOOTTIME.
type History struct {
	Spent     []time.Duration `json:"spent,omitempty"`     // when each attempt of the window ran, oldest first
	Tries     int             `json:"tries,omitempty"`     // attempts that ran in the present outage
	Outage    bool            `json:"outage,omitempty"`    // from the first Down to Recovered
	Exhausted bool            `json:"exhausted,omitempty"` // reported in the present outage
	Unstarted int             `json:"unstarted,omitempty"` // how many times in a row an attempt was given back
}

// Input is what happened.
type Input int

// The inputs of Next.
const (
	Down      Input = iota // the process is gone and nothing has replaced it
	Due                    // the time of a Wait has come: the attempt must run now
	Failed                 // the attempt did not bring the process back
	Skip                   // another attempt would be useless (unkillable), so none is run
	Recovered              // up for settle, or up again by itself
	GiveBack               // recover or retry-after: all attempts are available again
	Unstarted              // the attempt could not begin, and not because of its script: it is given back
)

// Action is what has to be done next.
type Action int

// The actions of a Decision.
const (
	Nothing   Action = iota // nothing follows
	Wait                    // give the input Due at Decision.At
	Run                     // run the attempt now; it is used
	Exhaust                 // a restart is needed and no attempt is left; reported once per outage
	CleanStop               // a clean end under when: abnormal
	Finish                  // an end after which no restart is tried
)

// Decision is the answer of the policy.
type Decision struct {
	Action  Action
	At      time.Duration // of Wait
	Attempt int           // of Wait and Run: which one in the window, from 1
}

// Next is the policy: what follows from an input at a time, and the history after it.
// spread, from 0 to 1, is the random part of the jitter; cause is used for Down and
// Failed only.
func (s Spec) Next(h History, in Input, cause watch.Cause, now time.Duration, spread float64) (History, Decision) {
	h.Spent = s.recent(h.Spent, now)
	switch in {
	case Recovered:
		return History{Spent: h.Spent}, Decision{}
	case GiveBack:
		return History{Outage: h.Outage}, Decision{}
	case Down, Failed:
		switch {
		case s.IsFinal(cause):
			return h, Decision{Action: Finish}
		case in == Failed:
			h.Unstarted = 0
		case s.When == Abnormal && s.IsClean(cause):
			return h, Decision{Action: CleanStop}
		default:
			h.Outage = true
		}
		return s.another(h, now, spread)
	case Unstarted:
		return unstarted(h, now)
	case Skip:
		return exhaust(h)
	case Due:
		if !s.Attempts.Allows(len(h.Spent)) {
			return exhaust(h)
		}
		h.Outage = true
		h.Tries++
		h.Spent = append(h.Spent, now)
		return h, Decision{Action: Run, Attempt: len(h.Spent)}
	}
	return h, Decision{}
}

func (s Spec) another(h History, now time.Duration, spread float64) (History, Decision) {
	if h.Exhausted {
		return h, Decision{}
	}
	if !s.Attempts.Allows(len(h.Spent)) {
		return exhaust(h)
	}
	lo, hi := s.PauseRange(h.Tries + 1)
	at := now + lo + time.Duration(spread*float64(hi-lo))
	return h, Decision{Action: Wait, At: at, Attempt: len(h.Spent) + 1}
}

// unstarted gives the last attempt back, and tries it again: first soon, then less often.
func unstarted(h History, now time.Duration) (History, Decision) {
	h.Spent = h.Spent[:max(len(h.Spent)-1, 0)]
	h.Tries = max(h.Tries-1, 0)
	at := now + min(time.Second<<min(h.Unstarted, 10), longestPause)
	h.Unstarted++
	return h, Decision{Action: Wait, At: at, Attempt: len(h.Spent) + 1}
}

// longestPause is the longest wait between two tries to begin an attempt.
const longestPause = 30 * time.Second

func exhaust(h History) (History, Decision) {
	if h.Exhausted {
		return h, Decision{}
	}
	h.Outage, h.Exhausted = true, true
	return h, Decision{Action: Exhaust}
}

// keep limits how many attempts are remembered if attempts are unlimited.
const keep = 1000

// recent returns the attempts that still count: those younger than the window.
func (s Spec) recent(spent []time.Duration, now time.Duration) []time.Duration {
	i := 0
	for i < len(spent) && now-spent[i] >= s.Window.D() {
		i++
	}
	if s.Attempts.Unlimited && len(spent)-i > keep {
		i = len(spent) - keep
	}
	return append([]time.Duration(nil), spent[i:]...)
}

// Used is how many attempts within the window are used.
func (s Spec) Used(h History, now time.Duration) int { return len(s.recent(h.Spent, now)) }

// Pause is the wait before attempt n (from 1) of an outage, without jitter.
func (s Spec) Pause(n int) time.Duration {
	return s.Delay.D() + s.backoff(n)
}

// PauseRange is the shortest and the longest wait that jitter can make of Pause.
func (s Spec) PauseRange(n int) (shortest, longest time.Duration) {
	back := s.backoff(n)
	spread := time.Duration(float64(back) * s.Backoff.Jitter)
	return s.Delay.D() + back - spread, s.Delay.D() + back + spread
}

func (s Spec) backoff(n int) time.Duration {
	if n < 2 {
		return 0
	}
	v := float64(s.Backoff.Initial) * math.Pow(s.Backoff.Factor, float64(n-2))
	if v > float64(s.Backoff.Max) || math.IsNaN(v) {
		return s.Backoff.Max.D()
	}
	return time.Duration(v)
}
