package vital

import (
	"time"

	"procward/watch"
)

// symptom is what one reading shows of one sign.
type symptom struct {
	what  presence
	since time.Duration // of present: since when without a break, on the watcher's clock
	why   error         // of unreadable
}

type presence uint8

const (
	noNews     presence = iota // this reading shows nothing: it was not looked at, or a second reading is needed
	absent                     // not present
	present                    // present since
	unreadable                 // it could not be read
)

// patience is how long nothing can be read before it is reported.
const patience = 10 * time.Second

// course is what is remembered of one sign of one process.
type course struct {
	verdict watch.Verdict
	since   time.Duration // of Failing and Bad: when it began
	dark    bool          // it cannot be read
	darkAt  time.Duration // since then
	why     error         // of Blind
}

// next takes one symptom at a time now, both on the watcher's clock, and reports whether
// the verdict changes. limit is how long the sign must last.
//
// What cannot be read counts neither way: the verdict stays, and after patience it is
// Blind. If the sign is present again after that, or after any break, it begins again.
func (h *course) next(s symptom, now, limit time.Duration) (changed bool) {
	before := h.verdict
	switch s.what {
	case unreadable:
		if !h.dark {
			h.dark, h.darkAt = true, now
		}
		if h.why = s.why; now-h.darkAt >= patience {
			h.verdict = watch.Blind
		}
	case absent:
		*h = course{verdict: watch.OK}
	case present:
		h.present(s.since, now, limit)
	}
	return h.verdict != before
}

// present handles a symptom that is there. If a bad sign began again meanwhile, it had
// ended: that is reported now, and the new one from the next reading on.
func (h *course) present(since, now, limit time.Duration) {
	wasDark := h.dark
	h.dark, h.why = false, nil
	switch {
	case h.verdict == watch.Bad && (wasDark || since <= h.since):
		return
	case h.verdict == watch.Bad:
		*h = course{verdict: watch.OK}
		return
	case h.verdict == watch.Blind, wasDark:
		h.since = now
	case h.verdict != watch.Failing, since > h.since:
		h.since = since
	}
	h.verdict = watch.Failing
	if now-h.since >= limit {
		h.verdict = watch.Bad
	}
}

// lapse begins the clock again: nobody looked for a long time. What is bad stays so.
func (h *course) lapse(now time.Duration) { h.since, h.darkAt = now, now }
