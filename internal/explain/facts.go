package explain

import (
	"fmt"
	"slices"
	"strings"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
	"procward/watch/probe"
)

// processFacts is what the timetable of a process is based on.
func processFacts(p confd.Process, whose string, l escalate.Ladder, members []string, g escalate.Group) []Fact {
	r := p.Restart
	facts := []Fact{{"match", Match(p.Match)}}
	if how := restartText(r); how != "" {
		facts = append(facts, Fact{"restart", how},
			Fact{"recovered", recoveredText(p)})
	}
	if !r.Kill.Never {
		facts = append(facts, Fact{"kill", killText(r.Kill)})
	}
	if r.Dump != nil {
		facts = append(facts, Fact{"dump", fmt.Sprintf("of a stalled process, before the kill: %s, then at most %v", signalText(r.Dump.Signal), r.Dump.Wait)})
	}
	facts = append(facts, Fact{"attempts", attemptsFact(r)})
	if g.Strategy == escalate.All && len(members) > 1 {
		facts = append(facts, Fact{"strategy", "all: each attempt restarts the whole group: " + strings.Join(members, ", ")})
	}
	if len(g.DependsOn) > 0 {
		facts = append(facts, Fact{"depends on", strings.Join(g.DependsOn, ", ") + "; held while that is down or being restarted"})
	}
	return append(facts, Fact{"ladder", whose + rungNames(l)})
}

// groupFacts is what the timetable of a group is based on.
func groupFacts(cfg *confd.Config, g escalate.Group, members []string) []Fact {
	var facts []Fact
	for i, name := range members {
		p := cfg.Processes[name]
		text := fmt.Sprintf("%d. %s: %s", i+1, name, attemptsFact(p.Restart))
		if p.Escalate != nil {
			text += "; has a ladder of its own"
		}
		facts = append(facts, Fact{"member", text})
	}
	if len(members) == 0 {
		facts = append(facts, Fact{"member", "none: no process names this group"})
	}
	facts = append(facts, Fact{"strategy", strategyText(g.Strategy)})
	if len(g.DependsOn) > 0 {
		facts = append(facts, Fact{"depends on", strings.Join(g.DependsOn, ", ") + "; held while that is down or being restarted"})
	}
	if g.Start != nil {
		facts = append(facts, Fact{"stop", fmt.Sprintf("%s, at most %v", g.Stop.Line(), g.Timeout)},
			Fact{"start", fmt.Sprintf("%s, at most %v", g.Start.Line(), g.Timeout)})
	} else {
		facts = append(facts, Fact{"start, stop", "by the members' own kill and restart, in the order above; stops in reverse"})
	}
	return append(facts, Fact{"ladder", "its own" + rungNames(g.Escalate)})
}

func strategyText(s escalate.Strategy) string {
	if s == escalate.All {
		return "all: when one dies, all are restarted"
	}
	return "one: when one dies, it alone is restarted"
}

func restartText(r restart.Spec) string {
	switch {
	case r.Unit != "":
		return fmt.Sprintf("systemd unit %s, at most %v", r.Unit, r.Timeout)
	case r.Run == nil:
		return ""
	case r.User != "":
		return fmt.Sprintf("%s as %s, at most %v, then its process group is killed", r.Run.Line(), r.User, r.Timeout)
	}
	return fmt.Sprintf("%s, at most %v, then its process group is killed", r.Run.Line(), r.Timeout)
}

func attemptsFact(r restart.Spec) string {
	if r.Attempts.N == 0 && !r.Attempts.Unlimited {
		return "0: it is watched, and its end goes to the ladder at once"
	}
	text := fmt.Sprintf("%v in any %v", r.Attempts, r.Window)
	if r.Attempts.Unlimited {
		text = "unlimited"
	}
	if r.Delay > 0 {
		text += fmt.Sprintf(", each after %v", r.Delay)
	}
	return text
}

func recoveredText(p confd.Process) string {
	text := fmt.Sprintf("when found at most %v after the end of that, and up for %v", p.Restart.StartTimeout, p.Restart.Settle)
	if slices.ContainsFunc(p.Checks(), func(c probe.Check) bool { return c.Action == watch.ActRestart }) {
		text += ", and its probes succeed"
	}
	return text
}

func killText(k restart.Kill) string {
	text := fmt.Sprintf("what is stalled, left over or too many, or stopped with its group: %s, SIGKILL after %v", signalText(k.Signal), k.Timeout)
	if k.Tree {
		text += ", with its descendants"
	}
	return text
}

func signalText(name string) string { return "SIG" + strings.TrimPrefix(name, "SIG") }

// rungNames is ": restart-group, hook, reboot".
func rungNames(l escalate.Ladder) string {
	var names []string
	for _, r := range l {
		names = append(names, r.Name())
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}

// Match is a match in words.
func Match(m procscan.Match) string {
	var parts []string
	for _, k := range []struct{ key, value string }{
		{"exe", m.Exe}, {"name", m.Name}, {"args ~", m.Args}, {"not args ~", m.NotArgs},
		{"user", m.User}, {"unit", m.Unit}, {"pidfile", m.Pidfile},
	} {
		if k.value != "" {
			parts = append(parts, k.key+" "+k.value)
		}
	}
	text := strings.Join(parts, ", ") + "; select " + string(m.Select)
	if m.Namespace == "any" {
		text += ", in any PID namespace"
	}
	return text + ", " + Count(m.Count)
}

// Count is how many of a match there should be: "at least 1", "1 to 4".
func Count(c procscan.Count) string {
	if c.Max.Unlimited {
		return fmt.Sprintf("at least %d", c.Min)
	}
	return fmt.Sprintf("%d to %v", c.Min, c.Max)
}
