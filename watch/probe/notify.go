package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"procward/internal/scalar"
)

// Notify is a datagram socket to which the program writes by the sd_notify(3) protocol,
// as it does under systemd: NOTIFY_SOCKET is its path. READY=1 and WATCHDOG=1 are signs
// of life and must come within max-age, or within what WATCHDOG_USEC= says;
// EXTEND_TIMEOUT_USEC= asks for more time. WATCHDOG=trigger is a failure at once. Nothing
// is judged after STOPPING=1, nor before the first sign within max-age of the start.
//
// The kernel says who writes: only root, procward's own user and the user named are
// heard. The socket exists as long as its process or monitor is attended, also while that
// is started again. Its directory must exist.
type Notify struct {
	// its path; procward makes it, and the program gets it as `NOTIFY_SOCKET`. Required
	Socket string `yaml:"socket"`
	// the user that the program runs as, who may write to it; without it procward's own user
	User string `yaml:"user"`
	// from one `WATCHDOG=1` to the next. Required
	MaxAge scalar.Duration `yaml:"max-age"`
}

func (n *Notify) needs() []Need {
	return []Need{{Key: "socket", Use: Listens, Argv: []string{n.Socket}}}
}

// worst: silence is noticed at once, and looking takes no time.
func (n *Notify) worst(c Check) time.Duration {
	return time.Duration(c.Failures.N)*c.Interval.D() + n.MaxAge.D()
}

func (n *Notify) checker(at site) (checker, error) {
	e, known := at.prober.ear(at.target, n)
	if at.afresh || !known {
		e.life.afresh(at.start, at.from)
	}
	return hearing{e, n.MaxAge.D()}, nil
}

func (n *Notify) validate(Check) error {
	return errors.Join(socketPath("socket", n.Socket), validateAge(n.MaxAge))
}

// life is what a program has said of itself. Times are in time awake.
type life struct {
	mu      sync.Mutex
	from    time.Duration // when judging begins: it has max-age from then on
	alive   time.Duration // the last sign of life; 0: none since the start
	extend  time.Duration // until when it has asked for more time
	maxAge  time.Duration // as the program said; 0: nothing
	stops   time.Duration // when it said that it is stopping; 0: it is not
	trigger bool          // it said that it is stuck
	status  string
	heard   time.Duration // anything at all
}

// afresh forgets what was said before the time since, at which the program started. What
// it said since then, before it was found, counts.
func (l *life) afresh(since, from time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from = from
	if l.heard < since {
		l.trigger, l.maxAge, l.extend, l.status = false, 0, 0, ""
	}
	if l.alive < since {
		l.alive = 0
	}
	if l.stops < since {
		l.stops = 0
	}
}

// lapse gives the program its time again: nobody listened until now.
func (l *life) lapse(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from = max(l.from, now)
}

// hear takes one datagram in, and reports whether it should be judged now.
func (l *life) hear(message string, now time.Duration) (urgent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = now
	for line := range strings.SplitSeq(message, "\n") {
		key, value, _ := strings.Cut(line, "=")
		switch key {
		case "READY", "WATCHDOG":
			urgent = l.sign(value, now) || urgent
		case "WATCHDOG_USEC":
			l.maxAge = microseconds(value)
		case "EXTEND_TIMEOUT_USEC":
			l.extend = max(l.extend, now+microseconds(value))
		case "STOPPING":
			if value == "1" {
				l.stops = now
			}
		case "STATUS":
			l.status = fmt.Sprintf("%.200q", value)
		}
	}
	return urgent
}

// sign takes READY= or WATCHDOG= in, and reports whether that is news.
func (l *life) sign(value string, now time.Duration) bool {
	switch value {
	case "1":
		news := l.alive == 0 || l.trigger
		l.alive, l.trigger, l.stops = now, false, 0
		return news
	case "trigger":
		news := !l.trigger
		l.trigger = true
		return news
	}
	return false
}

// microseconds is 0 if it is not a number, and at most a week.
func microseconds(s string) time.Duration {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(min(n, uint64(7*24*time.Hour/time.Microsecond))) * time.Microsecond
}

// judge decides what it means now.
func (l *life) judge(maxAge, now time.Duration) result {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.maxAge > 0 {
		maxAge = l.maxAge
	}
	age := now - max(l.alive, l.from)
	r := result{outcome: Success, text: "alive"}
	switch {
	case l.stops > 0:
		r = early("it says that it stops")
	case l.trigger:
		r = failure("it says itself that it is stuck (WATCHDOG=trigger)")
	case age >= maxAge && now >= l.extend:
		r = failure("no WATCHDOG=1 for %s", scalar.Duration(age).Rounded())
	case l.alive == 0:
		r = early("no READY=1 or WATCHDOG=1 yet")
	}
	if l.status != "" {
		r.text += ", status " + l.status
	}
	return r
}
