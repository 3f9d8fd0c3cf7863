// Package statetest holds the tables of states in docs/states.md to what the rooms of the
// engine do. It is only for tests.
package statetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Row is one transition: in a state, where something is so, an event leads to a state and does
// something.
type Row struct{ State, Event, Where, Next, Does string }

// Play is a room as its test plays it.
type Play[E any] interface {
	Stands() string          // its state, in a word
	Tell(events ...E) string // what is done on all of them, in short
}

// Transition plays one row: after the events before, and a change of the world around the room, if
// any, an event. The test fails if it does not lead to the state next, or does something else.
func Transition[E any, P Play[E]](t *testing.T, room P, before []E, change func(P), event E, row Row) Row {
	t.Helper()
	room.Tell(before...)
	got := Row{State: room.Stands(), Event: Name(event), Where: row.Where}
	if change != nil {
		change(room)
	}
	got.Does = room.Tell(event)
	if got.Next = room.Stands(); got.Next != row.Next || got.Does != row.Does {
		t.Errorf("%+v, and not %q and %q", got, row.Next, row.Does)
	}
	return got
}

// Name is the type of an event or a command, without its package.
func Name(x any) string {
	_, name, _ := strings.Cut(fmt.Sprintf("%T", x), ".")
	return name
}

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
