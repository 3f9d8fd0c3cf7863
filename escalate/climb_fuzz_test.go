package escalate

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// FuzzNext lets bytes be a ladder and the history of its climbs, and holds of it: every
// act comes straight from a look that found something missing; no act before the outcome
// of the one before; rungs in order until a recovery; a restart-group never more often
// than its attempts in any window; nothing after none; and that Next is a function that
// leaves its argument as it was. In the end every climb ends.
func FuzzNext(f *testing.F) {
	f.Add([]byte{3, 0, 2, 5, 0, 1, 3, 0, 1, 4, 7, 1, 3})
	f.Add([]byte{2, 0, 1, 0x11, 0, 1, 3, 7, 1, 3, 8, 0, 1, 9, 15, 1, 2})
	f.Add([]byte{9, 0, 8, 0, 7, 0, 1, 0, 2, 0, 1, 3, 1, 3, 0, 2, 0, 1, 10, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		h := &play{t: t, data: data[:min(len(data), 1024)], now: start, ran: map[int][]time.Duration{}}
		h.l = h.ladder()
		for len(h.data) > 0 {
			h.step()
		}
		h.end()
	})
}

// play is one history under test.
type play struct {
	t      *testing.T
	data   []byte
	l      Ladder
	c      Climb
	now    time.Duration
	due    time.Duration
	last   Action                  // that was asked for and has had no answer
	height int                     // of the last act since a recovery
	ran    map[int][]time.Duration // by the number of the restart-group rung
}

func (p *play) byte() byte {
	if len(p.data) == 0 {
		return 0
	}
	b := p.data[0]
	p.data = p.data[1:]
	return b
}

func (p *play) ladder() Ladder {
	var l Ladder
	for range p.byte() % 6 {
		b := p.byte()
		l = append(l, []Rung{
			groupRung(1+int(b>>4%3), time.Duration(1+b>>4)*time.Minute), hookRung, stopRung, bootRung, noRung,
			{StopDaemon: &StopDaemon{}}, {Panic: &Panic{}}, {Shutdown: &Shutdown{}},
		}[b%8])
	}
	if err := l.Validate(); err != nil {
		p.t.Fatalf("the test makes a bad ladder: %v", err)
	}
	return l
}

func (p *play) step() {
	b := p.byte()
	p.now += time.Duration(b>>4) * 7 * time.Second
	switch b % 16 {
	case 12: // a reload, which may bring any rung to any place
		p.l, p.height = p.ladder(), 0
	case 13, 14, 15: // what is asked for happens
		if p.last == Wait {
			p.now = max(p.now, p.due)
			p.input(Waited)
			return
		}
		p.input(map[Action]Input{Look: Missing, Act: Failed}[p.last])
	default:
		p.input(Input(b % 16 % 11))
	}
}

func (p *play) input(in Input) Decision {
	before := p.c
	before.Spent = map[int][]time.Duration{}
	for k, v := range p.c.Spent {
		before.Spent[k] = append([]time.Duration(nil), v...)
	}
	c, d := p.l.Next(p.c, in, p.now)
	if len(p.c.Spent)+len(before.Spent) > 0 && !reflect.DeepEqual(p.c, before) {
		p.t.Fatalf("Next changed its argument from %+v to %+v", before, p.c)
	}
	if c2, d2 := p.l.Next(before, in, p.now); !reflect.DeepEqual(d, d2) || fmt.Sprint(c) != fmt.Sprint(c2) {
		p.t.Fatalf("the same input gave %+v, %+v and %+v, %+v", c, d, c2, d2)
	}
	p.check(in, c, d)
	if p.c = c; in == GiveBack {
		clear(p.ran)
	}
	if in == GiveBack || in == Recovered && p.last != Act {
		p.height = 0
	}
	return d
}

func (p *play) check(in Input, c Climb, d Decision) {
	if p.last == Act && d.Action != Nothing && in != GiveBack && in != Done && in != Failed && in != Skipped && in != TakenOver {
		p.t.Fatalf("input %d interrupts a rung: %+v", in, d)
	}
	switch d.Action {
	case Act:
		if p.last != Look || in != Missing {
			p.t.Fatalf("input %d after %d acts: %+v", in, p.last, d)
		}
		if c.Position < p.height || p.l[c.Position].Name() != d.Rung.Name() || d.Rung.None != nil {
			p.t.Fatalf("out of order: %+v at %+v, the last was %d", d, c, p.height)
		}
		for _, r := range p.l[:c.Position] {
			if r.None != nil {
				p.t.Fatalf("a rung above none: %+v", d)
			}
		}
		p.height = c.Position
		p.group(d, p.l.nth(c.Position))
	case Look, GiveUp, HandOver, Wait, End:
	case Nothing:
		if p.stuck(in) {
			p.t.Fatalf("input %d leads nowhere: %+v", in, p.c)
		}
		return
	}
	p.last = d.Action
	p.due = d.At
}

// stuck reports whether an answer was given to what was asked for, or a member is exhausted at
// rest: then something must follow.
func (p *play) stuck(in Input) bool {
	switch p.last {
	case Look:
		return in == Missing || in == AllUp || in == Halt
	case Act:
		return in == Done || in == Failed || in == Skipped || in == TakenOver
	case Wait:
		return in == Waited && p.now >= p.due
	}
	return in == Exhausted
}

// group counts the attempts of a restart-group rung.
func (p *play) group(d Decision, nth int) {
	r := d.Rung.RestartGroup
	if r == nil {
		return
	}
	p.ran[nth] = append(slices.DeleteFunc(p.ran[nth], func(at time.Duration) bool { return p.now-at >= r.Window.D() }), p.now)
	n := len(p.ran[nth])
	if !r.Attempts.Allows(n-1) || d.Attempt != n {
		p.t.Fatalf("attempt %d is called %d of %v in %v", n, d.Attempt, r.Attempts, r.Window)
	}
}

// end lets nothing help any more: the climb comes to an end.
func (p *play) end() {
	d := p.input(Exhausted)
	for range 100 {
		switch p.last {
		case GiveUp, HandOver:
			return
		case Look:
			d = p.input(Missing)
		case Act:
			d = p.input(Failed)
		case Wait:
			p.now = max(p.now, p.due)
			d = p.input(Waited)
		default:
			p.t.Fatalf("the climb ends with %+v at %+v", d, p.c)
		}
	}
	p.t.Fatalf("a climb without end: %+v on %+v", p.c, p.l)
}
