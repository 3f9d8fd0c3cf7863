package restart

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/scalar"
	"procward/procscan"
)

// Dump is a signal that makes a stalled process write down what it is doing, before it is
// killed: QUIT makes a Java virtual machine write its threads, ABRT makes the kernel
// write a core and ends the process.
type Dump struct {
	Signal string          `yaml:"signal"` // no default
	Wait   scalar.Duration `yaml:"wait"`   // 2s for the process to write; then it is killed, also if it is still writing
}

// DefaultDump returns a Dump with the defaults, before its keys are read.
func DefaultDump() Dump { return Dump{Wait: sec(2 * time.Second)} }

// SetDefaults sets the defaults before the keys are read.
func (d *Dump) SetDefaults() { *d = DefaultDump() }

// Number is the signal's number; QUIT and SIGQUIT are the same; 0 if there is none.
func (d Dump) Number() unix.Signal { return number(d.Signal) }

// Validate reports a signal on which no process can write anything, and a wait of zero.
func (d Dump) Validate() error {
	var errs []error
	switch n := d.Number(); {
	case d.Signal == "":
		errs = append(errs, scalar.Errorf("signal", "is missing: write for example QUIT for a Java server, ABRT for a core"))
	case n == 0:
		errs = append(errs, scalar.Errorf("signal", "%q is not a signal: write for example QUIT", d.Signal))
	case n == unix.SIGKILL, n == unix.SIGSTOP, n == unix.SIGCONT:
		errs = append(errs, scalar.Errorf("signal", "%s makes no process write a dump: write for example QUIT", d.Signal))
	}
	if d.Wait <= 0 {
		errs = append(errs, scalar.Errorf("wait", "must be above 0s; the kill follows it"))
	}
	return errors.Join(errs...)
}

// Send sends the signal to the processes, and SIGCONT so that a stopped one can act on
// it. It waits until all have ended, at most as long as Wait. It returns one Ended for
// each ID, in the same order: Gone, BySignal, Sent (the usual case) or Refused. As in
// Kill.End, nothing else gets a signal. A later Kill.End reports the processes that this
// signal ended as Gone; a core that is still being written at its SIGKILL stays
// incomplete.
func (d Dump) Send(ctx context.Context, fs *procscan.FS, ids []procscan.ID) []Ended {
	c := condemn(fs, ids)
	defer c.close()
	if ctx.Err() == nil {
		c.signal(d.Number())
		c.signal(unix.SIGCONT)
		c.await(ctx, d.Wait.D(), BySignal)
	}
	var why error
	if ctx.Err() != nil {
		why = fmt.Errorf("broken off while its dump was waited for: %w", ctx.Err())
	}
	c.settleRest(Sent, why)
	return c.ended
}

// Write does what Send does. If a process ends because of the signal and its descendants
// must end with it (Kill with Tree), they are ended now, as the Kill says: after the
// death of their ancestor nobody could find them. An Ended for each of them follows those
// of the IDs.
func (d Dump) Write(ctx context.Context, fs *procscan.FS, ids []procscan.ID, k Kill) []Ended {
	if !k.Tree || k.Never {
		return d.Send(ctx, fs, ids)
	}
	heirs := make([][]procscan.ID, len(ids))
	for i := range ids {
		heirs[i] = descendants(fs, ids[i])
	}
	out := d.Send(ctx, fs, ids)
	var left []procscan.ID
	for i, e := range out {
		if e.Outcome == BySignal {
			left = append(left, heirs[i]...)
		}
	}
	slices.SortFunc(left, func(a, b procscan.ID) int { return cmp.Compare(a.PID, b.PID) })
	left = slices.DeleteFunc(slices.Compact(left), func(id procscan.ID) bool { return slices.Contains(ids, id) })
	return append(out, k.End(ctx, fs, left)...)
}

// descendants finds the descendants of a process as Kill does, but stops none of them. A
// process that is born meanwhile may be missed.
func descendants(fs *procscan.FS, id procscan.ID) []procscan.ID {
	c := condemn(fs, []procscan.ID{id})
	defer c.close()
	c.family = &family{known: map[procscan.ID]struct{}{id: {}}}
	for round := 0; round < maxRounds && c.grow(); round++ {
	}
	var out []procscan.ID
	for _, e := range c.ended[1:] {
		out = append(out, e.ID)
	}
	return out
}
