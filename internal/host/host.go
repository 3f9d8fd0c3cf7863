// Package host carries out on the real host what the engine wants, and reports the
// results to it: looks at /proc, exits, scripts, kills, units of systemd and signs of
// stalls. Loop is the goroutine around the engine's machine.
package host

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync/atomic"
	"time"

	"procward/internal/engine"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/internal/systemd"
	"procward/procscan"
	"procward/procscan/traits"
	"procward/watch"
	"procward/watch/evidence"
)

// Host is the real world: /proc, the exit tracker, scripts and systemd.
type Host struct {
	FS      *procscan.FS
	Scanner *procscan.Scanner
	Tracker *watch.Tracker
	Scripts *script.Runner
	Systemd *systemd.Link // nil if there is no systemd
	OwnUnit string        // the daemon's own unit: what scripts start is in it too, so it is not asked about
	Loop    *Loop

	// Ends says, on a host without systemd, why the host is going down at this moment, or
	// nothing. nil: nobody knows.
	Ends func() string

	// Power ends the machine. nil: nothing here can, and every such rung is refused.
	Power Power
	// Flush, if not nil, writes out the messages that were sent, in a limited time.
	Flush func()

	looking  atomic.Int64     // CLOCK_BOOTTIME at which the look under way began, or 0
	asked    asker            // about units
	Evidence *evidence.Writer // of stalls; nil: none is taken
	senses
	memoir *memoir // of what is tracked

	ctx     context.Context
	looks   chan engine.Look
	met     map[string]bool // units that systemd was asked about; only for the lookout
	files   uint64          // pidfds there is room for, or not to be asked again
	scripts scripts         // that run
}

// Power carries out the rungs that end the machine. Act returns only if that failed, or
// ctx ended.
type Power interface {
	Act(ctx context.Context, rung, reason string) error
}

// stuckAfter is how long a look, or a step of the probes, may take. Each of the questions
// of a look has a limit of seconds.
const stuckAfter = 2 * time.Minute

// Stuck says why something that was begun does not end, or is nil. If a reading of vital
// signs hangs that is only reported: a new daemon does not help if /proc hangs.
func (h *Host) Stuck() error {
	busy := func(what string, took time.Duration) error {
		if took <= stuckAfter {
			return nil
		}
		return fmt.Errorf("%s for %s already", what, scalar.Duration(took).Rounded())
	}
	look := time.Duration(0)
	if began := time.Duration(h.looking.Load()); began != 0 {
		look = procscan.Boottime() - began
	}
	return errors.Join(busy("a look at the process table is under way", look),
		busy("one step of the probes is under way", h.probes.Busy()))
}

// pollEvery is how late a polled exit is seen at most: the tracker's interval, and a
// little for its work.
const pollEvery = 1500 * time.Millisecond

// tidyAfter is when memory that the first look needed is given back to the kernel.
// Otherwise the heap of an idle daemon stays as large as it ever was: we measured 24 MiB
// and not 19 with 10,000 tracked processes.
const tidyAfter = 2 * time.Second

// Start begins to carry out effects until ctx is done. Scripts that run then are left
// alone.
func (h *Host) Start(ctx context.Context) {
	h.ctx, h.looks, h.met = ctx, make(chan engine.Look, 1), map[string]bool{}
	tidy := time.AfterFunc(tidyAfter, debug.FreeOSMemory)
	context.AfterFunc(ctx, func() { tidy.Stop() })
	h.memoir = newMemoir(traits.Open(h.FS.Root()))
	go h.lookout(ctx)
	go h.track(ctx)
	if h.Systemd != nil {
		go h.followUnits(ctx)
	}
	go h.memoir.run(ctx, func(in engine.Remembered) { h.Loop.Send(ctx, in) })
	h.sense(ctx)
}

// track reports the exits. It ends with ctx.
func (h *Host) track(ctx context.Context) {
	if h.Tracker.Mode() != "pidfd" {
		h.Loop.Send(ctx, engine.Polling{Every: pollEvery})
	}
	err := h.Tracker.Run(ctx, func(events []watch.Event) {
		h.Loop.Send(ctx, engine.Died{Events: events})
		for _, ev := range events {
			h.memoir.end(ev.ID)
		}
	})
	if err != nil && ctx.Err() == nil {
		h.Loop.Send(ctx, engine.Suspend{Why: "the exit tracker failed: " + err.Error()})
	}
}

// Do begins an effect.
func (h *Host) Do(e engine.Effect) {
	switch e := e.(type) {
	case engine.Track:
		h.room()
		h.memoir.begin(e.ID)
		if err := h.Tracker.Track(e.ID); err != nil {
			h.memoir.end(e.ID)
			go h.Loop.Send(h.ctx, engine.TrackFailed{ID: e.ID, At: procscan.Boottime()})
		}
	case engine.Untrack:
		h.Tracker.Untrack(e.ID)
		h.memoir.end(e.ID)
	case engine.Look:
		h.looks <- e // room for one, and the machine asks for one at a time
	case engine.Spare:
		h.scripts.with(e.Token, func(r *scriptRun) { r.held.Store(true) })
	case engine.EndScript:
		h.scripts.with(e.Token, (*scriptRun).toEnd)
	case engine.Run:
		go h.run(e, h.scripts.begin(e.Token))
	case engine.Await:
		go h.await(e, h.scripts.begin(e.Token))
	case engine.Attend:
		h.attend(e)
	case engine.Unattend:
		h.unattend(e)
	case engine.Evidence:
		go h.takeEvidence(e)
	case engine.RestartUnit:
		go h.restartUnit(e)
	case engine.StopUnit:
		go h.stopUnit(e)
	case engine.Record:
		go h.record(e)
	case engine.EndMachine:
		go h.endMachine(e)
	case engine.Kill:
		go func() {
			h.Loop.Send(h.ctx, engine.KillEnded{Token: e.Token, Ended: e.How.End(h.ctx, h.FS, e.IDs)})
		}()
	}
}

// room raises the limit on descriptors before it is reached. If that is refused the
// tracker polls the rest, and says so.
func (h *Host) room() {
	need := uint64(h.Tracker.Stats().Tracked) + 1
	if need <= h.files {
		return
	}
	got, err := watch.RaiseFiles(2 * need)
	if h.files = got; err != nil {
		h.files = math.MaxUint64
	}
}

func (h *Host) record(e engine.Record) {
	err := errors.New("no state is kept")
	if h.Loop.Keeper != nil {
		err = h.Loop.Keeper.Record(h.ctx)
	}
	h.Loop.Send(h.ctx, engine.Recorded{Token: e.Token, Err: err})
}

// endMachine first has the reason written, because nothing can be done after it.
func (h *Host) endMachine(e engine.EndMachine) {
	if h.Flush != nil {
		h.Flush()
	}
	err := errors.New("this procward has not been given the means to end the machine")
	if h.Power != nil {
		err = h.Power.Act(h.ctx, e.Rung, e.Reason)
	}
	h.Loop.Send(h.ctx, engine.MachineStays{Token: e.Token, Err: err})
}
