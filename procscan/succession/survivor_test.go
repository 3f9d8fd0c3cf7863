package succession

import (
	"testing"
	"time"
)

// TestSurvive plays the story of the table with one that was tracked beside the dead one, five
// seconds after the death: the listener of a minute, and what is as old.
func TestSurvive(t *testing.T) {
	type change = func(*Case, *Candidate)
	beside := func(c *Case, q *Candidate) {
		c.Now += 5 * time.Second
		q.Apart, q.Has.Layout, q.Has.Serves = true, layout(2), nil
	}
	serves := func(s ...Socket) change { return func(_ *Case, q *Candidate) { q.Has.Serves = s } }
	for _, row := range []struct {
		name   string
		want   Verdict
		change []change
	}{
		{"it serves nowhere", LetBe, []change{beside}},
		{"it serves nowhere, and may yet come to", Undecided, []change{beside, func(c *Case, _ *Candidate) { c.Now -= 3 * time.Second }}},
		{"it serves nowhere, and is young", Undecided, []change{beside, func(_ *Case, q *Candidate) { q.Start = started(0) }}},
		{"it serves there too", Heir, []change{beside, serves(port80)}},
		{"it serves elsewhere", Heir, []change{beside, serves(Socket{Kind: "tcp", Addr: "0.0.0.0:81", Inode: 9})}},
		{"a session", LetBe, []change{beside, func(_ *Case, q *Candidate) { q.Clients = []Socket{port80} }}},
		{"a session that serves elsewhere, as for its agent", LetBe, []change{beside, serves(Socket{Kind: "unix", Addr: "/tmp/agent"}), func(_ *Case, q *Candidate) { q.Clients = []Socket{port80} }}},
		{"where it serves cannot be read", Untold, []change{beside, func(_ *Case, q *Candidate) { q.Has.Whole = false }}},
		{"the dead one served nowhere", Untold, []change{beside, func(c *Case, _ *Candidate) { c.Dead[0].Had.Serves = nil }}},
		{"the dead one served where the kernel let it", Heir, []change{beside, func(c *Case, _ *Candidate) {
			c.Dead[0].Had.Serves = []Socket{{Kind: "tcp", Addr: "0.0.0.0:40000", Inode: 3, Loose: true}}
		}}},
		{"a pidfile names it", Named, []change{beside, func(c *Case, _ *Candidate) { c.Named = map[int]bool{200: true} }}},
		{"it was a child of the dead one, by fork", LeftOver, nil},
		{"it has the layout of the dead one, and was no child of it", Heir, []change{func(_ *Case, q *Candidate) { q.Apart = true }}},
	} {
		c := story()
		for _, f := range row.change {
			f(&c, &c.Candidates[0])
		}
		if j := Survive(c)[0]; j.Verdict != row.want || j.Proof == "" || j.Killed != (row.want == LeftOver) {
			t.Errorf("%s: %s, %s, want %s", row.name, j.Verdict, j, row.want)
		}
	}
}
