package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"procward/internal/control"
	"procward/internal/engine"
	"procward/internal/terminal"
)

// How long a command waits for the daemon's answer.
const (
	statusDeadline = 10 * time.Second
	reloadDeadline = 35 * time.Second
)

func statusCommand(f *flags) *cobra.Command {
	var jsonOut bool
	cmd := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show how every process and group is",
		Long: `Shows each group and process as the daemon has it at this moment: its PIDs and
their uptime, its state, how it last died, the restart attempts used of its window,
and the rung of the ladder it stands on. NAME is a process or a group.

Exit codes: 0 all is well, 1 something is down, given up or rejected, 2 wrong usage,
3 no daemon answers, 4 no process or group has such a name, 5 the socket of the daemon
may not be opened by this user.`,
		Example: `  procward status
  procward status httpd
  procward status --json | jq '.processes[] | select(.state != "up")'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeNames(f),
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			return status(cmd, f, args, jsonOut)
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON")
	return cmd
}

func status(cmd *cobra.Command, f *flags, args []string, jsonOut bool) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), statusDeadline)
	defer cancel()
	s, raw, err := control.NewClient(f.socket).Status(ctx)
	if err != nil {
		return askFailure(err, f.socket)
	}
	var shown any = raw
	if len(args) > 0 {
		if s, err = only(s, args[0]); err != nil {
			return err
		}
		shown = s
	}
	if jsonOut {
		err = terminal.JSON(cmd.OutOrStdout(), shown)
	} else {
		showStatus(terminal.On(cmd.OutOrStdout()), s, time.Now(), len(args) > 0)
	}
	if err == nil && !well(s) {
		return &failure{code: exitBad}
	}
	return err
}

// only reduces the status to one process, or to one group and its members, and to the
// monitors that restart it or one of those. Facts about the whole daemon stay; problems
// of the drop-ins do not.
func only(s engine.Status, name string) (engine.Status, error) {
	var members []string
	s.Groups = slices.DeleteFunc(slices.Clone(s.Groups), func(g engine.GroupStatus) bool {
		if g.Name == name {
			members = g.Members
		}
		return g.Name != name
	})
	s.Processes = slices.DeleteFunc(slices.Clone(s.Processes), func(p engine.ProcessStatus) bool {
		return p.Name != name && !slices.Contains(members, p.Name)
	})
	if len(s.Groups)+len(s.Processes) == 0 {
		return s, &failure{exitNoName, fmt.Errorf("the daemon watches no process or group %q", name), "procward status lists them"}
	}
	s.Monitors = slices.DeleteFunc(slices.Clone(s.Monitors), func(mon engine.MonitorStatus) bool {
		return mon.Recover != name && !slices.Contains(members, mon.Recover)
	})
	s.Files, s.Problems = nil, nil
	return s, nil
}

// well reports whether nothing in the status needs the operator.
func well(s engine.Status) bool {
	for _, p := range s.Processes {
		if !p.Well() {
			return false
		}
	}
	for _, g := range s.Groups {
		if g.State != "up" && g.State != "stopped" && g.State != "suspended" && g.State != "absent" { // of what is absent the members tell
			return false
		}
	}
	for _, mon := range s.Monitors {
		if !mon.Well() {
			return false
		}
	}
	return !rejected(s.Files, s.Problems)
}
