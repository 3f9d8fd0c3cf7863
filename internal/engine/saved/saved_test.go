package saved

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"procward/escalate"
)

// note is a value that keeps its time over a boot, and an errand one of which nothing is left.
type (
	note   struct{ At time.Duration }
	errand struct{}
)

func book() Book {
	return NewBook(Of("note ", func(n note, c Carry) (note, bool) { return note{c.Past(n.At)}, n.At != 0 }), Of[errand]("errand ", nil))
}

func TestReading(t *testing.T) {
	written := map[string]json.RawMessage{"note a": json.RawMessage(`{"At":60}`), "note b": json.RawMessage(`{}`),
		"errand a": json.RawMessage(`{}`), "note c": json.RawMessage(`[]`), "weather": json.RawMessage(`"fine"`)}
	before := escalate.Moment{Boot: "a", Uptime: 100, Wall: time.Unix(0, 1000)}
	for boot, left := range map[string]int{"a": 3, "b": 1} {
		b := book()
		bad := b.Read(written, Carry{before, escalate.Moment{Boot: boot, Uptime: 10, Wall: time.Unix(0, 1500)}})
		if len(bad) != 2 || bad["note c"] == nil || bad["weather"] == nil {
			t.Errorf("boot %s: bad are %v", boot, bad)
		}
		if got := b.Unclaimed(""); len(got) != left {
			t.Errorf("boot %s: %v are left", boot, got)
		}
		n, is := Claim[note](&b, "note a")
		if want := map[string]time.Duration{"a": 60, "b": 10 - 40 - 500}[boot]; !is || n.At != want {
			t.Errorf("boot %s: the note is of %d, want %d", boot, n.At, want)
		}
		if _, again := Claim[note](&b, "note a"); again {
			t.Errorf("boot %s: it is claimed twice", boot)
		}
	}
}

func TestChanges(t *testing.T) {
	b := book()
	b.Read(map[string]json.RawMessage{"note a": json.RawMessage(`{"At":60}`)}, Carry{})
	value := func(key string) any { return b.Value(key) }
	if got := b.Changes(value); !maps.Equal(got, map[string]any{"note a": note{60}}) {
		t.Errorf("after the reading: %v", got)
	}
	b.Touch("note b")
	b.Forget()
	if got := b.Changes(value); !maps.Equal(got, map[string]any{"note a": nil, "note b": nil}) {
		t.Errorf("after all is forgotten: %v", got)
	}
	if got := b.Changes(value); got != nil {
		t.Errorf("and then: %v", got)
	}
}

func TestAClockThatWasPutBackMakesNothingYounger(t *testing.T) {
	c := Carry{escalate.Moment{Uptime: 100, Wall: time.Unix(0, 1000)}, escalate.Moment{Uptime: 10, Wall: time.Unix(0, 0)}}
	if past, future := c.Past(40), c.Future(140); past != 10-60 || future != 10+40 {
		t.Errorf("past %v, future %v", past, future)
	}
}
