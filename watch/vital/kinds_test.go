package vital

import (
	"testing"

	"procward/internal/kind"
	"procward/internal/scalar"
)

// TestTables holds that every row of the tables is seen: it has what reads, judges and tells
// of it.
func TestTables(t *testing.T) {
	var s Spec
	for _, row := range kind.All[*scalar.Duration, Sign]() {
		if passive[row.Name] == nil {
			t.Errorf("nothing sees the sign %s", row.Name)
		}
	}
	if len(passive) != len(kind.Names[Sign]()) {
		t.Error("what is seen is no row of Sign")
	}
	for _, row := range kind.All[limit, Limits]() {
		if g, is := row.Kind.(*Growth); is {
			for _, leak := range kind.All[*Leak, Growth]() {
				if q := quantities[leak.Name]; q == nil || q.growth.forms == nil {
					t.Errorf("nothing says what growth of %s is", leak.Name)
				}
			}
			g.Threads = &Leak{}
		}
		for _, it := range row.Kind.items(row.Name) {
			if b, is := it.sight.(bounded); is && (b.quantity == nil || b.value == nil || b.words == nil || b.most.forms == nil) {
				t.Errorf("%s: nothing says how much it is, or may be", row.Name)
			}
		}
	}
	for _, kind := range []MemoryKind{RSS, PSS, Private, Tree} {
		s.Limits.RSS = &Memory{Kind: kind, Limit: DefaultLimit()}
		if got := Names(s); len(got) != 1 || got[0] != "rss" || kind.Validate() != nil {
			t.Errorf("%s: %q, %v", kind, got, kind.Validate())
		}
	}
}
