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
	"procward/watch"
)

// manyPIDs is how many PIDs of one process the overview shows.
const manyPIDs = 4

// showStatus writes the status as a page; whole shows every PID.
func showStatus(p paper, s engine.Status, now time.Time, whole bool) {
	fmt.Fprintf(p, "procward %s, pid %d, up %s, detection by %s\n", visible(s.Version), s.PID, age(now.Sub(s.Started)), visible(s.Detection))
	if s.Observe {
		p.line(yellow, "OBSERVE MODE: everything is seen and reported, nothing is done")
	}
	if s.Suspended != "" {
		p.line(yellow, "SUSPENDED: %s; nothing is restarted or escalated", visible(s.Suspended))
	}
	for _, text := range s.Fallbacks {
		p.line(yellow, "fallback: %s", visible(text))
	}
	for _, sink := range slices.Sorted(maps.Keys(s.Dropped)) {
		p.line(yellow, "messages lost: %d, on the way to %s", s.Dropped[sink], visible(sink))
	}
	showBreaker(p, s.Breaker, now)
	showConfig(p, s.Files, s.Problems)
	fmt.Fprintln(p)
	p.table(statusRows(s, now, whole))
	if len(s.Monitors) > 0 {
		fmt.Fprintln(p)
		p.table(monitorRows(s.Monitors, now))
	}
	fmt.Fprintln(p)
	summarise(p, s)
}

func statusRows(s engine.Status, now time.Time, whole bool) [][]cell {
	rows := [][]cell{{{"NAME", bold}, {"STATE", bold}, {"PID", bold}, {"UPTIME", bold}, {"ATTEMPTS", bold}, {"LAST DEATH", bold}, {"NOW", bold}}}
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

func groupRow(g engine.GroupStatus) []cell {
	c := red
	switch g.State {
	case "up":
		c = green
	case "stopped", "suspended":
		c = yellow
	}
	return []cell{{g.Name, bold}, {g.State, c}, {}, {}, {}, {}, {rungText(g.Rung, g.Rungs), none}}
}

// rungText is where on its ladder a climb stands: "rung 2 of 3: hook". "none" is no rung
// but the end, which the state tells.
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
func processRows(indent string, p engine.ProcessStatus, now time.Time, whole bool) [][]cell {
	first := []cell{{indent + p.Name, none}, {string(p.State), stateColour(p)}, {"-", none}, {"-", none},
		{attemptsText(p), attemptsColour(p)}, {deathText(p, now), none}, {nowText(p), none}}
	rows := [][]cell{first}
	for i, t := range p.Tracked {
		pid, uptime := cell{strconv.Itoa(t.PID), none}, cell{age(t.Uptime), none}
		switch {
		case i == 0:
			first[2], first[3] = pid, uptime
		case i == manyPIDs && !whole:
			return append(rows, []cell{{}, {}, {fmt.Sprintf("and %d more", len(p.Tracked)-i), none}})
		default:
			rows = append(rows, []cell{{}, {}, pid, uptime})
		}
	}
	return rows
}

func stateColour(p engine.ProcessStatus) colour {
	switch {
	case p.State == engine.Up:
		return green
	case p.Well(), p.State == engine.Settling, p.State == engine.Looking, p.State == engine.Unknown,
		p.State == engine.StoppingState, p.State == engine.StartingState:
		return yellow
	}
	return red
}

func attemptsText(p engine.ProcessStatus) string {
	return fmt.Sprintf("%d of %s in %s", p.AttemptsUsed, p.Attempts, p.Window)
}

func attemptsColour(p engine.ProcessStatus) colour {
	switch {
	case p.AttemptsUsed == 0:
		return none
	case strconv.Itoa(p.AttemptsUsed) == p.Attempts:
		return red
	}
	return yellow
}

func deathText(p engine.ProcessStatus, now time.Time) string {
	if p.LastDown == nil {
		return "-"
	}
	cause := p.LastCause
	if cause == "" {
		cause = "cause unknown"
	}
	return fmt.Sprintf("%s, %s ago (%s)", visible(cause), age(now.Sub(*p.LastDown)), p.LastDown.Local().Format(time.DateTime))
}

// nowText is what goes on at this moment.
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
		now = append(now, "suspended "+visible(p.Suspended))
	}
	if p.WaitsFor != "" {
		now = append(now, "waits for "+visible(p.WaitsFor))
	}
	if p.NextIn != nil && p.State != engine.Up {
		now = append(now, "next step in "+age(p.NextIn.Round(time.Second)))
	}
	return strings.Join(now, "; ")
}

// signsText is the stall of a process, or the signs of it that are not ok.
func signsText(p engine.ProcessStatus) []string {
	if p.Stalled != "" {
		return []string{visible(p.Stalled)}
	}
	var out []string
	for _, s := range p.Signs {
		if s.Verdict != watch.OK && s.Verdict != watch.Pending {
			out = append(out, visible(s.Name)+" is "+string(s.Verdict))
		}
	}
	return out
}

// monitorRows is the table of the monitors.
func monitorRows(monitors []engine.MonitorStatus, now time.Time) [][]cell {
	rows := [][]cell{{{"MONITOR", bold}, {"STATE", bold}, {"SINCE", bold}, {"RECOVERS", bold}, {"ATTEMPTS", bold}, {"NOW", bold}}}
	for _, mon := range monitors {
		c := red
		switch {
		case mon.State == string(watch.OK):
			c = green
		case mon.Well(), mon.State == string(watch.Blind):
			c = yellow
		}
		since, recovers, attempts := "-", "-", "-"
		if mon.Sign != nil && mon.Sign.Since != nil {
			since = age(now.Sub(*mon.Sign.Since))
		}
		if mon.Recover != "" {
			recovers, attempts = mon.Recover, fmt.Sprintf("%d of %s in %s", mon.AttemptsUsed, mon.Attempts, mon.Window)
		}
		rows = append(rows, []cell{{mon.Name, none}, {mon.State, c}, {since, none}, {recovers, none}, {attempts, none}, {monitorText(mon), none}})
	}
	return rows
}

// monitorText is what goes on for a monitor at this moment.
func monitorText(mon engine.MonitorStatus) string {
	var now []string
	if mon.Sign != nil && mon.Sign.Text != "" && mon.State != string(watch.OK) {
		now = append(now, visible(mon.Sign.Text))
	}
	if text := rungText(mon.Rung, nil); text != "" {
		now = append(now, text)
	}
	if mon.WaitsFor != "" {
		now = append(now, "waits for "+visible(mon.WaitsFor))
	}
	return strings.Join(now, "; ")
}

// summarise writes the last line: the same that the exit code says.
func summarise(p paper, s engine.Status) {
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
	c := green
	if !well(s) {
		c = red
	}
	p.line(c, "%s", text)
}
