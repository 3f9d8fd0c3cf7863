// Package explain tells what would happen to a process, a group or a monitor, and when:
// the content of its drop-ins in words, and the timetable of an outage in which nothing
// helps, as package rehearse plays it.
package explain

import (
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/rehearse"
)

// Explanation is what is said of one name.
type Explanation struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"` // process, group, monitor
	Group    string   `json:"group,omitempty"`
	Facts    []Fact   `json:"facts"`
	Signs    []Sign   `json:"signs,omitempty"` // of a process: of a stall, and limits
	Steps    []Step   `json:"steps"`
	Ends     string   `json:"ends"` // given-up, stop-daemon, never
	Notes    []string `json:"notes,omitempty"`
	Observed bool     `json:"observe,omitempty"`
}

// Fact is one line above the timetable.
type Fact struct {
	About string `json:"about"`
	Text  string `json:"text"`
}

// Step is one line of the timetable. Seconds count from the moment the process
// is down; of a group, from the moment a member has no attempt left; of a monitor, from
// the moment its check is bad.
type Step struct {
	Kind      rehearse.Kind `json:"kind"`
	Number    int           `json:"number,omitempty"` // attempt, or try of the rung
	Rung      string        `json:"rung,omitempty"`
	EarliestS float64       `json:"earliest_s"`
	LatestS   *float64      `json:"latest_s"` // null: it is not reached if each step before takes as long as it may
	Text      string        `json:"text"`
	Detail    string        `json:"detail,omitempty"`
	Pause     time.Duration `json:"-"` // before the attempt, without jitter
}

// Of explains the process, group or monitor of a name, and reports whether there is one.
func Of(cfg *confd.Config, name string) (Explanation, bool) {
	if p, ok := cfg.Processes[name]; ok {
		return ofProcess(cfg, name, p), true
	}
	if g, ok := cfg.Groups[name]; ok {
		return ofGroup(cfg, name, g), true
	}
	if mon, ok := cfg.Monitors[name]; ok {
		return ofMonitor(cfg, name, mon), true
	}
	return Explanation{}, false
}

func ofProcess(cfg *confd.Config, name string, p confd.Process) Explanation {
	members := cfg.Members(p.Group)
	ladder, whose := ladderOf(cfg, p)
	w := words{cfg: cfg, process: p, group: groupOf(cfg, p), ladder: ladder}
	e := Explanation{Name: name, Kind: "process", Group: p.Group, Observed: cfg.Daemon.Observe, Signs: signsOf(cfg, name, p)}
	e.Facts = append(processFacts(p, whose, ladder, members, w.group), signFacts(e.Signs)...)
	e.Steps = w.steps(rehearse.Death(cfg, name, rehearse.Quick), rehearse.Death(cfg, name, rehearse.Slow))
	e.Ends, e.Notes = ends(e.Steps), w.notes(e.Steps)
	return e
}

func ofGroup(cfg *confd.Config, name string, g escalate.Group) Explanation {
	e := Explanation{Name: name, Kind: "group", Observed: cfg.Daemon.Observe, Facts: groupFacts(cfg, g, cfg.Members(name))}
	w := words{cfg: cfg, group: g, ladder: g.Escalate}
	e.Steps = w.steps(rehearse.Climb(cfg, name, rehearse.Quick), rehearse.Climb(cfg, name, rehearse.Slow))
	if e.Ends = ends(e.Steps); len(e.Steps) == 0 {
		e.Notes = []string{"no member climbs this ladder: each has one of its own, or attempts without end"}
	}
	return e
}

// ends is how the last step ends the outage.
func ends(steps []Step) string {
	if len(steps) > 0 {
		switch last := steps[len(steps)-1]; last.Kind {
		case rehearse.GivenUp, rehearse.StopDaemon:
			return string(last.Kind)
		}
	}
	return "never"
}

// ladderOf is the ladder of a process, and whose it is.
func ladderOf(cfg *confd.Config, p confd.Process) (escalate.Ladder, string) {
	g, ok := cfg.Groups[p.Group]
	switch {
	case p.Escalate != nil && len(*p.Escalate) == 0:
		return nil, "none, by its own escalate: []"
	case p.Escalate != nil:
		return *p.Escalate, "its own"
	case p.Group == "":
		return nil, "none: it has no group and no escalate of its own"
	case !ok:
		return nil, "none: its group " + p.Group + " is not configured"
	case len(g.Escalate) == 0:
		return nil, "none: its group " + p.Group + " has none"
	}
	return g.Escalate, "of group " + p.Group
}

// groupOf is the group section that a process obeys; without one the defaults.
func groupOf(cfg *confd.Config, p confd.Process) escalate.Group {
	if g, ok := cfg.Groups[p.Group]; ok {
		return g
	}
	return escalate.DefaultGroup()
}
