package life

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/engine/signs"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/internal/testbed/statetest"
	"procward/procscan"
	"procward/procscan/succession"
	"procward/procscan/traits"
	"procward/restart"
	"procward/watch"
)

// play is one process entry, and what is true of the world around it.
type play struct {
	Life
	env   Env
	unit  Unit
	phase escalate.Phase
	held  string
	token int
	pid   int
}

func newPlay(change func(*play)) *play {
	spec := confd.Process{Match: procscan.DefaultMatch(), Absent: confd.AbsentRestart, Excess: confd.DefaultExcess(), Restart: restart.DefaultSpec()}
	spec.Match.Name = "httpd"
	spec.Restart.Run, spec.Restart.Attempts = script.Argv{"/restart"}, scalar.AtMost(2)
	p := &play{Life: New("httpd", spec, 0), phase: escalate.Idle, pid: 100}
	p.env = Env{
		Now: time.Hour, Remind: escalate.DefaultGroup, Phase: func() escalate.Phase { return p.phase }, Awaited: func() bool { return false },
		HeldBy: func() string { return p.held }, Luck: func() float64 { return 0 }, Round: func() int { return 1 },
		Token: func() int { p.token++; return p.token },
	}
	if change != nil {
		change(p)
	}
	return p
}

// process is one that matches.
func (p *play) process(pid int) procscan.Process {
	return procscan.Process{ID: procscan.ID{PID: pid, Start: uint64(p.env.Now / (10 * time.Millisecond))}, Comm: "httpd", PPID: 1, Session: pid, Threads: 1}
}

// happening is what happens, as a function of the play.
type happening func(*play) Event

// sees is a look that finds what is tracked, and some more.
func sees(more int) happening {
	return func(p *play) Event {
		var all []procscan.Process
		for _, id := range p.Tracks() {
			q, _ := p.Tracked(id)
			all = append(all, q)
		}
		for range more {
			p.pid++
			all = append(all, p.process(p.pid))
		}
		f := Finding{Selection: procscan.Selection{Matching: all, Selected: all}, Unit: p.unit, Traits: map[procscan.ID]traits.Got{}}
		for _, q := range all {
			own := uint64(q.PID)
			f.Traits[q.ID] = traits.Got{Traits: succession.Traits{Comm: q.Comm, Session: q.Session, Whole: true, At: p.env.Now,
				Layout: succession.Layout{Code: own << 12, Stack: own << 20, Brk: own << 16}}}
		}
		return Looked{Began: p.env.Now, For: p.LookFor(false), Finding: f}
	}
}

func is(e Event) happening { return func(*play) Event { return e } }

// dies is the exit of one that is tracked.
func dies(c watch.Cause) happening {
	return func(p *play) Event {
		return Lost{watch.Event{ID: p.Tracks()[0], At: p.env.Now, Cause: c}}
	}
}

// sickens is a sign of a stall.
func sickens(p *play) Event {
	p.Signs.Watch(signs.Watch{Target: "httpd", IDs: p.Tracks()}, p.env.Now, p.env.Round)
	return Sign{watch.SignChange{Target: "httpd", Round: 1, Name: "stopped", Verdict: watch.Bad, At: p.env.Now}}
}

func blind(*play) Event { return Looked{Finding: Finding{Err: errors.New("no /proc")}} }

func ended(p *play) Event {
	return ScriptEnded{Token: p.Trial().Token, Outcome: Outcome{OK: true}}
}

func failed(p *play) Event {
	return ScriptEnded{Token: p.Trial().Token, Outcome: Outcome{Code: 1, Words: "exited with code 1"}}
}

func started(p *play) Event { return ScriptStarted{Token: p.Trial().Token, At: p.env.Now} }

// killed is the end of a kill that one has survived, or not.
func killed(how restart.Outcome) happening {
	return func(p *play) Event {
		return KillEnded{Token: p.Trial().Token, Ended: []restart.Ended{{ID: p.Tracks()[0], Outcome: how}}}
	}
}

// later is the time at which something is due.
func later(p *play) Event {
	p.env.Now = max(p.env.Now, p.Wake(p.env.Now))
	return Due{}
}

// tell gives events, and what is done on all of them in short.
func (p *play) tell(all ...happening) string {
	var out []string
	for _, what := range all {
		e := what(p)
		for _, c := range p.Next(e, p.env) {
			switch c := c.(type) {
			case Say:
				out = append(out, c.Message.Kind.Event)
			case Moved, Bury, Seen: // what others keep of it
			default:
				out = append(out, statetest.Name(c))
			}
		}
		p.env.Now += time.Millisecond
	}
	return strings.Join(out, ", ")
}

func then(before []happening, more ...happening) []happening { return slices.Concat(before, more) }

var (
	kill9 = watch.Cause{Known: true, Signal: 9}
	clean = watch.Cause{Known: true}
)

// docs/states.md shows this table.
func TestTransitions(t *testing.T) {
	up := []happening{sees(1)}
	lost := then(up, dies(kill9))
	down := then(lost, sees(0))
	turn := is(Turn{})
	var rows []statetest.Row
	for _, c := range []struct {
		made   func(*play)
		before []happening
		event  happening
		where  string
		change func(*play)
	}{
		{nil, nil, sees(1), "it is there", nil},
		{nil, nil, sees(0), "it is missing", nil},
		{nil, []happening{sees(0)}, sees(0), "and start-timeout is over", func(p *play) { p.env.Now += time.Hour; p.tell(is(Due{})) }},
		{func(p *play) { p.Spec.Absent = confd.AbsentIgnore }, nil, sees(0), "absent: ignore", nil},
		{nil, nil, sees(0), "systemd has a job for its unit", func(p *play) { p.unit = Unit{Name: "httpd.service", Hands: "a job"} }},
		{nil, up, dies(kill9), "", nil},
		{nil, up, dies(kill9), "it is suspended", func(p *play) { p.env.Suspended = "by root" }},
		{nil, up, sickens, "", nil},
		{nil, up, is(Freeze{}), "", nil},
		{nil, lost, sees(1), "a successor is there", nil},
		{nil, lost, sees(0), "nobody is there", nil},
		{nil, lost, blind, "the look fails", nil},
		{nil, lost, sees(0), "the group that it depends on is down", func(p *play) { p.held = "db" }},
		{nil, lost, sees(0), "the ladder is handed over", func(p *play) { p.phase = escalate.Handed }},
		{nil, lost, sees(0), "observe mode", func(p *play) { p.env.Observe = true }},
		{func(p *play) { p.Spec.Restart.When = restart.Abnormal }, then(up, dies(clean)), sees(0), "when: abnormal, and its end was clean", nil},
		{func(p *play) { p.Spec.Restart.Attempts = scalar.AtMost(0) }, lost, sees(0), "attempts: 0", nil},
		{nil, then(up, sickens), sees(0), "it is stalled", nil},
		{nil, then(lost, blind), sees(0), "nobody is there", nil},
		{nil, down, turn, "", nil},
		{nil, down, is(Turn{"a free slot"}), "something bars it", nil},
		{nil, down, turn, "the newest look is old", func(p *play) { p.env.Now += time.Second }},
		{nil, down, turn, "strategy: all", func(p *play) { p.env.Together = true }},
		{nil, then(up, sickens, sees(0), is(EvidenceTaken{Token: 1})), turn, "it is stalled", nil},
		{nil, down, sees(1), "it is back", nil},
		{nil, down, is(Freeze{}), "", nil},
		{nil, then(down, turn), started, "", nil},
		{nil, then(down, turn, started), sees(1), "it is there", nil},
		{nil, then(down, turn, started), failed, "with code 1", nil},
		{nil, then(down, turn), func(p *play) Event { return ScriptEnded{Token: p.Trial().Token, Outcome: Outcome{Lack: true}} }, "procward could not start it", nil},
		{nil, then(down, turn, started, ended), later, "start-timeout is over", func(p *play) { p.tell(later); p.env.Now += time.Hour }},
		{nil, then(up, sickens, sees(0), is(EvidenceTaken{Token: 1}), turn), killed(restart.BySignal), "", nil},
		{nil, then(up, sickens, sees(0), is(EvidenceTaken{Token: 1}), turn), killed(restart.Unkillable), "it cannot be killed", nil},
		{nil, then(down, turn, started, ended, sees(1)), later, "settle is over", nil},
		{nil, then(down, turn, started, ended, sees(1)), dies(kill9), "", nil},
		{nil, then(down, turn, started, ended, sees(1), dies(kill9)), sees(0), "it was settling, and nobody is there", nil},
		{func(p *play) { p.Spec.Restart.Attempts = scalar.AtMost(0) }, down, is(GiveUp{}), "", nil},
		{func(p *play) { p.Spec.Restart.Attempts = scalar.AtMost(0) }, down, is(HandOver{}), "", nil},
		{func(p *play) { p.Spec.Restart.Attempts = scalar.AtMost(0) }, down, sees(1), "it is back", nil},
		{func(p *play) { p.Spec.Restart.Attempts = scalar.AtMost(0) }, then(down, is(GiveUp{})), is(TryAgain{}), "", nil},
		{func(p *play) { p.Spec.Restart.Attempts = scalar.AtMost(0) }, then(down, is(GiveUp{})), is(Recover{}), "", nil},
		{nil, up, is(Take{}), "", nil},
		{nil, then(up, is(Take{})), is(Leave{}), "it is up", nil},
		{nil, then(up, is(Take{}), dies(clean)), is(Leave{Hand: Hand{Stops: true, By: "root"}}), "of the operator's stop", nil},
		{nil, then(up, is(Take{}), dies(clean)), is(Leave{Hand: Hand{Stops: true}}), "of stop-group", nil},
		{nil, then(up, is(Take{}), dies(clean)), is(Leave{}), "it is not up", nil},
	} {
		p := newPlay(c.made)
		p.tell(c.before...)
		row := statetest.Row{State: string(p.State()), Where: c.where}
		if c.change != nil {
			c.change(p)
		}
		e := c.event(p)
		row.Event = statetest.Name(e)
		row.Does = p.tell(is(e))
		row.Next = string(p.State())
		rows = append(rows, row)
	}
	statetest.Check(t, "life", rows)
}

// A look may come between the end of a tracked process and the report of it: whoever is there then
// is judged by that end. A process that only does not match any more holds up nobody for long.
func TestALookBetweenAnEndAndItsReport(t *testing.T) {
	other := func(p *play) Event {
		l := sees(1)(p).(Looked)
		l.Finding.Selection = procscan.Selection{Matching: l.Finding.Selection.Matching[1:], Selected: l.Finding.Selection.Selected[1:]}
		return l
	}
	p := newPlay(nil)
	p.tell(sees(1))
	if got := p.tell(other); strings.Contains(got, "Track") || !strings.Contains(got, "Look") {
		t.Errorf("at once: %s", got)
	}
	p.env.Now += deathNews
	if got := p.tell(other); !strings.Contains(got, "Track") {
		t.Errorf("later: %s", got)
	}
}
