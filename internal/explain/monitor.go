package explain

import (
	"fmt"
	"strings"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/rehearse"
	"procward/watch"
	"procward/watch/probe"
)

// ofMonitor tells of an outage in which no restart of the target helps.
func ofMonitor(cfg *confd.Config, name string, mon confd.Monitor) Explanation {
	e := Explanation{Name: name, Kind: "monitor", Observed: cfg.Daemon.Observe, Facts: monitorFacts(mon)}
	if mon.Action == watch.ActReport {
		e.Ends, e.Notes = "never", []string{"action: report: when it is bad that is told, and nothing of this happens"}
		return e
	}
	w := words{cfg: cfg, process: confd.Process{Restart: mon.Policy()}, group: escalate.DefaultGroup(), ladder: mon.Escalate}
	if g, ok := cfg.Groups[mon.Recover]; ok {
		w.group = g
	}
	e.Steps = w.steps(rehearse.Failure(cfg, name, rehearse.Quick), rehearse.Failure(cfg, name, rehearse.Slow))
	if e.Ends = ends(e.Steps); e.Ends == "never" && mon.When == confd.WhenUp {
		e.Notes = []string{"when: up: once " + mon.Recover + " is down or stopped it is not judged, and the rungs that are left wait"}
	}
	return e
}

func monitorFacts(mon confd.Monitor) []Fact {
	facts := []Fact{{"check", fmt.Sprintf("%s every %v, at most %v; bad at most %s after what it checks fails", mon.Kind(), mon.Interval, mon.Timeout, Span(probe.WorstCase(mon.Check)))}}
	if mon.Recover == "" {
		facts = append(facts, Fact{"recover", "nothing: a bad check goes to the ladder at once"})
	} else {
		facts = append(facts, Fact{"recover", mon.Recover + ", by restarts of the monitor's own"}, Fact{"attempts", attemptsFact(mon.Policy())})
	}
	if mon.When == confd.WhenUp {
		facts = append(facts, Fact{"when", "up: judged only while " + mon.Recover + " is up"})
	}
	if len(mon.Needs) > 0 {
		facts = append(facts, Fact{"needs", strings.Join(mon.Needs, ", ") + "; not judged while that is bad"})
	}
	if len(mon.Escalate) == 0 {
		return append(facts, Fact{"ladder", "none"})
	}
	return append(facts, Fact{"ladder", "its own" + rungNames(mon.Escalate)})
}
