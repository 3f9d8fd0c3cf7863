package operation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"procward/escalate"
	"procward/internal/script"
	"procward/internal/testbed/statetest"
)

// play is an operation on a group of two, and what is true of the world around it.
type play struct {
	Operation
	env     Env
	members map[string]Member
}

func newPlay(change func(*play)) *play {
	p := &play{Operation: Operation{Group: "web", Members: []string{"db", "app"}}, members: map[string]Member{}}
	for _, name := range p.Members {
		p.members[name] = Member{Name: name, Left: true, Startable: true, StartTimeout: "30s"}
	}
	p.env.Member = func(name string) (Member, bool) { w, mine := p.members[name]; return w, mine }
	if change != nil {
		change(p)
	}
	return p
}

func (p *play) with(change func(*Member)) {
	for name, w := range p.members {
		change(&w)
		p.members[name] = w
	}
}

// Tell gives events, and what is done on all of them in short.
func (p *play) Tell(events ...Event) string {
	var out []string
	for _, e := range events {
		for _, c := range p.Next(e, p.env) {
			if say, is := c.(Say); is {
				out = append(out, say.Message.Kind.Event)
				continue
			}
			out = append(out, strings.TrimSpace(statetest.Name(c)+" "+whom(c)))
		}
	}
	return strings.Join(out, ", ")
}

// whom is the members that a command is about.
func whom(c Command) string {
	switch c := c.(type) {
	case StopUnit, Kill, LetGo, Start, Await, LookSoon, Here, GiveBack:
		return strings.Trim(fmt.Sprint(c), "{}")
	case Look:
		return strings.Join(c.Names, " ")
	}
	return ""
}

func (p *play) Stands() string {
	return []string{"draining", "stop script", "stopping", "start script", "starting", "sighting", "checking", "finding", "over"}[p.stage]
}

// docs/states.md shows this table.
func TestTransitions(t *testing.T) {
	scripts := func(p *play) {
		p.env.Group = escalate.Group{Start: script.Argv{"/start"}, Stop: script.Argv{"/stop"}}
	}
	stops := func(p *play) { p.StopOnly, p.By = true, "root" }
	starts := func(p *play) { p.StartOnly, p.By = true, "root" }
	begun := []Event{Begins{}}
	stopped := append(begun, Killed{Name: "app"}, Killed{Name: "db"})
	var rows []statetest.Row
	for _, c := range []struct {
		made   func(*play)
		before []Event
		event  Event
		where  string
		change func(*play)
		next   string
		does   string
	}{
		{nil, nil, Begins{}, "a script of a member still runs", func(p *play) { p.with(func(w *Member) { w.Busy = true }) }, "draining", ""},
		{nil, nil, Begins{}, "", nil, "stopping", "LetGo db, LetGo app, group-stop, Kill app"},
		{nil, nil, Begins{}, "a member is a unit", func(p *play) { p.with(func(w *Member) { w.Unit = true }) }, "stopping", "LetGo db, LetGo app, group-stop, StopUnit app"},
		{scripts, nil, Begins{}, "the group has a stop script", nil, "stop script", "LetGo db, LetGo app, group-stop, RunScript"},
		{starts, nil, Begins{}, "of the operator's start", nil, "sighting", "LetGo db, LetGo app, Look db app"},
		{nil, nil, Begins{}, "everything is suspended", func(p *play) { p.env.Suspended = "by root" }, "over", "group-failed, End"},
		{scripts, begun, ScriptEnded{OK: true}, "", nil, "stopping", "Kill app"},
		{nil, begun, Killed{Name: "app"}, "another is left", nil, "stopping", "Kill db"},
		{nil, begun, Killed{Name: "app"}, "no other is left", func(p *play) { p.with(func(w *Member) { w.Left = false }) }, "starting", "group-start, Start db"},
		{nil, append(begun, Killed{Name: "app"}), Killed{Name: "db", Stuck: true}, "it cannot be killed", nil, "starting", "group-start, Start app"},
		{stops, append(begun, Killed{Name: "app"}), Killed{Name: "db"}, "of the operator's stop", nil, "checking", "Look db app"},
		{scripts, append(begun, ScriptEnded{OK: true}, Killed{Name: "app"}), Killed{Name: "db"}, "the group has a start script", nil, "start script", "group-start, RunScript"},
		{nil, begun, UnitStopped{Name: "app"}, "something of it is left", nil, "stopping", "Kill app"},
		{nil, begun, UnitStopped{Name: "app", Err: errors.New("busy"), Conflict: true}, "somebody is at work on it", nil, "stopping", "group-failed, Kill db"},
		{scripts, append(begun, ScriptEnded{OK: true}, Killed{Name: "app"}, Killed{Name: "db"}), ScriptEnded{OK: true}, "", nil, "finding", "Await db, Await app"},
		{nil, stopped, Looked{"db"}, "it is up", func(p *play) { p.with(func(w *Member) { w.Well, w.Ready = true, true }) }, "starting", "Here db, Start app"},
		{nil, stopped, Looked{"db"}, "it is not up yet", func(p *play) { p.with(func(w *Member) { w.Started = true }) }, "starting", "LookSoon db"},
		{nil, stopped, Late{"db"}, "", nil, "starting", "Start app"},
		{nil, stopped, Fewer{}, "it has gone with a reload", func(p *play) { delete(p.members, "db") }, "starting", "Start app"},
		{nil, stopped, Frozen{}, "its script has not begun", func(p *play) { p.env.Suspended = "by root"; p.with(func(w *Member) { w.Ready = true }) }, "over", "group-failed, End"},
		{nil, append(stopped, Late{"db"}), Late{"app"}, "it was the last", nil, "over", "group-failed, End"},
		{starts, append(begun, Looked{"db"}), Looked{"app"}, "one is up", func(p *play) {
			db := p.members["db"]
			db.Enough = true
			p.members["db"] = db
		}, "starting", "GiveBack db, group-start, Start app"},
		{stops, append(stopped, Looked{"db"}), Looked{"app"}, "something has come back", nil, "stopping", "Kill app"},
		{stops, append(stopped, Looked{"db"}), Looked{"app"}, "nothing is left", func(p *play) { p.with(func(w *Member) { w.Left = false }) }, "over", "End"},
		{nil, nil, Restored{}, "", nil, "finding", "Await db, Await app"},
	} {
		p := newPlay(c.made)
		rows = append(rows, statetest.Transition(t, p, slices.Clone(c.before), c.change, c.event, statetest.Row{Where: c.where, Next: c.next, Does: c.does}))
	}
	statetest.Check(t, "operation", rows)
}

func TestAnOrderDoesOneThingAfterTheOther(t *testing.T) {
	first, second := &Operation{Group: "db", Members: []string{"a"}}, &Operation{Group: "web", Members: []string{"b"}, StartOnly: true}
	o := NewOrder(Status{Verb: "start"}, []*Operation{first, second})
	busy := true
	env := OrderEnv{Exists: func(string) bool { return true }, Busy: func(string) bool { return busy }}
	if got := o.GoOn(env); got != nil {
		t.Errorf("while the group is busy: %v", got)
	}
	busy = false
	if got := o.GoOn(env); len(got) != 1 || got[0] != (Begin{first}) {
		t.Errorf("first: %v", got)
	}
	if got := o.GoOn(env); got != nil {
		t.Errorf("while it is under way: %v", got)
	}
	first.Failed, first.StartOnly = "a was not found", true
	if got := o.Over(first, env); len(got) != 1 || !o.Done || len(o.Failed) != 1 {
		t.Errorf("after a failure: %v, %+v", got, o.Status)
	}
}
