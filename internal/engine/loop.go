package engine

import (
	"context"
	"time"

	"procward/internal/message"
	"procward/procscan"
)

// Log takes messages; it never blocks.
type Log interface{ Send(message.Message) }

// World carries out what the machine wants done, outside the engine's goroutine, except
// Track and Untrack, which are quick. What comes of it is sent to the engine.
type World interface {
	// Do begins an effect and returns at once. It is given every effect but Say and Exit.
	Do(Effect)
}

// Engine is the goroutine around a Machine.
type Engine struct {
	machine *Machine
	log     Log
	inputs  chan Input
	calls   chan func(World) (code int, exit bool)
	started time.Time
	clock   func() time.Duration

	// Keeper, if not nil, is given what must outlive the daemon, before what it records
	// is done. It is called by the engine's goroutine.
	Keeper Keeper
}

// NewEngine makes an engine; nothing happens before Run.
func NewEngine(machine *Machine, log Log) *Engine {
	return &Engine{machine: machine, log: log, inputs: make(chan Input, 256), calls: make(chan func(World) (int, bool)),
		started: time.Now(), clock: procscan.Boottime}
}

// Send gives the engine an input. It waits while many are pending, and gives up when ctx
// is done.
func (e *Engine) Send(ctx context.Context, in Input) {
	select {
	case e.inputs <- in:
	case <-ctx.Done():
	}
}

// Run is the engine's loop: it ends with code 0 when ctx is done, or with the code that
// a stop-daemon rung asks for.
func (e *Engine) Run(ctx context.Context, world World) (code int) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var in Input = Tick{}
		select {
		case <-ctx.Done():
			return 0
		case call := <-e.calls:
			if code, exit := call(world); exit {
				return code
			}
			e.arm(timer)
			continue
		case in = <-e.inputs:
		case <-timer.C:
		}
		if code, exit := e.drain(in, world); exit {
			return code
		}
		e.arm(timer)
	}
}

// arm sets the timer to the machine's next wake-up.
func (e *Engine) arm(timer *time.Timer) {
	if wake, ok := e.machine.Wake(); ok {
		timer.Reset(max(wake-e.clock(), 0))
	} else {
		timer.Stop()
	}
}

// atOnce bounds how many inputs one step takes.
const atOnce = 1024

// drain takes what is pending in one step, so that a burst costs one reckoning.
func (e *Engine) drain(in Input, world World) (code int, exit bool) {
	inputs := []Input{in}
pending:
	for len(inputs) < atOnce {
		select {
		case in = <-e.inputs:
			inputs = append(inputs, in)
		default:
			break pending
		}
	}
	return e.carryOut(e.step(inputs...), world)
}

// carryOut begins the effects of a step. What they change is written before.
func (e *Engine) carryOut(effects []Effect, world World) (code int, exit bool) {
	if changes := e.machine.Changes(); e.Keeper != nil && (len(changes) > 0 || awaitsKeeping(effects)) {
		e.Keeper.Keep(changes, awaitsKeeping(effects))
	}
	for _, effect := range effects {
		switch effect := effect.(type) {
		case Say:
			effect.Message.Time = time.Now()
			e.log.Send(effect.Message)
		case Exit:
			return effect.Code, true
		case Run:
			effect.Job.Stdin = effect.Event.JSON(time.Now())
			world.Do(effect)
		default:
			world.Do(effect)
		}
	}
	return 0, false
}

// Round returns when the engine's goroutine has come round, which shows that it makes
// progress, or with the error of ctx.
func (e *Engine) Round(ctx context.Context) error {
	select {
	case e.calls <- func(World) (int, bool) { return 0, false }:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status asks the engine's goroutine for the state of everything, in parts: between two of
// them it does what it is for.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	var r *report
	answer := make(chan bool, 1)
	for more := true; more; more = <-answer {
		select {
		case e.calls <- func(World) (int, bool) {
			if r == nil {
				r = e.machine.report()
			}
			answer <- r.more(e.machine, e.clock(), time.Now())
			return 0, false
		}:
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
	}
	r.status.Started = e.started
	return r.status, nil
}

// Operate gives the engine an operator's order, and returns what becomes of it; a start
// or stop goes on after that, and is found in Status.
func (e *Engine) Operate(ctx context.Context, o Order) (Ordered, error) {
	answer := make(chan Ordered, 1)
	select {
	case e.calls <- func(world World) (int, bool) {
		var out Ordered
		effects := e.step(Operate{Order: o, Result: &out})
		answer <- out
		return e.carryOut(effects, world)
	}:
	case <-ctx.Done():
		return Ordered{}, ctx.Err()
	}
	return <-answer, nil
}

func (e *Engine) step(inputs ...Input) []Effect {
	e.machine.wall = time.Now()
	return e.machine.Step(e.clock(), inputs...)
}
