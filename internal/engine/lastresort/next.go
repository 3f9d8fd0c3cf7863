package lastresort

import (
	"time"

	"procward/escalate"
)

// Event is an input of the last resort.
type Event interface{ event() }

// The events.
type (
	// Take: a ladder asks for a rung.
	Take struct{ Ladder, Rung, Reason string }
	// Recorded: what was taken is on the disk, or is not.
	Recorded struct {
		Token int
		Err   error
	}
	// Looked: a look at a process that began at a time has ended.
	Looked struct {
		Name  string
		Began time.Duration
	}
	// Stayed: an act has returned, and the machine is still here.
	Stayed struct {
		Token int
		Err   error
	}
	// Changed: the configuration has changed, or the operator gives all attempts back.
	Changed struct{}
	// Cleared: the operator gives back what is used of reboot-limit.
	Cleared struct{}
	// Given: what can be done here, and why it is not known which rungs were taken, or empty.
	Given struct {
		Means map[string]string
		Lost  string
	}
	// Opened: the ledger of an earlier daemon.
	Opened struct{ Ledger escalate.Ledger }
	// Lost: it cannot be read, and why.
	Lost struct{ Why string }
	// Due: the time of Wake has come.
	Due struct{}
)

func (Take) event()     {}
func (Recorded) event() {}
func (Looked) event()   {}
func (Stayed) event()   {}
func (Changed) event()  {}
func (Cleared) event()  {}
func (Given) event()    {}
func (Opened) event()   {}
func (Lost) event()     {}
func (Due) event()      {}

// Command is an output of the last resort.
type Command interface{ command() }

// The commands. Those with a Ladder are an answer to it.
type (
	// Save saves the ledger.
	Save struct{}
	// Record brings it to the disk; Recorded follows.
	Record struct{}
	// Look looks at processes; Looked follows for each.
	Look struct{ Names []string }
	// Act carries the rung out; if it does not work Stayed follows.
	Act struct{ Ladder, Rung, Reason string }
	// Refuse: the rung is not carried out.
	Refuse struct{ Ladder, Rung, Why string }
	// Postpone: not now; if Why is empty nothing is reported.
	Postpone struct {
		Ladder string
		Until  time.Duration
		Why    string
	}
	// Failed: it was carried out, without success.
	Failed struct{ Ladder, Rung, Why string }
)

func (Save) command()     {}
func (Record) command()   {}
func (Look) command()     {}
func (Act) command()      {}
func (Refuse) command()   {}
func (Postpone) command() {}
func (Failed) command()   {}

// step is one event on its way through the state.
type step struct {
	*State
	env Env
	out []Command
}

// Next takes an event and returns the commands, in order.
func (s *State) Next(e Event, env Env) []Command {
	n := &step{State: s, env: env}
	switch e := e.(type) {
	case Take:
		n.take(e)
	case Recorded:
		n.recorded(e)
	case Looked:
		if s.Awaits(e.Name, e.Began) {
			delete(s.ending.need, e.Name)
			n.confirmed()
		}
	case Stayed:
		n.stayed(e)
	case Changed:
		if !s.Idle() {
			n.lookAfresh()
		}
	case Cleared:
		n.keep(s.Ledger.Clear())
	case Given:
		s.Means = e.Means
		if e.Lost != "" {
			n.keep(s.Ledger.Forgot(env.Moment, e.Lost))
		}
	case Opened:
		var l escalate.Ledger
		l, s.reports = e.Ledger.Opened(env.Moment)
		n.keep(l)
	case Lost:
		n.keep(s.Ledger.Forgot(env.Moment, e.Why))
	case Due:
		n.due()
	}
	return n.out
}

func (n *step) do(c Command) { n.out = append(n.out, c) }

func (n *step) now() time.Duration { return n.env.Moment.Uptime }

// keep puts a ledger in force.
func (n *step) keep(l escalate.Ledger) {
	n.Ledger, n.seenAt = l, n.now()
	n.do(Save{})
}

// take begins a rung after the look before it: the breaker is asked, and its answer is
// recorded.
func (n *step) take(e Take) {
	if why := n.cannot(e.Rung); why != "" {
		n.do(Refuse{e.Ladder, e.Rung, why})
		return
	}
	if n.ending != nil {
		n.do(Postpone{e.Ladder, n.now() + inTurn, "the rung " + n.ending.rung + " of another ladder is being carried out"})
		return
	}
	before := n.Ledger
	ledger, verdict := n.env.Limit.Ask(n.Ledger, e.Rung, e.Reason, n.env.Moment)
	n.keep(ledger)
	switch verdict.Answer {
	case escalate.Allow:
		n.ending = &ending{ladder: e.Ladder, rung: e.Rung, reason: e.Reason, before: before}
		n.do(Record{})
	case escalate.Later:
		n.do(Postpone{e.Ladder, verdict.At, verdict.Why})
	default:
		n.do(Refuse{e.Ladder, e.Rung, verdict.Why})
	}
}

// cannot says why a rung cannot be carried out at all, or nothing.
func (n *step) cannot(rung string) string {
	if n.Means == nil {
		return "this procward has not been given the means to end the machine"
	}
	why, made := n.Means[rung]
	if !made {
		return "it was not made ready"
	}
	return why
}

// recorded takes the answer to a Record. A rung that would not be known after the boot is
// not carried out.
func (n *step) recorded(in Recorded) {
	e := n.ending
	switch {
	case e == nil || e.stage != recording || in.Token != n.Token:
	case in.Err != nil:
		n.callOff()
		n.do(Refuse{e.ladder, e.rung, "it cannot be recorded, and so would not be known after the boot: " + in.Err.Error()})
	case n.env.Ladder == nil || !n.env.Ladder.Free:
		n.lookAfresh()
	default:
		n.confirm()
	}
}

// confirm looks for the last time, for what is missing.
func (n *step) confirm() {
	e := n.ending
	e.stage, e.asked, e.need = confirming, n.now(), map[string]bool{}
	for _, name := range n.env.Ladder.Required {
		e.need[name] = true
	}
	n.do(Look{n.env.Ladder.Required})
	n.confirmed()
}

// confirmed acts when every look is there and nothing has changed; otherwise the climb
// looks again, and says what has changed.
func (n *step) confirmed() {
	e, l := n.ending, n.env.Ladder
	switch {
	case l == nil, len(e.need) > 0: // one whose ladder is gone is given up after confirmTime
	case !l.Acting || !l.Free || !l.Wanted:
		n.lookAfresh()
	default:
		e.stage = acting
		n.do(Act{e.ladder, e.rung, e.reason})
	}
}

// lookAfresh cancels a rung that has not begun, and lets its ladder look again.
func (n *step) lookAfresh() {
	l, key := n.env.Ladder, n.ending.ladder
	n.callOff()
	if l != nil && l.Acting {
		n.do(Postpone{Ladder: key, Until: n.now()})
	}
}

// callOff forgets a rung that has not begun: it does not count.
func (n *step) callOff() {
	n.keep(n.ending.before.Seen(n.env.Moment))
	n.ending = nil
}

// stayed takes the return of an act: the machine has not ended.
func (n *step) stayed(in Stayed) {
	e := n.ending
	if e == nil || e.stage != acting || in.Token != n.Token {
		return
	}
	n.ending = nil
	n.keep(n.Ledger.Failed(n.env.Moment))
	why := "the machine is still here"
	if in.Err != nil {
		why = in.Err.Error()
	}
	n.do(Failed{e.ladder, e.rung, why})
}

// due gives up a last look that does not end, and keeps the ledger's clock.
func (n *step) due() {
	if e := n.ending; e != nil && e.stage == confirming && n.now() >= e.asked+confirmTime {
		n.lookAfresh()
	}
	if !n.Ledger.Empty() && n.seenAt+seenEvery <= n.now() {
		n.keep(n.Ledger.Seen(n.env.Moment))
	}
}
