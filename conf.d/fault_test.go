package confd

import (
	"fmt"
	"strings"
	"testing"
)

// TestFaultInLargeFile finds the place in a file of 70 kB, near its start, in its
// middle and at its end, without parsing it over and over.
func TestFaultInLargeFile(t *testing.T) {
	const lines = 1000
	line := "# " + strings.Repeat("x", 60) + "\nk%d: 'v'\n"
	for _, at := range []int{1, lines / 2, lines - 1} {
		var b strings.Builder
		for i := range lines {
			if i == at {
				b.WriteString("daemon: {\n  observe: a: b }\n")
			}
			fmt.Fprintf(&b, line, i)
		}
		c := loadOne(t, "a.yaml", []byte(b.String()))
		if p := c.Problems[0]; p.Line != 2*at+1 && p.Line != 2*at+2 || !strings.Contains(p.Text, "is not YAML") {
			t.Errorf("fault in line %d: %s", 2*at+2, p)
		}
	}
}

// TestOpenQuoteInLargeFile: the search is given up, the line is still right.
func TestOpenQuoteInLargeFile(t *testing.T) {
	text := "a: 1\nb: 2\nc: 'open\n" + strings.Repeat("d: e\n", 30000)
	c := loadOne(t, "a.yaml", []byte(text))
	if p := c.Problems[0]; p.Line != 3 {
		t.Errorf("got %s, want line 3", p)
	}
}
