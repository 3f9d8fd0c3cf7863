package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"procward/internal/engine"
	"procward/internal/paper"
	"procward/internal/scalar"
	"procward/watch"
)

// manyPIDs is how many PIDs of one process the overview shows.
const manyPIDs = 4

// showStatus writes the status as a page; whole shows every PID.
func showStatus(p paper.Paper, s engine.Status, now time.Time, whole bool) {
	fmt.Fprintf(p, "procward %s, pid %d, up %s, detection by %s\n", paper.Visible(s.Version), s.PID, paper.Age(now.Sub(s.Started)), paper.Visible(s.Detection))
	if s.Observe {
		p.Line(paper.Yellow, "OBSERVE MODE: everything is seen and reported, nothing is done")
	}
	if s.Suspended != "" {
		p.Line(paper.Yellow, "SUSPENDED: %s; nothing is restarted or escalated", paper.Visible(s.Suspended))
	}
	for _, text := range s.Fallbacks {
		p.Line(paper.Yellow, "fallback: %s", paper.Visible(text))
	}
	for _, sink := range slices.Sorted(maps.Keys(s.Dropped)) {
		p.Line(paper.Yellow, "messages lost: %d, on the way to %s", s.Dropped[sink], paper.Visible(sink))
	}
	showBreaker(p, s.Breaker, now)
	showConfig(p, s.Files, s.Problems)
	fmt.Fprintln(p)
	p.Table(statusRows(s, now, whole))
	if len(s.Monitors) > 0 {
		fmt.Fprintln(p)
		p.Table(monitorRows(s.Monitors, now))
	}
	fmt.Fprintln(p)
	summarise(p, s)
}

func statusRows(s engine.Status, now time.Time, whole bool) [][]paper.Cell {
	rows := [][]paper.Cell{{paper.Bold.Of("NAME"), paper.Bold.Of("STATE"), paper.Bold.Of("PID"), paper.Bold.Of("UPTIME"), paper.Bold.Of("ATTEMPTS"), paper.Bold.Of("LAST DEATH"), paper.Bold.Of("NOW")}}
	byName := map[string]engine.ProcessStatus{}
	shown := map[string]bool{}
	for _, p := range s.Processes {
		byName[p.Name] = p
	}
	for _, g := range s.Groups {
		rows = append(rows, groupRow(g))
		for _, name := range g.Members {
			if p, ok := byName[name]; ok {
				rows = append(rows, processRows("  ", p, now, whole)...)
				shown[name] = true
			}
		}
	}
	for _, p := range s.Processes {
		if !shown[p.Name] {
			rows = append(rows, processRows("", p, now, whole)...)
		}
	}
	return rows
}

func groupRow(g engine.GroupStatus) []paper.Cell {
	c := paper.Red
	switch g.State {
	case "up":
		c = paper.Green
	case "stopped", "suspended":
		c = paper.Yellow
	}
	return []paper.Cell{paper.Bold.Of(g.Name), c.Of(g.State), {}, {}, {}, {}, paper.None.Of(rungText(g.Rung, g.Rungs))}
}

// rungText is the position on the ladder: "rung 2 of 3: hook". "none" is not a rung but
// the end, which the state shows.
func rungText(rung string, rungs []string) string {
	if rung == "" || rung == "none" {
		return ""
	}
	for i, name := range rungs {
		if name == rung {
			return fmt.Sprintf("rung %d of %d: %s", i+1, len(rungs), rung)
		}
	}
	return "rung " + rung
}

// processRows is the line of a process, with its first PID, and one for each further.
func processRows(indent string, p engine.ProcessStatus, now time.Time, whole bool) [][]paper.Cell {
	first := []paper.Cell{paper.None.Of(indent + p.Name), stateColour(p).Of(string(p.State)), paper.None.Of("-"), paper.None.Of("-"),
		attemptsColour(p).Of(attemptsText(p)), paper.None.Of(deathText(p, now)), paper.None.Of(nowText(p))}
	rows := [][]paper.Cell{first}
	for i, t := range p.Tracked {
		pid, uptime := paper.None.Of(strconv.Itoa(t.PID)), paper.None.Of(paper.Age(t.Uptime))
		switch {
		case i == 0:
			first[2], first[3] = pid, uptime
		case i == manyPIDs && !whole:
			return append(rows, []paper.Cell{{}, {}, paper.None.Of(fmt.Sprintf("and %d more", len(p.Tracked)-i))})
		default:
			rows = append(rows, []paper.Cell{{}, {}, pid, uptime})
		}
	}
	return rows
}

func stateColour(p engine.ProcessStatus) paper.Colour {
	switch {
	case p.State == engine.Up:
		return paper.Green
	case p.Well(), p.State == engine.Settling, p.State == engine.Looking, p.State == engine.Unknown,
		p.State == engine.StoppingState, p.State == engine.StartingState:
		return paper.Yellow
	}
	return paper.Red
}

func attemptsText(p engine.ProcessStatus) string {
	return fmt.Sprintf("%d of %s in %s", p.AttemptsUsed, p.Attempts, p.Window)
}

func attemptsColour(p engine.ProcessStatus) paper.Colour {
	switch {
	case p.AttemptsUsed == 0:
		return paper.None
	case strconv.Itoa(p.AttemptsUsed) == p.Attempts:
		return paper.Red
	}
	return paper.Yellow
}

func deathText(p engine.ProcessStatus, now time.Time) string {
	if p.LastDown == nil {
		return "-"
	}
	cause := p.LastCause
	if cause == "" {
		cause = "cause unknown"
	}
	return fmt.Sprintf("%s, %s ago (%s)", paper.Visible(cause), paper.Age(now.Sub(*p.LastDown)), p.LastDown.Local().Format(time.DateTime))
}

// nowText is what is happening at this moment.
func nowText(p engine.ProcessStatus) string {
	var now []string
	if n := len(p.Tracked); n > 0 && n < p.Min {
		now = append(now, fmt.Sprintf("%d of at least %d there", n, p.Min))
	}
	now = append(now, signsText(p)...)
	if p.UnreadableNow > 0 {
		now = append(now, fmt.Sprintf("%d unreadable", p.UnreadableNow))
	}
	if text := rungText(p.Rung, nil); text != "" {
		now = append(now, text)
	}
	if p.Suspended != "" {
		now = append(now, "suspended "+paper.Visible(p.Suspended))
	}
	if p.WaitsFor != "" {
		now = append(now, "waits for "+paper.Visible(p.WaitsFor))
	}
	if p.NextIn != nil && p.State != engine.Up {
		now = append(now, "next step in "+paper.Age(p.NextIn.Round(time.Second)))
	}
	return strings.Join(now, "; ")
}

// signsText is the stall of a process, or the signs of it that are not ok.
func signsText(p engine.ProcessStatus) []string {
	if p.Stalled != "" {
		return []string{paper.Visible(p.Stalled)}
	}
	var out []string
	for _, s := range p.Signs {
		if s.Verdict != watch.OK && s.Verdict != watch.Pending {
			out = append(out, paper.Visible(s.Name)+" is "+string(s.Verdict))
		}
	}
	return out
}

// monitorRows is the table of the monitors.
func monitorRows(monitors []engine.MonitorStatus, now time.Time) [][]paper.Cell {
	rows := [][]paper.Cell{{paper.Bold.Of("MONITOR"), paper.Bold.Of("STATE"), paper.Bold.Of("SINCE"), paper.Bold.Of("RECOVERS"), paper.Bold.Of("ATTEMPTS"), paper.Bold.Of("NOW")}}
	for _, mon := range monitors {
		c := paper.Red
		switch {
		case mon.State == string(watch.OK):
			c = paper.Green
		case mon.Well(), mon.State == string(watch.Blind):
			c = paper.Yellow
		}
		since, recovers, attempts := "-", "-", "-"
		if mon.Sign != nil && mon.Sign.Since != nil {
			since = paper.Age(now.Sub(*mon.Sign.Since))
		}
		if mon.Recover != "" {
			recovers, attempts = mon.Recover, fmt.Sprintf("%d of %s in %s", mon.AttemptsUsed, mon.Attempts, mon.Window)
		}
		rows = append(rows, []paper.Cell{paper.None.Of(mon.Name), c.Of(mon.State), paper.None.Of(since), paper.None.Of(recovers), paper.None.Of(attempts), paper.None.Of(monitorText(mon))})
	}
	return rows
}

// monitorText is what is happening to a monitor at this moment.
func monitorText(mon engine.MonitorStatus) string {
	var now []string
	if mon.Sign != nil && mon.Sign.Text != "" && mon.State != string(watch.OK) {
		now = append(now, paper.Visible(mon.Sign.Text))
	}
	if text := rungText(mon.Rung, nil); text != "" {
		now = append(now, text)
	}
	if mon.WaitsFor != "" {
		now = append(now, "waits for "+paper.Visible(mon.WaitsFor))
	}
	return strings.Join(now, "; ")
}

// summarise writes the last line: the same that the exit code says.
func summarise(p paper.Paper, s engine.Status) {
	up := 0
	var bad []string
	for _, ps := range s.Processes {
		switch {
		case ps.State == engine.Up:
			up++
		case !ps.Well():
			bad = append(bad, ps.Name+" is "+string(ps.State))
		}
	}
	for _, mon := range s.Monitors {
		if !mon.Well() {
			bad = append(bad, "monitor "+mon.Name+" is "+mon.State)
		}
	}
	text := fmt.Sprintf("%d of %s up", up, scalar.Counted(len(s.Processes), "process", "processes"))
	if len(s.Processes)+len(s.Monitors) == 0 {
		text = "nothing is watched"
	}
	if len(bad) > 0 {
		text += ": " + strings.Join(bad, ", ")
	}
	if rejected(s.Files, s.Problems) {
		text += "; a drop-in is rejected: procward check says why"
	}
	c := paper.Green
	if !well(s) {
		c = paper.Red
	}
	p.Line(c, "%s", text)
}
