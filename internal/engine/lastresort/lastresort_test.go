package lastresort

import (
	"errors"
	"strings"
	"testing"
	"time"

	"procward/escalate"
	"procward/internal/scalar"
	"procward/internal/testbed/statetest"
)

// play is the last resort of a machine that may be ended once.
type play struct {
	State
	env Env
}

func newPlay() *play {
	p := &play{State: State{Means: map[string]string{"reboot": ""}, Token: 1}}
	p.env = Env{Moment: escalate.Moment{Boot: "b", Uptime: 2 * time.Hour, Wall: time.Unix(1e9, 0)},
		Limit:  escalate.RebootLimit{Count: 1, Window: scalar.Duration(24 * time.Hour)},
		Ladder: &Ladder{Acting: true, Free: true, Wanted: true, Required: []string{"httpd"}}}
	return p
}

func (p *play) Tell(events ...Event) string {
	var out []string
	for _, e := range events {
		for _, c := range p.Next(e, p.env) {
			out = append(out, statetest.Name(c))
		}
	}
	return strings.Join(out, ", ")
}

func (p *play) Stands() string {
	if p.ending == nil {
		return "idle"
	}
	return []string{"recording", "confirming", "acting"}[p.ending.stage]
}

// docs/states.md shows this table.
func TestTransitions(t *testing.T) {
	take := Take{"group web", "reboot", "httpd is down"}
	recording := []Event{take}
	confirming := append(recording, Recorded{Token: 1})
	acting := append(confirming, Looked{"httpd", 2 * time.Hour})
	var rows []statetest.Row
	for _, c := range []struct {
		before []Event
		event  Event
		where  string
		change func(*play)
		next   string
		does   string
	}{
		{nil, take, "reboot-limit allows it", nil, "recording", "Save, Record"},
		{nil, take, "reboot-limit is spent", func(p *play) { p.env.Limit.Count = 0 }, "idle", "Save, Refuse"},
		{nil, take, "the machine has just booted", func(p *play) { p.env.Limit.MinUptime = scalar.Duration(3 * time.Hour) }, "idle", "Save, Postpone"},
		{nil, take, "it cannot be done here", func(p *play) { p.Means = nil }, "idle", "Refuse"},
		{acting, Take{"group db", "reboot", ""}, "", nil, "acting", "Postpone"},
		{recording, Recorded{Token: 1}, "", nil, "confirming", "Look"},
		{recording, Recorded{Token: 1, Err: errors.New("EIO")}, "it is not on the disk", nil, "idle", "Save, Refuse"},
		{recording, Recorded{Token: 1}, "it is suspended", func(p *play) { p.env.Ladder.Free = false }, "idle", "Save, Postpone"},
		{recording, Changed{}, "", nil, "idle", "Save, Postpone"},
		{confirming, Looked{"httpd", 2 * time.Hour}, "it is missing", nil, "acting", "Act"},
		{confirming, Looked{"httpd", 2 * time.Hour}, "it is up", func(p *play) { p.env.Ladder.Wanted = false }, "idle", "Save, Postpone"},
		{confirming, Looked{"httpd", 0}, "the look is too old", nil, "confirming", ""},
		{confirming, Due{}, "the look takes too long", func(p *play) { p.env.Moment.Uptime += confirmTime }, "idle", "Save, Postpone"},
		{acting, Changed{}, "", nil, "acting", ""},
		{acting, Stayed{Token: 1}, "", nil, "idle", "Save, Failed"},
	} {
		p := newPlay()
		rows = append(rows, statetest.Transition(t, p, c.before, c.change, c.event, statetest.Row{Where: c.where, Next: c.next, Does: c.does}))
	}
	statetest.Check(t, "lastresort", rows)
}

func TestWhatIsCalledOffSpendsNothing(t *testing.T) {
	p := newPlay()
	p.Tell(Take{"group web", "reboot", ""}, Changed{})
	if got := p.Tell(Take{"group web", "reboot", ""}); got != "Save, Record" {
		t.Errorf("the second time it does %q", got)
	}
}
