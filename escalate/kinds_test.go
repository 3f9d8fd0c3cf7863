package escalate

import (
	"testing"

	"procward/internal/kind"
)

// TestKinds holds that every row of the table is a rung with a deed, and that its defaults
// are valid but for what must be named.
func TestKinds(t *testing.T) {
	for _, row := range kind.All[rung, Rung]() {
		if d, has := row.Kind.(interface{ SetDefaults() }); has {
			d.SetDefaults()
		}
		hook, isHook := row.Kind.deed().(*Hook)
		if isHook {
			hook.Run = []string{"/bin/true"}
		}
		if row.Kind.deed() == nil {
			t.Errorf("%s does nothing", row.Name)
		}
		if err := row.Kind.validate(); err != nil {
			t.Errorf("%s: %v", row.Name, err)
		}
	}
}
