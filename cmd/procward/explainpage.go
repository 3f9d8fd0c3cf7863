package main

import (
	"fmt"
	"time"

	"procward/internal/explain"
	"procward/internal/rehearse"
)

// showExplanation writes the facts, the timetable and the notes.
func showExplanation(p paper, e explain.Explanation) {
	title := e.Kind + " " + e.Name
	if e.Group != "" {
		title += ", group " + e.Group
	}
	p.line(bold, "%s", title)
	if e.Observed {
		p.line(yellow, "OBSERVE MODE: one restart is reported, nothing of this is done")
	}
	var rows [][]cell
	for _, f := range e.Facts {
		rows = append(rows, []cell{{"  " + f.About, faint}, {visible(f.Text), none}})
	}
	p.table(rows)
	if len(e.Steps) > 0 {
		fmt.Fprintln(p)
		p.table(timetable(e))
	}
	if len(e.Notes) > 0 {
		fmt.Fprintln(p)
	}
	for _, n := range e.Notes {
		fmt.Fprintf(p, "note: %s\n", n)
	}
}

// timetable is the steps as rows, with many attempts of the same pause in one.
func timetable(e explain.Explanation) [][]cell {
	rows := [][]cell{{{"EARLIEST", bold}, {"LATEST", bold}, {"STEP", bold}}}
	begin := "down: one look, and if something has taken its place nothing follows"
	switch e.Kind {
	case "group":
		begin = "a member without a ladder of its own has no attempt left"
	case "monitor":
		begin = "the check is bad"
	}
	rows = append(rows, []cell{{"t+0s", none}, {"t+0s", none}, {begin, none}})
	looked := false
	for i := 0; i < len(e.Steps); i++ {
		s := e.Steps[i]
		if n := alike(e.Steps[i:]); n > 3 {
			rows = append(rows, stepRow(s), []cell{{}, {}, {fmt.Sprintf("... %d more attempts, with the same pause", n-2), faint}})
			i += n - 1
			s = e.Steps[i]
		}
		if !looked && (s.Kind == rehearse.Rung || s.Kind == rehearse.StopDaemon) {
			looked = true
			rows = append(rows, []cell{{}, {}, {"before every rung one look: if all that is required is up, the climb ends", faint}})
		}
		rows = append(rows, stepRow(s))
		if s.Detail != "" {
			rows = append(rows, []cell{{}, {}, {"  " + visible(s.Detail), faint}})
		}
	}
	if n := len(e.Steps); n > 0 && e.Ends == "never" && e.Steps[n-1].Kind == rehearse.Attempt {
		rows = append(rows, []cell{{}, {}, {"and so on, without end", faint}})
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

func stepRow(s explain.Step) []cell {
	late := "never"
	if s.LatestS != nil {
		late = at(*s.LatestS)
	}
	c := none
	switch s.Kind {
	case rehearse.Exhausted:
		c = yellow
	case rehearse.StopDaemon, rehearse.GivenUp:
		c = red
	}
	return []cell{{at(s.EarliestS), none}, {late, none}, {visible(s.Text), c}}
}

func at(seconds float64) string {
	return "t+" + explain.Span(time.Duration(seconds*float64(time.Second)))
}
