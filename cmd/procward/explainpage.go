package main

import (
	"fmt"
	"time"

	"procward/internal/explain"
	"procward/internal/rehearse"
	"procward/internal/terminal"
)

// showExplanation writes the facts, the timetable and the notes.
func showExplanation(p terminal.Writer, e explain.Explanation) {
	title := e.Kind + " " + e.Name
	if e.Group != "" {
		title += ", group " + e.Group
	}
	p.Line(terminal.Bold, "%s", title)
	if e.Observed {
		p.Line(terminal.Yellow, "OBSERVE MODE: one restart is reported, nothing of this is done")
	}
	var rows [][]terminal.Cell
	for _, f := range e.Facts {
		rows = append(rows, []terminal.Cell{terminal.Faint.Of("  " + f.About), terminal.None.Of(terminal.Visible(f.Text))})
	}
	p.Table(rows)
	if len(e.Steps) > 0 {
		fmt.Fprintln(p)
		p.Table(timetable(e))
	}
	if len(e.Notes) > 0 {
		fmt.Fprintln(p)
	}
	for _, n := range e.Notes {
		fmt.Fprintf(p, "note: %s\n", n)
	}
}

// timetable is the steps as rows, with many attempts of the same pause in one.
func timetable(e explain.Explanation) [][]terminal.Cell {
	rows := [][]terminal.Cell{{terminal.Bold.Of("EARLIEST"), terminal.Bold.Of("LATEST"), terminal.Bold.Of("STEP")}}
	begin := "down: one look, and if something has taken its place nothing follows"
	switch e.Kind {
	case "group":
		begin = "a member without a ladder of its own has no attempt left"
	case "monitor":
		begin = "the check is bad"
	}
	rows = append(rows, []terminal.Cell{terminal.None.Of("t+0s"), terminal.None.Of("t+0s"), terminal.None.Of(begin)})
	looked := false
	for i := 0; i < len(e.Steps); i++ {
		s := e.Steps[i]
		if n := alike(e.Steps[i:]); n > 3 {
			rows = append(rows, stepRow(s), []terminal.Cell{{}, {}, terminal.Faint.Of(fmt.Sprintf("... %d more attempts, with the same pause", n-2))})
			i += n - 1
			s = e.Steps[i]
		}
		if !looked && (s.Kind == rehearse.Rung || s.Kind == rehearse.StopDaemon) {
			looked = true
			rows = append(rows, []terminal.Cell{{}, {}, terminal.Faint.Of("before every rung one look: if all that is required is up, the climb ends")})
		}
		rows = append(rows, stepRow(s))
		if s.Detail != "" {
			rows = append(rows, []terminal.Cell{{}, {}, terminal.Faint.Of("  " + terminal.Visible(s.Detail))})
		}
	}
	if n := len(e.Steps); n > 0 && e.Ends == "never" && e.Steps[n-1].Kind == rehearse.Attempt {
		rows = append(rows, []terminal.Cell{{}, {}, terminal.Faint.Of("and so on, without end")})
	}
	return rows
}

// alike is how many attempts with the same pause stand at the beginning.
func alike(steps []explain.Step) int {
	n := 0
	for n < len(steps) && steps[n].Kind == rehearse.Attempt && steps[n].Pause == steps[0].Pause {
		n++
	}
	return n
}

func stepRow(s explain.Step) []terminal.Cell {
	late := "never"
	if s.LatestS != nil {
		late = at(*s.LatestS)
	}
	c := terminal.None
	switch s.Kind {
	case rehearse.Exhausted:
		c = terminal.Yellow
	case rehearse.StopDaemon, rehearse.GivenUp:
		c = terminal.Red
	}
	return []terminal.Cell{terminal.None.Of(at(s.EarliestS)), terminal.None.Of(late), c.Of(terminal.Visible(s.Text))}
}

func at(seconds float64) string {
	return "t+" + explain.Span(time.Duration(seconds*float64(time.Second)))
}
