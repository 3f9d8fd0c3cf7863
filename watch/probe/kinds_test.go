package probe

import (
	"testing"
	"time"

	"procward/internal/kind"
	"procward/internal/scalar"
)

// TestKinds holds that every row of the table is a probe that can be validated, made and
// asked for what it uses.
func TestKinds(t *testing.T) {
	for _, row := range kind.All[probe, Kinds]() {
		if d, has := row.Kind.(interface{ SetDefaults() }); has {
			d.SetDefaults()
		}
		if err := row.Kind.validate(DefaultCheck()); err == nil {
			t.Errorf("%s: it names nothing that is checked, and is valid", row.Name)
		}
		c := check(func(c *Check) { c.Interval, c.Timeout = scalar.Duration(time.Second), scalar.Duration(time.Second) })
		if worst := row.Kind.worst(c); worst < 3*time.Second {
			t.Errorf("%s: bad after %v, with 3 failures in a row at 1 s", row.Name, worst)
		}
		row.Kind.needs()
	}
	if _, err := byKind(site{}, Check{}); err == nil {
		t.Error("a checker of no kind")
	}
}
