package climb

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"procward/escalate"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/internal/testbed/statetest"
)

// play is a ladder of one member, and what is true of the world around it.
type play struct {
	Ladder
	env    Env
	member Member
}

func newPlay(rungs ...escalate.Rung) *play {
	p := &play{Ladder: Ladder{Key: "group web", Group: "web"}, member: Member{Name: "httpd", Required: true, Climbing: true, Resting: true}}
	p.env = Env{Now: time.Hour, Rungs: rungs, Group: escalate.DefaultGroup(),
		Members: func() []Member { return []Member{p.member} },
		Open:    func() bool { return !p.member.Well },
		Why:     func() string { return "httpd is down" }}
	return p
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
			out = append(out, statetest.Name(c))
		}
	}
	return strings.Join(out, ", ")
}

func (p *play) Stands() string { return cmp.Or(string(p.Climb.Phase), "idle") }

var hook = escalate.Rung{Hook: &escalate.Hook{Run: script.Argv{"/hook"}}}

// The states of a ladder and what leads from one to the next: docs/states.md shows this table.
func TestTransitions(t *testing.T) {
	looking := []Event{Exhausted{}}
	acting := append(looking, Looked{"httpd", time.Hour})
	pausing := append(acting, Acted{})
	givenUp := append(looking, Looked{"httpd", time.Hour}, HookEnded{Code: 1}, Looked{"httpd", time.Hour})
	handed := append(acting, HookEnded{OK: true})
	var rows []statetest.Row
	for _, c := range []struct {
		before []Event
		event  Event
		where  string
		change func(*play)
		next   string
		does   string
	}{
		{nil, Exhausted{}, "", nil, "looking", "Look"},
		{nil, Exhausted{}, "nobody is required", func(p *play) { p.member.Required = false }, "idle", "climb-ended"},
		{nil, Exhausted{}, "it is suspended", func(p *play) { p.env.Halted = "by root" }, "idle", "rung-halted"},
		{nil, Exhausted{}, "an operation is under way", func(p *play) { p.env.Busy = true }, "looking", ""},
		{looking, Looked{"httpd", time.Hour}, "it is missing", nil, "acting", "rung, RunHook"},
		{looking, Looked{"httpd", 0}, "the look is too old", nil, "looking", ""},
		{looking, Looked{"httpd", time.Hour}, "it is up", func(p *play) { p.member.Well = true }, "idle", "climb-ended"},
		{looking, Looked{"httpd", time.Hour}, "it is not known how it is", func(p *play) { p.member.Unclear = true }, "looking", ""},
		{looking, Looked{"httpd", time.Hour}, "a dependency is down", func(p *play) { p.member.HeldBy = "db" }, "idle", "rung-halted, HoldBack"},
		{looking, Fewer{}, "it is suspended", func(p *play) { p.member.Out = true }, "idle", "climb-ended"},
		{acting, Acted{}, "", nil, "waiting", ""},
		{acting, Acted{Failed: true}, "it has failed", nil, "looking", "Look"},
		{acting, HookEnded{OK: true}, "code 0", nil, "handed-over", "HandOver, handed-over"},
		{acting, HookEnded{Code: escalate.NextRung}, "code 75", nil, "looking", "rung-passed, Look"},
		{acting, HookEnded{Code: 1}, "any other code", nil, "looking", "rung-failed, Look"},
		{acting, Settled{}, "all are up", func(p *play) { p.member.Well = true }, "acting", ""},
		{pausing, Due{}, "nothing has come up", func(p *play) { p.env.Now += time.Hour }, "looking", "rung-failed, Look"},
		{pausing, Settled{}, "all are up", func(p *play) { p.member.Well = true }, "idle", ""},
		{pausing, Yields{"stopped"}, "nobody calls for it", func(p *play) { p.member.Resting = false }, "idle", "rung-halted"},
		{pausing, GiveBack{}, "", nil, "idle", ""},
		{givenUp, Exhausted{}, "", nil, "given-up", "GiveUp, given-up"},
		{givenUp, Due{}, "remind has passed", func(p *play) { p.env.Now += time.Hour }, "given-up", "given-up"},
		{givenUp, Due{}, "retry-after has passed", func(p *play) { p.RemindAt, p.RetryAt = 0, time.Hour }, "idle", "retry-after, TryAgain"},
		{givenUp, Settled{}, "all are up", func(p *play) { p.member.Well = true }, "idle", ""},
		{handed, Exhausted{}, "", nil, "handed-over", "HandOver, handed-over"},
		{handed, Settled{}, "all are up", func(p *play) { p.member.Well = true }, "idle", ""},
	} {
		p := newPlay(hook)
		rows = append(rows, statetest.Transition(t, p, c.before, c.change, c.event, statetest.Row{Where: c.where, Next: c.next, Does: c.does}))
	}
	statetest.Check(t, "climb", rows)
}

func TestGivenUpIsToldOfAndTriedAgain(t *testing.T) {
	p := newPlay()
	p.env.Group.RetryAfter = scalar.Interval{D: 90 * time.Minute}
	p.Tell(Exhausted{}, Looked{"httpd", time.Hour})
	for _, want := range []string{"given-up", "given-up, retry-after, TryAgain"} {
		if p.env.Now = p.Wake(); p.env.Now < 2*time.Hour {
			t.Fatalf("it wakes at %v", p.env.Now)
		}
		if p.env.Now > 2*time.Hour {
			p.env.Now = 3 * time.Hour
		}
		if got := p.Tell(Due{}); got != want {
			t.Errorf("it does %q, want %q", got, want)
		}
	}
}
