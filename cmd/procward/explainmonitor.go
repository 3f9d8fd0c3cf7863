package main

import (
	"fmt"
	"strings"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/watch"
	"procward/watch/probe"
)

// explainMonitor tells of an outage in which no restart of the target helps. Times count
// from the moment the check is bad.
func explainMonitor(cfg *confd.Config, name string, mon confd.Monitor) explanation {
	g, members := targetOf(cfg, mon)
	e := explanation{Name: name, Kind: "monitor", Observed: cfg.Daemon.Observe, Facts: monitorFacts(mon)}
	if mon.Action == watch.ActReport {
		e.Ends, e.Notes = "never", []string{"action: report: when it is bad that is told, and nothing of this happens"}
		return e
	}
	tell := func(p pace) []step {
		steps := monitorOutage(mon, g, p)
		if n := len(steps); n > 0 && steps[n-1].Kind == stepExhausted {
			steps = append(steps, climb(mon.Escalate, g, p, steps[n-1].Earliest)...)
		}
		return steps
	}
	steps := both(tell(pace{cfg: cfg, members: members}), tell(pace{slow: true, cfg: cfg, members: members}))
	w := words{cfg: cfg, process: confd.Process{Restart: mon.Policy()}, group: g, ladder: mon.Escalate, members: members}
	e.Steps, e.Ends = w.explained(steps), ends(steps)
	return e
}

// targetOf is the group section that a monitor's ladder obeys, and what it restarts.
func targetOf(cfg *confd.Config, mon confd.Monitor) (escalate.Group, []string) {
	if g, ok := cfg.Groups[mon.Recover]; ok {
		return g, cfg.Members(mon.Recover)
	}
	if _, ok := cfg.Processes[mon.Recover]; ok {
		return escalate.DefaultGroup(), []string{mon.Recover}
	}
	return escalate.DefaultGroup(), nil
}

// monitorOutage asks the policy for the restarts of one outage.
func monitorOutage(mon confd.Monitor, g escalate.Group, p pace) []step {
	failed := time.Duration(mon.Failures.N-1) * mon.Interval.D() * 9 / 10
	if p.slow {
		failed = p.restart(g) + mon.StartDelay.D() + probe.WorstCase(mon.Check)
	}
	return attempts(mon.Policy(), p.spread(), failed)
}

func monitorFacts(mon confd.Monitor) []fact {
	facts := []fact{{"check", fmt.Sprintf("%s every %v, at most %v; bad at most %s after what it checks fails", mon.Kind(), mon.Interval, mon.Timeout, span(probe.WorstCase(mon.Check)))}}
	if mon.Recover == "" {
		facts = append(facts, fact{"recover", "nothing: a bad check goes to the ladder at once"})
	} else {
		facts = append(facts, fact{"recover", mon.Recover + ", by restarts of the monitor's own"}, fact{"attempts", attemptsFact(mon.Policy())})
	}
	if mon.When == confd.WhenUp {
		facts = append(facts, fact{"when", "up: judged only while " + mon.Recover + " is up"})
	}
	if len(mon.Needs) > 0 {
		facts = append(facts, fact{"needs", strings.Join(mon.Needs, ", ") + "; not judged while that is bad"})
	}
	if len(mon.Escalate) == 0 {
		return append(facts, fact{"ladder", "none"})
	}
	return append(facts, fact{"ladder", "its own" + rungNames(mon.Escalate)})
}
