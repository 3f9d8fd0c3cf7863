package confd

import (
	"fmt"
	"strings"
	"testing"
)

// TestManyProblems: the first fifty are told, and that there are more.
func TestManyProblems(t *testing.T) {
	var b strings.Builder
	b.WriteString("processes:\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "  p%d: {foo: 1}\n", i)
	}
	c := loadOne(t, "a.yaml", []byte(b.String()))
	told := 0
	for _, p := range c.Problems {
		if strings.Contains(p.Text, "unknown key foo") {
			told++
		}
	}
	if told != maxProblems-1 || !strings.Contains(show(c.Problems), "there are more problems: correct these first") {
		t.Errorf("%d problems told:\n%s", told, show(c.Problems))
	}
}

// TestAliasesUnfold: a small file that unfolds to very many values is refused, and soon.
func TestAliasesUnfold(t *testing.T) {
	var b strings.Builder
	b.WriteString("groups:\n  a: &g\n    escalate: &l\n")
	b.WriteString("      - hook: &h {run: /bin/h, env: &e {")
	for i := range 1000 {
		fmt.Fprintf(&b, "V%d: x, ", i)
	}
	b.WriteString("}}\n")
	b.WriteString(strings.Repeat("      - hook: *h\n", 1000))
	for i := range 20 {
		fmt.Fprintf(&b, "  g%d: *g\n", i)
	}
	c := loadOne(t, "a.yaml", []byte(b.String()))
	if !c.AllRejected() || !strings.Contains(show(c.Problems), "the aliases unfold to too many values: write them out") {
		t.Errorf("rejected: %v\n%s", c.AllRejected(), show(c.Problems))
	}
}

// TestDeepNesting: the parser's own bound on depth is an error with a place.
func TestDeepNesting(t *testing.T) {
	for _, open := range []string{"[", "- "} {
		data := []byte("a:\n  " + strings.Repeat(open, 10100))
		c := loadOne(t, "a.yaml", data)
		if !c.AllRejected() {
			t.Errorf("%q: accepted", open)
		}
		checkPlaces(t, data, c.Problems)
	}
}
