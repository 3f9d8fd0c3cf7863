package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"procward/internal/engine"
	"procward/internal/scalar"
	"procward/internal/terminal"
	"procward/watch"
)

// manyPIDs is how many PIDs of one process the overview shows.
const manyPIDs = 4

// showStatus writes the status as a page; whole shows every PID.
func showStatus(p terminal.Writer, s engine.Status, now time.Time, whole bool) {
	fmt.Fprintf(p, "procward %s, pid %d, up %s, detection by %s\n", terminal.Visible(s.Version), s.PID, terminal.Age(now.Sub(s.Started)), terminal.Visible(s.Detection))
	if s.Observe {
		p.Line(terminal.Yellow, "OBSERVE MODE: everything is seen and reported, nothing is done")
	}
	if s.Suspended != "" {
		p.Line(terminal.Yellow, "SUSPENDED: %s; nothing is restarted or escalated", terminal.Visible(s.Suspended))
	}
	for _, text := range s.Fallbacks {
		p.Line(terminal.Yellow, "fallback: %s", terminal.Visible(text))
	}
	for _, sink := range slices.Sorted(maps.Keys(s.Dropped)) {
		p.Line(terminal.Yellow, "messages lost: %d, on the way to %s", s.Dropped[sink], terminal.Visible(sink))
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

func statusRows(s engine.Status, now time.Time, whole bool) [][]terminal.Cell {
	rows := [][]terminal.Cell{{terminal.Bold.Of("NAME"), terminal.Bold.Of("STATE"), terminal.Bold.Of("PID"), terminal.Bold.Of("UPTIME"), terminal.Bold.Of("ATTEMPTS"), terminal.Bold.Of("LAST DEATH"), terminal.Bold.Of("NOW")}}
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

func groupRow(g engine.GroupStatus) []terminal.Cell {
	c := terminal.Red
	switch g.State {
	case "up":
		c = terminal.Green
	case "stopped", "suspended":
		c = terminal.Yellow
	}
	return []terminal.Cell{terminal.Bold.Of(g.Name), c.Of(g.State), {}, {}, {}, {}, terminal.None.Of(rungText(g.Rung, g.Rungs))}
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
func processRows(indent string, p engine.ProcessStatus, now time.Time, whole bool) [][]terminal.Cell {
	first := []terminal.Cell{terminal.None.Of(indent + p.Name), stateColour(p).Of(string(p.State)), terminal.None.Of("-"), terminal.None.Of("-"),
		attemptsColour(p).Of(attemptsText(p)), terminal.None.Of(deathText(p, now)), terminal.None.Of(nowText(p))}
	rows := [][]terminal.Cell{first}
	for i, t := range p.Tracked {
		pid, uptime := terminal.None.Of(strconv.Itoa(t.PID)), terminal.None.Of(terminal.Age(t.Uptime))
		switch {
		case i == 0:
			first[2], first[3] = pid, uptime
		case i == manyPIDs && !whole:
			return append(rows, []terminal.Cell{{}, {}, terminal.None.Of(fmt.Sprintf("and %d more", len(p.Tracked)-i))})
		default:
			rows = append(rows, []terminal.Cell{{}, {}, pid, uptime})
		}
	}
	return rows
}

func stateColour(p engine.ProcessStatus) terminal.Colour {
	switch {
	case p.State == engine.Up:
		return terminal.Green
	case p.Well(), p.State == engine.Settling, p.State == engine.Looking, p.State == engine.Unknown,
		p.State == engine.StoppingState, p.State == engine.StartingState:
		return terminal.Yellow
	}
	return terminal.Red
}

func attemptsText(p engine.ProcessStatus) string {
	return fmt.Sprintf("%d of %s in %s", p.AttemptsUsed, p.Attempts, p.Window)
}

func attemptsColour(p engine.ProcessStatus) terminal.Colour {
	switch {
	case p.AttemptsUsed == 0:
		return terminal.None
	case strconv.Itoa(p.AttemptsUsed) == p.Attempts:
		return terminal.Red
	}
	return terminal.Yellow
}

func deathText(p engine.ProcessStatus, now time.Time) string {
	if p.LastDown == nil {
		return "-"
	}
	cause := p.LastCause
	if cause == "" {
		cause = "cause unknown"
	}
	return fmt.Sprintf("%s, %s ago (%s)", terminal.Visible(cause), terminal.Age(now.Sub(*p.LastDown)), p.LastDown.Local().Format(time.DateTime))
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
		now = append(now, "suspended "+terminal.Visible(p.Suspended))
	}
	if p.WaitsFor != "" {
		now = append(now, "waits for "+terminal.Visible(p.WaitsFor))
	}
	if p.NextIn != nil && p.State != engine.Up {
		now = append(now, "next step in "+terminal.Age(p.NextIn.Round(time.Second)))
	}
	return strings.Join(now, "; ")
}

// signsText is the stall of a process, or the signs of it that are not ok.
func signsText(p engine.ProcessStatus) []string {
	if p.Stalled != "" {
		return []string{terminal.Visible(p.Stalled)}
	}
	var out []string
	for _, s := range p.Signs {
		if s.Verdict != watch.OK && s.Verdict != watch.Pending {
			out = append(out, terminal.Visible(s.Name)+" is "+string(s.Verdict))
		}
	}
	return out
}

// monitorRows is the table of the monitors.
func monitorRows(monitors []engine.MonitorStatus, now time.Time) [][]terminal.Cell {
	rows := [][]terminal.Cell{{terminal.Bold.Of("MONITOR"), terminal.Bold.Of("STATE"), terminal.Bold.Of("SINCE"), terminal.Bold.Of("RECOVERS"), terminal.Bold.Of("ATTEMPTS"), terminal.Bold.Of("NOW")}}
	for _, mon := range monitors {
		c := terminal.Red
		switch {
		case mon.State == string(watch.OK):
			c = terminal.Green
		case mon.Well(), mon.State == string(watch.Blind):
			c = terminal.Yellow
		}
		since, recovers, attempts := "-", "-", "-"
		if mon.Sign != nil && mon.Sign.Since != nil {
			since = terminal.Age(now.Sub(*mon.Sign.Since))
		}
		if mon.Recover != "" {
			recovers, attempts = mon.Recover, fmt.Sprintf("%d of %s in %s", mon.AttemptsUsed, mon.Attempts, mon.Window)
		}
		rows = append(rows, []terminal.Cell{terminal.None.Of(mon.Name), c.Of(mon.State), terminal.None.Of(since), terminal.None.Of(recovers), terminal.None.Of(attempts), terminal.None.Of(monitorText(mon))})
	}
	return rows
}

// monitorText is what is happening to a monitor at this moment.
func monitorText(mon engine.MonitorStatus) string {
	var now []string
	if mon.Sign != nil && mon.Sign.Text != "" && mon.State != string(watch.OK) {
		now = append(now, terminal.Visible(mon.Sign.Text))
	}
	if text := rungText(mon.Rung, nil); text != "" {
		now = append(now, text)
	}
	if mon.WaitsFor != "" {
		now = append(now, "waits for "+terminal.Visible(mon.WaitsFor))
	}
	return strings.Join(now, "; ")
}

// summarise writes the last line: the same that the exit code says.
func summarise(p terminal.Writer, s engine.Status) {
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
	c := terminal.Green
	if !well(s) {
		c = terminal.Red
	}
	p.Line(c, "%s", text)
}
