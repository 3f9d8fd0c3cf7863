package main

import (
	"time"

	"github.com/spf13/cobra"

	confd "procward/conf.d"
	"procward/escalate"
)

func explainCommand(f *flags) *cobra.Command {
	var jsonOut bool
	cmd := &cobra.Command{
		Use:   "explain NAME",
		Short: "Show what would happen, and when",
		Long: `Shows the timetable of an outage in which nothing helps: attempt by attempt, then
rung by rung to the end of the ladder. NAME is a process, a group or a monitor. It is
computed from the drop-ins by the same code that the daemon decides with; no daemon is
asked. For each sign of a stall it says how long it takes at most until the sign is bad,
and until the restart.

EARLIEST is when each step comes if every one before it fails at once, LATEST if each
takes as long as it may. Times count from the moment the process is down, or the check
of the monitor is bad.

Exit codes: 0, 1 the configuration cannot be read, 2 wrong usage, 4 no process,
group or monitor has such a name.`,
		Example: `  procward explain httpd
  procward explain web --json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAll(f),
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			cfg, err := load(f)
			if err != nil {
				return err
			}
			warnRejected(cmd.ErrOrStderr(), cfg)
			e, err := explain(cfg, args[0])
			if err != nil {
				return err
			}
			if jsonOut {
				return asJSON(cmd.OutOrStdout(), e)
			}
			showExplanation(paperOn(cmd.OutOrStdout()), e)
			return nil
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON")
	return cmd
}

// explanation is what explain says of one name.
type explanation struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"` // process, group, monitor
	Group    string          `json:"group,omitempty"`
	Facts    []fact          `json:"facts"`
	Signs    []explainedSign `json:"signs,omitempty"` // of a process: of a stall, and limits
	Steps    []explainedStep `json:"steps"`
	Ends     string          `json:"ends"` // given-up, stop-daemon, never
	Notes    []string        `json:"notes,omitempty"`
	Observed bool            `json:"observe,omitempty"`
}

// fact is one line above the timetable.
type fact struct {
	About string `json:"about"`
	Text  string `json:"text"`
}

// explainedStep is one line of the timetable. Seconds count from the moment the process
// is down; of a group, from the moment a member has no attempt left; of a monitor, from
// the moment its check is bad.
type explainedStep struct {
	Kind      kind     `json:"kind"`
	Number    int      `json:"number,omitempty"` // attempt, or try of the rung
	Rung      string   `json:"rung,omitempty"`
	EarliestS float64  `json:"earliest_s"`
	LatestS   *float64 `json:"latest_s"` // null: it is not reached if each step before takes as long as it may
	Text      string   `json:"text"`
	Detail    string   `json:"detail,omitempty"`
	pause     time.Duration
}

func explain(cfg *confd.Config, name string) (explanation, error) {
	if p, ok := cfg.Processes[name]; ok {
		return explainProcess(cfg, name, p), nil
	}
	if g, ok := cfg.Groups[name]; ok {
		return explainGroup(cfg, name, g), nil
	}
	if mon, ok := cfg.Monitors[name]; ok {
		return explainMonitor(cfg, name, mon), nil
	}
	return explanation{}, noName(cfg, "process, group or monitor", name)
}

func explainProcess(cfg *confd.Config, name string, p confd.Process) explanation {
	members := cfg.Members(p.Group)
	ladder, whose := ladderOf(cfg, p)
	steps := both(whole(p, ladder, pace{cfg: cfg, members: members}), whole(p, ladder, pace{slow: true, cfg: cfg, members: members}))
	signs := signsOf(p)
	w := words{cfg: cfg, process: p, group: groupOf(cfg, p), ladder: ladder, members: members}
	return explanation{
		Name: name, Kind: "process", Group: p.Group, Observed: cfg.Daemon.Observe,
		Facts: append(processFacts(p, whose, ladder, members, w.group), signFacts(signs)...), Signs: signs, Steps: w.explained(steps), Ends: ends(steps), Notes: w.notes(steps),
	}
}

func explainGroup(cfg *confd.Config, name string, g escalate.Group) explanation {
	members := cfg.Members(name)
	steps := both(climb(g.Escalate, g, pace{cfg: cfg, members: members}, 0), climb(g.Escalate, g, pace{slow: true, cfg: cfg, members: members}, 0))
	w := words{cfg: cfg, group: g, ladder: g.Escalate, members: members}
	return explanation{
		Name: name, Kind: "group", Observed: cfg.Daemon.Observe,
		Facts: groupFacts(cfg, g, members), Steps: w.explained(steps), Ends: ends(steps),
	}
}

// ends is how the last step ends the outage.
func ends(steps []step) string {
	if len(steps) > 0 {
		switch last := steps[len(steps)-1]; last.Kind {
		case stepGivenUp, stepStopDaemon:
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
