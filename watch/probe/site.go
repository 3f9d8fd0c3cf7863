package probe

import (
	"errors"
	"time"
)

// site is where a checker is made: for a program of a target that started at start, and
// is judged from expected on. afresh means that what was known of an earlier program does
// not count. Times are in time awake.
type site struct {
	prober      *Prober
	target      *target
	start, from time.Duration
	afresh      bool
}

// checker makes the object that carries out a check, by the maker of the Prober.
func (p *Prober) checker(t *target, c Check, start, now time.Duration, afresh bool) checker {
	made, err := p.make(site{p, t, start, max(now, start+c.StartDelay.D()), afresh}, c)
	if err != nil {
		return broken{err}
	}
	return made
}

// byKind makes the object that carries out a check of a kind. The lock is held.
func byKind(at site, c Check) (checker, error) {
	set := c.set()
	if len(set) == 0 {
		return nil, errors.New("a check of no kind")
	}
	return set[0].Kind.checker(at)
}
