// Package evidence writes down what the kernel shows of a stalled process before it is
// killed: a text file for the operator, made in a limited time and of a limited size.
//
// It reads only files that do not take the target's memory lock: never smaps, maps,
// environ or cmdline. Everything is read through one descriptor of /proc/PID whose start
// time was verified, so it is never that of another process with the same PID.
package evidence

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"procward/internal/hang"
	"procward/procscan"
)

// Case is one stall.
type Case struct {
	Process string        // the name of the process; characters that a file name should not have are replaced
	Sign    string        // the name of the sign that told the stall
	Why     string        // in words
	At      time.Time     // when it was judged; the zero time is now
	IDs     []procscan.ID // what is stalled
	Probes  []string      // the last results of its probes, one line each
	Dump    string        // the signal that is sent to it next, in words; "" for none
}

// Writer takes evidence. Only the field Dir must be set. Several goroutines may use it at
// the same time.
type Writer struct {
	Dir      string // absolute; made with mode 0700 where it is missing
	Keep     int    // how many files are kept; 0: DefaultKeep
	MaxBytes int    // of one file; 0: DefaultMaxBytes
	MaxTotal int64  // of all files together; 0: DefaultMaxTotal
	Proc     string // the proc file system; "": /proc

	once  sync.Once
	guard hang.Guard
}

// The limits if a Writer gives none.
const (
	DefaultKeep     = 20
	DefaultMaxBytes = 256 << 10
	DefaultMaxTotal = 16 << 20
)

// Longest is how long Collect takes at most.
const Longest = 10 * time.Second

// maxStuck is how many reads and writes may hang, each with a thread, before no more are
// begun.
const maxStuck = 32

// Collect takes the evidence of a case and returns the path of the file. It returns by
// the deadline of ctx, or after Longest. A part that hangs is left behind; then the file
// says what is missing, as it does for parts that were not permitted and for a process
// that has ended meanwhile. None of these is an error. When ctx is cancelled, what has
// been read by then is written. An error means that there is no file, or that it may not
// be on disk.
func (w *Writer) Collect(ctx context.Context, c Case) (string, error) {
	end := time.Now().Add(Longest)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	left := time.Until(end)
	if left <= 0 {
		return "", fmt.Errorf("write evidence of %s: %w", c.Process, context.DeadlineExceeded)
	}
	if c.At.IsZero() {
		c.At = time.Now()
	}
	// A quarter of the time is kept for the writing.
	reading, cancel := context.WithTimeout(ctx, left-left/4)
	defer cancel()
	text := w.report(reading, c)

	writing, stop := context.WithDeadline(context.WithoutCancel(ctx), end)
	defer stop()
	path, err := hang.Until(writing, w.calls(), "", func() (string, error) { return w.write(c, text) })
	switch {
	case errors.Is(err, hang.ErrHangs):
		return "", fmt.Errorf("write evidence of %s: %s takes too long: %w", c.Process, w.Dir, os.ErrDeadlineExceeded)
	case err != nil:
		return path, fmt.Errorf("write evidence of %s: %w", c.Process, err)
	}
	return path, nil
}

// calls guards what may hang.
func (w *Writer) calls() *hang.Guard {
	w.once.Do(func() { w.guard.Most = maxStuck })
	return &w.guard
}

func (w *Writer) proc() string {
	if w.Proc == "" {
		return "/proc"
	}
	return w.Proc
}

// or is v, or the default where v is not above 0.
func or[T int | int64](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
