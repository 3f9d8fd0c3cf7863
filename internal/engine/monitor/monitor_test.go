package monitor

import (
	"slices"
	"strings"
	"testing"
	"time"

	confd "procward/conf.d"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/testbed/statetest"
	"procward/watch"
)

// play is a monitor that may restart one target once, and what is true of the world around it.
type play struct {
	Monitor
	env    Env
	target Target
}

func newPlay() *play {
	p := &play{Monitor: Monitor{Name: "port", Targets: []string{"httpd"}}, target: Target{Name: "httpd", State: "up", Up: true}}
	p.Spec = confd.DefaultMonitor()
	p.Spec.Recover, p.Spec.Attempts = "httpd", scalar.AtMost(1)
	p.env = Env{Now: time.Hour, Targets: func() []Target { return []Target{p.target} }, Unsure: func() string { return "" }}
	return p
}

// Tell gives events, and what is done on all of them in short. Each Due comes when it is due.
func (p *play) Tell(events ...Event) string {
	var out []string
	for _, e := range events {
		if _, due := e.(Due); due {
			p.env.Now = max(p.env.Now, p.Deadline)
		}
		for _, c := range p.Next(e, p.env) {
			if say, is := c.(Say); is {
				out = append(out, say.Message.Kind.Event)
				continue
			}
			out = append(out, statetest.Name(c))
		}
	}
	return strings.Join(out, ", ")
}

func (p *play) Stands() string {
	switch {
	case p.Recovering:
		return "recovering"
	case p.Waits():
		return "waiting"
	case p.Outage:
		return "bad"
	}
	return "ok"
}

// docs/states.md shows this table.
func TestTransitions(t *testing.T) {
	bad := Told{Sign: watch.SignChange{Name: "tcp", Verdict: watch.Bad, Text: "refused"}}
	failing := Told{Sign: watch.SignChange{Name: "tcp", Verdict: watch.Failing}, News: message.ProbeFailed}
	ok := Told{Sign: watch.SignChange{Name: "tcp", Verdict: watch.OK}}
	seen := Looked{Target: "httpd", Began: 2 * time.Hour}
	due := []Event{bad, Due{}}
	recovering := append(due, seen, Operates{})
	tried := append(recovering, Operated{})
	var rows []statetest.Row
	for _, c := range []struct {
		before []Event
		event  Event
		where  string
		change func(*play)
		next   string
		does   string
	}{
		{nil, failing, "it begins to fail", nil, "ok", "probe-failed"},
		{nil, bad, "it is bad", nil, "waiting", "monitor-failed"},
		{nil, bad, "everything is suspended", func(p *play) { p.env.Suspended = "by root" }, "bad", "monitor-failed"},
		{nil, bad, "in observe mode", func(p *play) { p.env.Observe = true }, "bad", "monitor-failed, monitor-recover"},
		{nil, bad, "one that it needs fails as well", func(p *play) { p.env.Unsure = func() string { return "monitor link" } }, "waiting", "monitor-failed, monitor-skipped"},
		{nil, bad, "there is no attempt", func(p *play) { p.Spec.Attempts = scalar.AtMost(0) }, "bad", "monitor-failed, exhausted, Climb"},
		{[]Event{bad}, ok, "it is ok", nil, "ok", "monitor-ok, Settle"},
		{[]Event{bad}, Due{}, "", nil, "waiting", "Look"},
		{[]Event{bad}, Due{}, "a target is not up", func(p *play) { p.target.Up = false }, "waiting", "monitor-skipped"},
		{[]Event{bad}, Rests{}, "it is not judged now", nil, "bad", ""},
		{due, seen, "", nil, "bad", "monitor-recover, Recover"},
		{due, Looked{Target: "httpd"}, "the look is too old", nil, "waiting", "Look"},
		{due, Looked{"httpd", 2 * time.Hour, "stopped on request"}, "its unit is in other hands", nil, "waiting", "monitor-skipped"},
		{recovering[:3], Operates{}, "", nil, "recovering", ""},
		{recovering, Operated{}, "", nil, "bad", ""},
		{tried, bad, "it is bad still", nil, "bad", "monitor-recover-failed, exhausted, Climb"},
		{tried, bad, "its ladder is climbed", func(p *play) { p.env.Climbs = true }, "bad", "Decide"},
		{tried, Resumed{}, "", nil, "bad", "Judge"},
		{tried, GiveBack{}, "", nil, "bad", "Judge"},
		{due, Configured{}, "", nil, "bad", "Judge"},
	} {
		p := newPlay()
		rows = append(rows, statetest.Transition(t, p, slices.Clone(c.before), c.change, c.event, statetest.Row{Where: c.where, Next: c.next, Does: c.does}))
	}
	statetest.Check(t, "monitor", rows)
}
