package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"procward/internal/advice"
	"procward/internal/explain"
	"procward/internal/paper"
)

// Bounds of what a page shows; JSON has all.
const (
	longestArgs    = 120 // of a command line
	manyUnreadable = 10  // of one match
)

func showSights(p paper.Paper, sights []advice.Sight) {
	for i, s := range sights {
		if i > 0 {
			fmt.Fprintln(p)
		}
		showSight(p, s)
	}
	if len(sights) == 0 {
		fmt.Fprintln(p, "no process is configured")
	}
}

func showSight(p paper.Paper, s advice.Sight) {
	c := paper.Green
	if !s.OK {
		c = paper.Red
	}
	fmt.Fprintf(p, "%s: %s\n", p.In(paper.Bold, s.Name), p.In(c, verdictOf(s)))
	fmt.Fprintf(p, "  %s\n", p.In(paper.Faint, paper.Visible(explain.Match(s.Match))))
	if len(s.Selected) > 0 {
		p.Table(seenRows(s))
	}
	if n := len(s.Matching) - len(s.Selected); n > 0 {
		fmt.Fprintf(p, "  %d more match and are not selected: %s\n", n, restOf(s))
	}
	if s.Error != "" {
		fmt.Fprintf(p, "  %s %s\n", p.In(paper.Red, "cannot be applied:"), paper.Visible(s.Error))
	}
	for i, u := range s.Unreadable {
		if i == manyUnreadable {
			fmt.Fprintf(p, "  and %d more\n", len(s.Unreadable)-i)
			break
		}
		fmt.Fprintf(p, "  %s pid %d (%s) could be one: %s\n", p.In(paper.Red, "unreadable:"), u.PID, paper.Visible(u.Comm), paper.Visible(u.Error))
	}
	if len(s.Unreadable) > 0 {
		fmt.Fprintf(p, "  remedy: %s\n", advice.UnreadRemedy())
	}
	for _, m := range s.Near {
		fmt.Fprintf(p, "  %s pid %d (%s): %s\n", p.In(paper.Yellow, "near:"), m.PID, paper.Visible(m.Comm), paper.Visible(m.Why))
	}
}

// verdictOf is "2 selected, at least 1 wanted", and what is wrong with it.
func verdictOf(s advice.Sight) string {
	text := fmt.Sprintf("%d selected, %s wanted", len(s.Selected), explain.Count(s.Match.Count))
	switch {
	case s.OK:
		return text
	case s.Error != "" || len(s.Unreadable) > 0:
		return text + ": in doubt"
	case len(s.Selected) < s.Min:
		return text + ": too few"
	}
	return text + ": too many"
}

func seenRows(s advice.Sight) [][]paper.Cell {
	rows := [][]paper.Cell{{paper.Faint.Of("  PID"), paper.Faint.Of("USER"), paper.Faint.Of("UPTIME"), paper.Faint.Of("UNIT"), paper.Faint.Of("COMMAND")}}
	for _, q := range s.Selected {
		pid := strconv.Itoa(q.PID)
		if q.PID == s.Hint {
			pid += " (pidfile)"
		}
		rows = append(rows, []paper.Cell{
			paper.None.Of("  " + pid), paper.None.Of(paper.Visible(q.User)), paper.None.Of(paper.Age(time.Duration(q.UptimeS * float64(time.Second)))),
			paper.None.Of(orDash(paper.Visible(q.Unit))), paper.None.Of(commandOf(q)),
		})
	}
	return rows
}

// commandOf is the command line, or the name in brackets where there is none.
func commandOf(q advice.Seen) string {
	if q.Args == "" {
		return "[" + paper.Visible(q.Comm) + "]"
	}
	return paper.Cut(paper.Visible(q.Args), longestArgs)
}

// restOf is the PIDs that match and are not selected.
func restOf(s advice.Sight) string {
	selected := map[int]bool{}
	for _, q := range s.Selected {
		selected[q.PID] = true
	}
	var pids []string
	for _, q := range s.Matching {
		switch {
		case selected[q.PID]:
		case len(pids) == 10:
			return strings.Join(append(pids, "..."), ", ")
		default:
			pids = append(pids, strconv.Itoa(q.PID))
		}
	}
	return strings.Join(pids, ", ")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
