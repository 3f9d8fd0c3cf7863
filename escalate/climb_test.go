package escalate

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/internal/script"
)

func groupRung(attempts int, window time.Duration) Rung {
	return Rung{RestartGroup: &RestartGroup{Attempts: scalar.AtMost(attempts), Window: scalar.Duration(window)}}
}

var (
	hookRung = Rung{Hook: &Hook{Run: script.Argv{"/hook"}, Timeout: scalar.Duration(time.Minute)}}
	stopRung = Rung{StopGroup: &StopGroup{}}
	bootRung = Rung{Reboot: &Reboot{}}
	noRung   = Rung{None: &None{}}
)

// start is the time of the tables.
const start = 100 * time.Hour

// TestNext is every input in every phase: what is not in the table changes nothing.
func TestNext(t *testing.T) {
	l := Ladder{groupRung(2, time.Hour), hookRung, bootRung}
	spent := map[int][]time.Duration{0: {start - time.Minute}}
	at := func(phase Phase, position int) Climb { return Climb{Phase: phase, Position: position} }
	tried := Climb{Phase: Acting, Acted: "restart-group", Tries: 1, Spent: spent}
	hooked := Climb{Phase: Acting, Position: 1, Acted: "hook"}
	paused := func(c Climb) Climb { c.Phase, c.Until = Pausing, start; return c }
	looking := func(c Climb, position, tries int) Climb {
		c.Phase, c.Position, c.Tries, c.Until = Looking, position, tries, 0
		return c
	}
	known := map[string]struct {
		after Climb
		d     Decision
	}{}
	row := func(c Climb, in Input, after Climb, d Decision) {
		known[fmt.Sprint(c, in)] = struct {
			after Climb
			d     Decision
		}{after, d}
	}
	look, end := Decision{Action: Look}, Decision{Action: End}
	climbs := []Climb{{}, at(Idle, 1), at(Looking, 0), at(Looking, 1), at(Looking, 3), tried, hooked, paused(tried), paused(hooked), at(GivenUp, 3), at(Handed, 1)}
	for _, c := range climbs {
		row(c, GiveBack, Climb{}, end)
		row(c, Recovered, Climb{Spent: c.Spent}, end)
	}
	row(Climb{}, Exhausted, at(Looking, 0), look)
	row(Climb{}, Recovered, Climb{}, Decision{})
	row(at(Idle, 1), Exhausted, at(Looking, 1), look)
	row(at(Idle, 1), Recovered, Climb{}, Decision{})
	for i, c := range climbs[2:5] {
		row(c, AllUp, at(Idle, []int{0, 1, 3}[i]), end)
		row(c, Halt, at(Idle, []int{0, 1, 3}[i]), end)
	}
	first := Climb{Phase: Acting, Acted: "restart-group", Tries: 1, Spent: map[int][]time.Duration{0: {start}}}
	row(at(Looking, 0), Missing, first, Decision{Action: Act, Rung: l[0], Attempt: 1})
	row(at(Looking, 1), Missing, hooked, Decision{Action: Act, Rung: l[1]})
	row(at(Looking, 3), Missing, at(GivenUp, 3), Decision{Action: GiveUp})
	for _, c := range []Climb{tried, hooked} {
		row(c, Recovered, c, Decision{}) // a rung is never interrupted
		row(c, TakenOver, Climb{Phase: Handed, Position: c.Position, Acted: c.Acted, Tries: c.Tries, Spent: c.Spent}, Decision{Action: HandOver})
		pausing := paused(c)
		pausing.Until = start + DefaultWait
		row(c, Done, pausing, Decision{Action: Wait, At: start + DefaultWait})
	}
	for _, in := range []Input{Failed, Skipped} {
		row(tried, in, looking(tried, 0, 1), look)
		row(hooked, in, looking(hooked, 2, 0), look)
	}
	row(paused(tried), Waited, looking(tried, 0, 1), look)
	row(paused(hooked), Waited, looking(hooked, 2, 0), look)
	row(at(GivenUp, 3), Exhausted, at(GivenUp, 3), Decision{Action: GiveUp})
	row(at(Handed, 1), Exhausted, at(Handed, 1), Decision{Action: HandOver})
	for _, c := range climbs {
		for in := Exhausted; in <= Halt; in++ {
			want, ok := known[fmt.Sprint(c, in)]
			if !ok {
				want.after = c
			}
			after, d := l.Next(c, in, start)
			if !reflect.DeepEqual(after, want.after) || !reflect.DeepEqual(d, want.d) {
				t.Errorf("%+v, input %d:\ngot  %+v, %+v\nwant %+v, %+v", c, in, after, d, want.after, want.d)
			}
		}
	}
	if c, d := l.Next(paused(tried), Waited, start-1); d.Action != Nothing || c.Phase != Pausing {
		t.Errorf("the wait ended too soon: %+v, %+v", c, d)
	}
}

// climbing is one climb of which every look finds something missing.
type climbing struct {
	l    Ladder
	c    Climb
	now  time.Duration
	take time.Duration // of every rung
	told []string
}

// up climbs until the ladder asks for nothing more, with the outcome of each rung.
func (c *climbing) up(t *testing.T, outcome func(Rung) Input) string {
	t.Helper()
	c.told = nil
	var d Decision
	c.c, d = c.l.Next(c.c, Exhausted, c.now)
	for steps := 0; ; steps++ {
		if steps > 1000 {
			t.Fatalf("a climb without end: %v", c.told[:20])
		}
		switch d.Action {
		case Look:
			c.c, d = c.l.Next(c.c, Missing, c.now)
		case Act:
			word := d.Rung.Name()
			if d.Attempt > 0 {
				word += fmt.Sprint(" ", d.Attempt)
			}
			c.told = append(c.told, word)
			c.now += c.take
			c.c, d = c.l.Next(c.c, outcome(d.Rung), c.now)
		case Wait:
			c.now = d.At
			c.c, d = c.l.Next(c.c, Waited, c.now)
		case GiveUp:
			return strings.Join(append(c.told, "given up"), ", ")
		case HandOver:
			return strings.Join(append(c.told, "handed over"), ", ")
		default:
			t.Fatalf("the climb stops at %+v after %v", d, c.told)
		}
	}
}

func TestClimbs(t *testing.T) {
	fails := func(Rung) Input { return Failed }
	works := func(Rung) Input { return Done }
	takes := func(r Rung) Input {
		if r.Hook != nil {
			return TakenOver
		}
		return Done
	}
	for _, c := range []struct {
		what    string
		l       Ladder
		c       Climb
		outcome func(Rung) Input
		want    string
	}{
		{"no rung", nil, Climb{}, fails, "given up"},
		{"none", Ladder{noRung}, Climb{}, fails, "given up"},
		{"what stands above none is not climbed", Ladder{hookRung, noRung, bootRung}, Climb{}, fails, "hook, given up"},
		{"in order", Ladder{groupRung(2, time.Hour), hookRung, stopRung, bootRung}, Climb{}, fails, "restart-group 1, restart-group 2, hook, stop-group, reboot, given up"},
		{"actions without effect", Ladder{groupRung(1, time.Hour), stopRung, bootRung}, Climb{}, works, "restart-group 1, stop-group, reboot, given up"},
		{"handed over", Ladder{groupRung(1, time.Hour), hookRung, bootRung}, Climb{}, takes, "restart-group 1, hook, handed over"},
		{"group attempts spent by an earlier climb", Ladder{groupRung(2, time.Hour), bootRung}, Climb{Spent: map[int][]time.Duration{0: {start - 3, start - 2}}}, fails, "reboot, given up"},
		{"one of them a window old", Ladder{groupRung(2, time.Hour), bootRung}, Climb{Spent: map[int][]time.Duration{0: {start - time.Hour, start - 2}}}, fails, "restart-group 2, reboot, given up"},
		{"a window that the attempts outlast", Ladder{groupRung(2, time.Second), bootRung}, Climb{}, works, "restart-group 1, restart-group 1, reboot, given up"},
		{"two group rungs count apart", Ladder{groupRung(1, time.Hour), hookRung, groupRung(2, time.Hour)}, Climb{}, fails, "restart-group 1, hook, restart-group 1, restart-group 2, given up"},
		{"up before it had recovered, and down again", Ladder{groupRung(1, time.Hour), hookRung, bootRung}, Climb{Position: 2}, fails, "reboot, given up"},
	} {
		climb := &climbing{l: c.l, c: c.c, now: start, take: time.Second}
		if got := climb.up(t, c.outcome); got != c.want {
			t.Errorf("%s: %s\nwant: %s", c.what, got, c.want)
		}
		climb.c, _ = c.l.Next(climb.c, GiveBack, climb.now)
		climb.c.Spent = nil
		if !reflect.DeepEqual(climb.c, Climb{}) {
			t.Errorf("%s: given back, it stands at %+v", c.what, climb.c)
		}
	}
}

// TestReloadDuringTheClimb holds that a changed ladder neither repeats without end nor
// skips a rung, and that attempts go with the kind of a rung.
func TestReloadDuringTheClimb(t *testing.T) {
	long := Ladder{groupRung(1, time.Hour), hookRung, bootRung}
	reached := func(position int, in Input) (Climb, Decision) {
		c := Climb{Phase: Acting, Position: position, Acted: long[position].Name(), Spent: map[int][]time.Duration{0: {start}}}
		return long.Next(c, in, start)
	}
	for _, c := range []struct {
		what     string
		position int
		now      Ladder
		want     string
	}{
		{"unchanged", 1, long, "reboot, given up"},
		{"shortened below the position", 1, long[:1], "given up"},
		{"emptied", 2, nil, "given up"},
		{"the first rung removed while the hook runs", 1, long[1:], "reboot, given up"},
		{"a rung put before the group restart", 0, Ladder{stopRung, long[0], bootRung}, "stop-group, reboot, given up"},
	} {
		climb, _ := reached(c.position, Done)
		climb, d := c.now.Next(climb, Waited, start+DefaultWait)
		if d.Action != Look {
			t.Fatalf("%s: %+v", c.what, d)
		}
		climb.Phase = Idle // the rest as of a new climb from there
		on := &climbing{l: c.now, c: climb, now: start + DefaultWait}
		if got := on.up(t, func(Rung) Input { return Failed }); got != c.want {
			t.Errorf("%s: %s\nwant: %s", c.what, got, c.want)
		}
	}
}

func TestRungOfAClimb(t *testing.T) {
	l := Ladder{hookRung, bootRung}
	for _, c := range []struct {
		climb Climb
		want  string
	}{{Climb{}, ""}, {Climb{Phase: Acting}, "hook"}, {Climb{Phase: Looking, Position: 1}, "reboot"}, {Climb{Phase: GivenUp, Position: 2}, ""}} {
		r, ok := c.climb.Rung(l)
		if ok != (c.want != "") || ok && r.Name() != c.want {
			t.Errorf("%+v stands at %q, %v", c.climb, r.Name(), ok)
		}
	}
}
