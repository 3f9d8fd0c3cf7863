package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// verdict says how a row stands to its goal.
type verdict string

// The verdicts. A row without a goal has none of them.
const (
	none   verdict = ""
	met    verdict = "met"
	missed verdict = "**missed**"
	failed verdict = "**not measured**"
)

// holds is met or missed.
func holds(ok bool) verdict {
	if ok {
		return met
	}
	return missed
}

// row is one line of a table.
type row struct {
	what, floor, ours, ratio, goal string
	verdict                        verdict
}

// against is a row that sets a sample beside its floor; a goal of 0 is none.
func against(what string, floor, ours sample, goal float64) row {
	r := row{what: what, floor: show(floor.median()), ours: show(ours.median())}
	if len(floor) == 0 || len(ours) == 0 {
		r.verdict = failed
		return r
	}
	of := ratio(ours.median(), floor.median())
	r.ratio = fmt.Sprintf("%.2f", of)
	if goal > 0 {
		r.goal, r.verdict = fmt.Sprintf("≤ %.2f", goal), holds(of <= goal)
	}
	return r
}

// within is a row whose goal is a time.
func within(what string, ours sample, goal time.Duration) row {
	r := row{what: what, ours: show(ours.median())}
	if len(ours) == 0 {
		r.verdict = failed
		return r
	}
	if goal > 0 {
		r.goal, r.verdict = "≤ "+show(goal), holds(ours.median() <= goal)
	}
	return r
}

// table is what one part found.
type table struct {
	title string
	head  []string // of the columns; empty: the usual ones
	rows  []row
	notes []string // sentences below it
}

func (t *table) add(rows ...row) { t.rows = append(t.rows, rows...) }

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (r row) cells() []string {
	return []string{r.what, r.floor, r.ours, r.ratio, r.goal, string(r.verdict)}
}

func (t table) header() []string {
	if t.head != nil {
		return t.head
	}
	return []string{"what", "floor", "procward", "ratio", "goal", ""}
}

// used says which columns hold anything.
func (t table) used() []bool {
	use := make([]bool, len(t.header()))
	for _, r := range t.rows {
		for i, c := range r.cells() {
			use[i] = use[i] || c != ""
		}
	}
	return use
}

func (t table) lines() [][]string {
	use := t.used()
	all := [][]string{t.header()}
	for _, r := range t.rows {
		all = append(all, r.cells())
	}
	for i, cells := range all {
		var kept []string
		for j, c := range cells {
			if use[j] {
				kept = append(kept, c)
			}
		}
		all[i] = kept
	}
	return all
}

// text is the table for a terminal.
func (t table) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, cells := range t.lines() {
		fmt.Fprintln(w, "  "+strings.ReplaceAll(strings.Join(cells, "\t"), "**", ""))
	}
	w.Flush()
	for _, n := range t.notes {
		fmt.Fprintln(&b, "  -", n)
	}
	return b.String()
}

// markdown is the table for the page.
func (t table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", t.title)
	for i, cells := range t.lines() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(cells)))
		}
	}
	for i, n := range t.notes {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "- %s\n", n)
	}
	b.WriteByte('\n')
	return b.String()
}
