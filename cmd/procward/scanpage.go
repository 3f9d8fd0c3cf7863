package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"procward/internal/advice"
	"procward/internal/explain"
	"procward/internal/terminal"
)

// Bounds of what a page shows; JSON has all.
const (
	longestArgs    = 120 // of a command line
	manyUnreadable = 10  // of one match
)

func showSights(p terminal.Writer, sights []advice.Sight) {
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

func showSight(p terminal.Writer, s advice.Sight) {
	c := terminal.Green
	if !s.OK {
		c = terminal.Red
	}
	fmt.Fprintf(p, "%s: %s\n", p.In(terminal.Bold, s.Name), p.In(c, verdictOf(s)))
	fmt.Fprintf(p, "  %s\n", p.In(terminal.Faint, terminal.Visible(explain.Match(s.Match))))
	if len(s.Selected) > 0 {
		p.Table(seenRows(s))
	}
	if n := len(s.Matching) - len(s.Selected); n > 0 {
		fmt.Fprintf(p, "  %d more match and are not selected: %s\n", n, restOf(s))
	}
	if s.Error != "" {
		fmt.Fprintf(p, "  %s %s\n", p.In(terminal.Red, "cannot be applied:"), terminal.Visible(s.Error))
	}
	for i, u := range s.Unreadable {
		if i == manyUnreadable {
			fmt.Fprintf(p, "  and %d more\n", len(s.Unreadable)-i)
			break
		}
		fmt.Fprintf(p, "  %s pid %d (%s) could be one: %s\n", p.In(terminal.Red, "unreadable:"), u.PID, terminal.Visible(u.Comm), terminal.Visible(u.Error))
	}
	if len(s.Unreadable) > 0 {
		fmt.Fprintf(p, "  remedy: %s\n", advice.UnreadRemedy())
	}
	for _, m := range s.Near {
		fmt.Fprintf(p, "  %s pid %d (%s): %s\n", p.In(terminal.Yellow, "near:"), m.PID, terminal.Visible(m.Comm), terminal.Visible(m.Why))
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

func seenRows(s advice.Sight) [][]terminal.Cell {
	rows := [][]terminal.Cell{{terminal.Faint.Of("  PID"), terminal.Faint.Of("USER"), terminal.Faint.Of("UPTIME"), terminal.Faint.Of("UNIT"), terminal.Faint.Of("COMMAND")}}
	for _, q := range s.Selected {
		pid := strconv.Itoa(q.PID)
		if q.PID == s.Hint {
			pid += " (pidfile)"
		}
		rows = append(rows, []terminal.Cell{
			terminal.None.Of("  " + pid), terminal.None.Of(terminal.Visible(q.User)), terminal.None.Of(terminal.Age(time.Duration(q.UptimeS * float64(time.Second)))),
			terminal.None.Of(orDash(terminal.Visible(q.Unit))), terminal.None.Of(commandOf(q)),
		})
	}
	return rows
}

// commandOf is the command line, or the name in brackets where there is none.
func commandOf(q advice.Seen) string {
	if q.Args == "" {
		return "[" + terminal.Visible(q.Comm) + "]"
	}
	return terminal.Cut(terminal.Visible(q.Args), longestArgs)
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
