// Package statetest holds the tables of states in docs/states.md to what the rooms of the
// engine do. It is only for tests.
package statetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Row is one transition: in a state, where something is so, an event leads to a state and does
// something.
type Row struct{ State, Event, Where, Next, Does string }

// Check fails where the table of a room in docs/states.md is another one. With
// PROCWARD_WRITE_DOCS=1 it writes the table.
func Check(t *testing.T, room string, rows []Row) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "docs", "states.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- begin "+room+" -->\n", "<!-- end "+room+" -->\n"
	before, rest, found := strings.Cut(string(text), begin)
	table, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("docs/states.md has no place for the table of %s", room)
	}
	want := markdown(rows)
	if table == want {
		return
	}
	if os.Getenv("PROCWARD_WRITE_DOCS") == "" {
		t.Errorf("docs/states.md has another table for %s; PROCWARD_WRITE_DOCS=1 writes this one:\n%s", room, want)
		return
	}
	if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func markdown(rows []Row) string {
	var b strings.Builder
	b.WriteString("| in the state | event | where | goes to | and does |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		does := "nothing"
		if r.Does != "" {
			does = "`" + r.Does + "`"
		}
		b.WriteString("| " + strings.Join([]string{r.State, "`" + r.Event + "`", r.Where, r.Next, does}, " | ") + " |\n")
	}
	return b.String()
}
