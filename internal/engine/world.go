package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

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
	Systemd *systemd.Link // nil where there is no systemd
	OwnUnit string        // the daemon's own unit: what scripts start is in it too, so it is not asked about
	Engine  *Engine

	// Ends says, on a host without systemd, why it goes down at this moment, or nothing. nil:
	// nobody knows.
	Ends func() string

	// Power ends the machine. nil: nothing here can, and every such rung is refused.
	Power Power
	// Flush, if not nil, writes out the messages that were sent, in a bounded time.
	Flush func()

	looking  atomic.Int64     // CLOCK_BOOTTIME at which the look under way began, or 0
	asked    asker            // about units
	Evidence *evidence.Writer // of stalls; nil: none is taken
	senses
	memoir *memoir // of what is tracked

	ctx     context.Context
	looks   chan Look
	met     map[string]bool // units that systemd was asked about; the lookout's alone
	mu      sync.Mutex
	files   uint64             // pidfds there is room for, or not to be asked again
	scripts map[int]*scriptRun // that run, by token
}

// Power carries out the rungs that end the machine. Act returns only if that did not
// work, or ctx ended.
type Power interface {
	Act(ctx context.Context, rung, reason string) error
}

// stuckAfter is how long a look, or a step of the probes, may take. Each of the questions
// of a look has a limit of seconds.
const stuckAfter = 2 * time.Minute

// Stuck says why what was begun does not come to an end, or nil. That a reading of vital
// signs hangs is told and no more: whose /proc hangs is not mended by a new daemon.
func (h *Host) Stuck() error {
	busy := func(what string, took time.Duration) error {
		if took <= stuckAfter {
			return nil
		}
		return fmt.Errorf("%s for %v already", what, took.Round(time.Second))
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

// tidyAfter is when what the first look needed is given back to the kernel. Left to
// itself the heap of an idle daemon stays as large as its greatest moment was: measured,
// 24 MiB instead of 19 with 10,000 tracked processes.
const tidyAfter = 2 * time.Second

// Start begins to serve effects until ctx is done. Scripts that run then are left alone.
func (h *Host) Start(ctx context.Context) {
	h.ctx, h.looks, h.scripts, h.met = ctx, make(chan Look, 1), map[int]*scriptRun{}, map[string]bool{}
	tidy := time.AfterFunc(tidyAfter, debug.FreeOSMemory)
	context.AfterFunc(ctx, func() { tidy.Stop() })
	h.memoir = newMemoir(traits.Open(h.FS.Root()))
	go h.lookout(ctx)
	go h.track(ctx)
	if h.Systemd != nil {
		go h.followUnits(ctx)
	}
	go h.memoir.run(ctx, func(in Remembered) { h.Engine.Send(ctx, in) })
	h.sense(ctx)
}

// track brings the exits. It ends with ctx.
func (h *Host) track(ctx context.Context) {
	if h.Tracker.Mode() != "pidfd" {
		h.Engine.Send(ctx, Polling{Every: pollEvery})
	}
	err := h.Tracker.Run(ctx, func(events []watch.Event) {
		h.Engine.Send(ctx, Died{Events: events})
		for _, ev := range events {
			h.memoir.end(ev.ID)
		}
	})
	if err != nil && ctx.Err() == nil {
		h.Engine.Send(ctx, Suspend{Why: "the exit tracker failed: " + err.Error()})
	}
}

// Do begins an effect.
func (h *Host) Do(e Effect) {
	switch e := e.(type) {
	case Track:
		h.room()
		h.memoir.begin(e.ID)
		if err := h.Tracker.Track(e.ID); err != nil {
			h.memoir.end(e.ID)
			go h.Engine.Send(h.ctx, TrackFailed{ID: e.ID, At: procscan.Boottime()})
		}
	case Untrack:
		h.Tracker.Untrack(e.ID)
		h.memoir.end(e.ID)
	case Look:
		h.looks <- e // room for one, and the machine asks for one at a time
	case Hold:
		h.mu.Lock()
		if h.scripts[e.Token] != nil {
			h.scripts[e.Token].held = true
		}
		h.mu.Unlock()
	case EndScript:
		h.mu.Lock()
		if s := h.scripts[e.Token]; s != nil && !s.ending {
			s.ending = true
			close(s.end)
		}
		h.mu.Unlock()
	case Run:
		s := &scriptRun{end: make(chan struct{})}
		h.mu.Lock()
		h.scripts[e.Token] = s
		h.mu.Unlock()
		go h.run(e, s)
	case Await:
		s := &scriptRun{end: make(chan struct{})}
		h.mu.Lock()
		h.scripts[e.Token] = s
		h.mu.Unlock()
		go h.await(e, s)
	case Attend:
		h.attend(e)
	case Unattend:
		h.unattend(e)
	case Evidence:
		go h.takeEvidence(e)
	case RestartUnit:
		go h.restartUnit(e)
	case StopUnit:
		go h.stopUnit(e)
	case Record:
		go h.record(e)
	case EndMachine:
		go h.endMachine(e)
	case Kill:
		go func() {
			h.Engine.Send(h.ctx, KillEnded{Token: e.Token, Ended: e.How.End(h.ctx, h.FS, e.IDs)})
		}()
	}
}

// room raises the limit on descriptors before it is reached. Where that is refused the
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

// scriptRun is what was said about a script that runs, guarded by the Host's lock.
type scriptRun struct {
	held   bool          // it must not be killed by its timeout
	ending bool          // end is closed
	end    chan struct{} // closed: it is to end
}

func (h *Host) run(e Run, s *scriptRun) {
	e.Job.End = s.end
	e.Job.Hold = func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return s.held
	}
	result := h.Scripts.Run(h.ctx, e.Job, func(pid int, at time.Duration) {
		p, _ := h.FS.Read(pid) // it is there until it is reaped, and that is after this
		h.Engine.Send(h.ctx, ScriptStarted{Token: e.Token, ID: p.ID, At: at})
	})
	h.mu.Lock()
	delete(h.scripts, e.Token)
	h.mu.Unlock()
	h.Engine.Send(h.ctx, ScriptEnded{Token: e.Token, Result: result})
}

var errNoSystemd = errors.New("there is no systemd on this host: use run")

// restartUnit has systemd restart a unit. One that is known not to answer is not waited for:
// scripts of others wait for the slot.
func (h *Host) restartUnit(e RestartUnit) {
	var err error
	switch ctx, cancel := context.WithTimeout(h.ctx, e.Spec.Timeout.D()); {
	case h.Systemd == nil:
		err = errNoSystemd
		cancel()
	case h.asked.silentTooLong():
		err = fmt.Errorf("systemd has answered nothing for %v", h.asked.silent().Round(time.Second))
		cancel()
	default:
		act := h.Systemd.Restart
		if e.Start {
			act = h.Systemd.Start
		}
		err = act(ctx, e.Unit, systemd.Progress{
			Accepted: func() { h.Engine.Send(h.ctx, ScriptStarted{Token: e.Token, At: procscan.Boottime()}) },
			Lifted:   func(limit string) { h.Engine.Send(h.ctx, LimitLifted{Token: e.Token, Unit: e.Unit, Limit: limit}) },
		})
		cancel()
	}
	h.Engine.Send(h.ctx, UnitRestarted{Token: e.Token, Err: err,
		Conflict: errors.Is(err, systemd.ErrConflict) || errors.Is(err, systemd.ErrMasked), Unheard: errors.Is(err, systemd.ErrUnheard)})
}

func (h *Host) stopUnit(e StopUnit) {
	err := errNoSystemd
	if h.Systemd != nil {
		ctx, cancel := context.WithTimeout(h.ctx, e.Timeout)
		defer cancel()
		err = h.Systemd.Stop(ctx, e.Unit, e.Force)
	}
	h.Engine.Send(h.ctx, UnitStopped{Token: e.Token, Err: err, Conflict: errors.Is(err, systemd.ErrConflict)})
}

func (h *Host) record(e Record) {
	err := errors.New("no state is kept")
	if h.Engine.Keeper != nil {
		err = h.Engine.Keeper.Record(h.ctx)
	}
	h.Engine.Send(h.ctx, Recorded{Token: e.Token, Err: err})
}

// endMachine first has the reason written, since nothing is after it.
func (h *Host) endMachine(e EndMachine) {
	if h.Flush != nil {
		h.Flush()
	}
	err := errors.New("this procward has not been given the means to end the machine")
	if h.Power != nil {
		err = h.Power.Act(h.ctx, e.Rung, e.Reason)
	}
	h.Engine.Send(h.ctx, MachineStays{Token: e.Token, Err: err})
}
