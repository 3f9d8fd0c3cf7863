package host

import (
	"context"
	"time"

	"procward/internal/engine"
	"procward/internal/message"
	"procward/procscan"
)

// Log takes messages; it never blocks.
type Log interface{ Send(message.Message) }

// World carries out what the machine wants done, outside the loop's goroutine, except
// Track and Untrack, which are quick. The results are sent to the loop.
type World interface {
	// Do begins an effect and returns at once. It gets every effect except Keep, Say,
	// Answer, Shown and Exit.
	Do(engine.Effect)
}

// Keeper writes the durable state.
type Keeper interface {
	// Keep takes changes of the durable state, by key; nil: the key is removed. With must it
	// returns when these and all earlier changes are written, or after a limited time;
	// without must it returns at once.
	Keep(changes map[string]any, must bool)

	// Record returns nil when everything that it was given is on the disk (fsync), in a
	// directory that outlives a boot. It takes a limited time.
	Record(ctx context.Context) error
}

// Loop is the goroutine around the engine's machine: it has the clock, the timer and the
// queue of inputs.
type Loop struct {
	machine *engine.Machine
	log     Log
	inputs  chan engine.Input
	asks    chan ask
	rounds  chan struct{}
	started time.Time
	clock   func() time.Duration

	asked   int                        // how many questions were taken; the last one's token
	answers map[int]chan engine.Effect // where the answers are waited for, by token

	// Keeper, if not nil, gets everything that must outlive the daemon, before the action
	// that it records. The loop's goroutine calls it.
	Keeper Keeper

	// Boot is the boot id (random(4)), which the records of rungs that end the machine need.
	Boot string
}

// ask is an input that is answered by an effect with the same token.
type ask struct {
	input  func(token int) engine.Input
	answer chan engine.Effect // room for one
}

// NewLoop makes a loop; nothing happens before Run.
func NewLoop(machine *engine.Machine, log Log) *Loop {
	return &Loop{machine: machine, log: log, inputs: make(chan engine.Input, 256), asks: make(chan ask), rounds: make(chan struct{}),
		answers: map[int]chan engine.Effect{}, started: time.Now(), clock: procscan.Boottime}
}

// Send gives the machine an input. It waits while many are pending, and gives up when ctx
// is done.
func (l *Loop) Send(ctx context.Context, in engine.Input) {
	select {
	case l.inputs <- in:
	case <-ctx.Done():
	}
}

// Run is the loop: it ends with code 0 when ctx is done, or with the code that a
// stop-daemon rung asks for.
func (l *Loop) Run(ctx context.Context, world World) (code int) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		inputs := make([]engine.Input, 1, 8)
		inputs[0] = engine.Tick{}
		select {
		case <-ctx.Done():
			return 0
		case <-l.rounds:
			continue
		case q := <-l.asks:
			l.asked++
			l.answers[l.asked] = q.answer
			inputs[0] = q.input(l.asked)
		case in := <-l.inputs:
			inputs = l.pending(append(inputs[:0], in))
		case <-timer.C:
			inputs = l.pending(inputs)
		}
		if code, exit := l.carryOut(l.machine.Step(l.now(), inputs...), world); exit {
			return code
		}
		l.arm(timer)
	}
}

// now is this moment.
func (l *Loop) now() engine.Moment {
	return engine.Moment{Boot: l.Boot, Uptime: l.clock(), Wall: time.Now()}
}

// arm sets the timer to the machine's next wake-up.
func (l *Loop) arm(timer *time.Timer) {
	if wake, ok := l.machine.Wake(); ok {
		timer.Reset(max(wake-l.clock(), 0))
	} else {
		timer.Stop()
	}
}

// atOnce limits how many inputs one step takes.
const atOnce = 1024

// pending adds what waits already, so that a burst is handled at once.
func (l *Loop) pending(inputs []engine.Input) []engine.Input {
	for len(inputs) < atOnce {
		select {
		case in := <-l.inputs:
			inputs = append(inputs, in)
		default:
			return inputs
		}
	}
	return inputs
}

// carryOut begins the effects of a step.
func (l *Loop) carryOut(effects []engine.Effect, world World) (code int, exit bool) {
	for _, effect := range effects {
		switch effect := effect.(type) {
		case engine.Keep:
			if l.Keeper != nil {
				l.Keeper.Keep(effect.Changes, effect.Must)
			}
		case engine.Say:
			effect.Message.Time = time.Now()
			l.log.Send(effect.Message)
		case engine.Answer:
			l.answer(effect.Token, effect)
		case engine.Shown:
			l.answer(effect.Token, effect)
		case engine.Exit:
			return effect.Code, true
		case engine.Run:
			effect.Job.Stdin = effect.Event.JSON(time.Now())
			world.Do(effect)
		default:
			world.Do(effect)
		}
	}
	return 0, false
}

func (l *Loop) answer(token int, e engine.Effect) {
	if waits := l.answers[token]; waits != nil {
		waits <- e
		delete(l.answers, token)
	}
}

// Round returns when the loop's goroutine has come round, which shows that it makes
// progress, or with the error of ctx.
func (l *Loop) Round(ctx context.Context) error {
	select {
	case l.rounds <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask gives the machine a question and waits for its answer.
func (l *Loop) ask(ctx context.Context, input func(token int) engine.Input) (engine.Effect, error) {
	q := ask{input: input, answer: make(chan engine.Effect, 1)}
	select {
	case l.asks <- q:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case e := <-q.answer:
		return e, nil
	case <-ctx.Done(): // the loop may have ended
		return nil, ctx.Err()
	}
}

// Status asks the machine for the state of everything, in parts: between two parts it
// does its main work.
func (l *Loop) Status(ctx context.Context) (engine.Status, error) {
	for page := (engine.Page{}); ; {
		e, err := l.ask(ctx, func(token int) engine.Input { return engine.Show{Token: token, Page: page} })
		if err != nil {
			return engine.Status{}, err
		}
		if page = e.(engine.Shown).Page; page.Last() {
			page.Status.Started = l.started
			return page.Status, nil
		}
	}
}

// Operate gives the machine an operator's order, and returns the answer; a start or stop
// goes on after that, and can be seen in Status.
func (l *Loop) Operate(ctx context.Context, o engine.Order) (engine.Ordered, error) {
	e, err := l.ask(ctx, func(token int) engine.Input { return engine.Operate{Token: token, Order: o} })
	if err != nil {
		return engine.Ordered{}, err
	}
	return e.(engine.Answer).Ordered, nil
}
