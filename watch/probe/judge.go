package probe

import (
	"math/bits"

	"procward/watch"
)

// Outcome is the result of one check, in one word.
type Outcome int

// The outcomes. The zero value is Unknown.
const (
	Unknown Outcome = iota // not possible to tell: neither failure nor success
	Success
	Failure
	Early // there is no result yet, and this is normal
)

// String is the outcome for a person.
func (o Outcome) String() string {
	switch o {
	case Success:
		return "ok"
	case Failure:
		return "failed"
	case Early:
		return "waiting"
	}
	return "unknown"
}

// Policy says how the results of a check lead to its verdict.
type Policy struct {
	Failures  Failures // so many make it bad
	Successes int      // so many in a row make it ok
}

// blindAfter is how many unknown results in a row lead to the verdict Blind; if more
// failures than that are needed to make it bad, it is that number.
const blindAfter = 3

// State is what is remembered of the results of a check. The zero value is the start.
type State struct {
	Verdict   watch.Verdict
	history   uint64 // of the last known results, the latest in the lowest bit: 1 is a failure
	successes int    // in a row; unknown results do not interrupt it
	unknown   int    // in a row
}

// Next is the state after one more result. If the verdict of the new state differs from
// that of the old one it is reported.
//
// Only failures make it bad, when enough of the last known results are failures. Only
// successes end that, and then earlier failures are forgotten. A verdict that is not bad
// becomes Blind after some unknown results in a row. Before it has ever been ok it is
// Pending, also while it fails, until it is bad.
func (p Policy) Next(s State, o Outcome) State {
	switch o {
	case Success:
		return p.succeeded(s)
	case Failure:
		return p.failed(s)
	case Unknown:
		return p.untold(s)
	}
	return s
}

func (p Policy) succeeded(s State) State {
	s.history <<= 1
	s.unknown = 0
	s.successes = min(s.successes+1, maxCount)
	if s.successes < p.Successes || s.Verdict == watch.OK {
		return s
	}
	if s.Verdict == watch.Bad {
		s.history = 0
	}
	s.Verdict = watch.OK
	return s
}

func (p Policy) failed(s State) State {
	s.history = s.history<<1 | 1
	s.unknown, s.successes = 0, 0
	switch {
	case s.Verdict == watch.Bad:
	case bits.OnesCount64(s.history<<(64-p.Failures.Of)) >= p.Failures.N:
		s.Verdict = watch.Bad
	case s.Verdict != watch.Pending:
		s.Verdict = watch.Failing
	}
	return s
}

func (p Policy) untold(s State) State {
	s.unknown = min(s.unknown+1, maxCount)
	if s.unknown >= max(blindAfter, p.Failures.N) && s.Verdict != watch.Bad {
		s.Verdict = watch.Blind
	}
	return s
}
