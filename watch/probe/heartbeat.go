package probe

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/hang"
	"procward/internal/scalar"
)

// Heartbeat is a file that the program touches or replaces again and again. Its mtime
// must move; what it says does not matter, so a step of the clock does no harm. A file
// that does not exist does not move. After the start of the process it has max-age to
// move for the first time; until then nothing is judged.
type Heartbeat struct {
	// its path. Required
	File string `yaml:"file"`
	// within this time it must change. Required
	MaxAge scalar.Duration `yaml:"max-age"`
}

func (h *Heartbeat) needs() []Need { return nil }
func (h *Heartbeat) checker(at site) (checker, error) {
	return newListener(h, at.prober.awake, at.from), nil
}

// worst: the last beat may be seen one gap late.
func (h *Heartbeat) worst(c Check) time.Duration {
	return c.asked(0) + max(c.Interval.D(), c.Timeout.D()) + h.MaxAge.D()
}

func (h *Heartbeat) validate(Check) error {
	errs := []error{absolute("file", h.File), validateAge(h.MaxAge)}
	if h.File == "" {
		errs = append(errs, scalar.Errorf("file", "is missing: write the path of the file that the program touches"))
	}
	return errors.Join(errs...)
}

// validateAge checks the max-age of something that a program does again and again.
func validateAge(d scalar.Duration) error {
	if d == 0 {
		return scalar.Errorf("max-age", "is missing: write twice what the program takes from one to the next, for instance 1m")
	}
	return within("max-age", d, time.Second, 7*24*time.Hour)
}

// beat is one state of the file. The zero value means: it does not exist.
type beat struct {
	ino   uint64
	mtime unix.Timespec
}

// listener carries out heartbeat checks. Ages are in time that the host was awake: while
// it is suspended the program cannot beat.
type listener struct {
	spec  *Heartbeat
	awake func() time.Duration
	busy  hang.Guard

	looked bool          // at all
	moved  bool          // since it was looked at first
	last   beat          // as it was seen last
	at     time.Duration // when it was seen to have moved; else when the looking began
}

func newListener(spec *Heartbeat, awake func() time.Duration, since time.Duration) *listener {
	return &listener{spec: spec, awake: awake, at: since}
}

func (l *listener) check(ctx context.Context, timeout time.Duration) result {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	now, err := hang.Until(ctx, &l.busy, "file", func() (beat, error) { return look(l.spec.File) })
	switch {
	case errors.Is(err, context.DeadlineExceeded): // an error of the file system, which says nothing about the program
		return unknown("stat %s did not return within %s", l.spec.File, scalar.Duration(timeout))
	case err != nil:
		return unknown("stat %s: %v", l.spec.File, err)
	}
	return l.judge(now, l.awake())
}

// judge decides what one look at the file means.
func (l *listener) judge(b beat, now time.Duration) result {
	if l.looked && b != l.last && b != (beat{}) {
		l.moved, l.at = true, now
	}
	l.looked, l.last = true, b
	age := now - l.at
	switch {
	case age < l.spec.MaxAge.D() && l.moved:
		return success("it moves")
	case age < l.spec.MaxAge.D():
		return early("%s has not moved yet", l.spec.File)
	case b == (beat{}):
		return failure("%s does not exist", l.spec.File)
	}
	return failure("%s has not moved for %s", l.spec.File, scalar.Duration(age).Rounded())
}

// look is stat(2); a file that does not exist is no error.
func look(file string) (beat, error) {
	var st unix.Stat_t
	switch err := unix.Stat(file, &st); err {
	case nil:
		return beat{st.Ino, st.Mtim}, nil
	case unix.ENOENT:
		return beat{}, nil
	default:
		return beat{}, err
	}
}
