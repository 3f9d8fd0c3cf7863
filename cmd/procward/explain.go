package main

import (
	"github.com/spf13/cobra"

	"procward/internal/explain"
	"procward/internal/terminal"
)

func explainCommand(f *flags) *cobra.Command {
	var jsonOut bool
	cmd := &cobra.Command{
		Use:   "explain NAME",
		Short: "Show what would happen, and when",
		Long: `Shows the timetable of an outage in which nothing helps: attempt by attempt, then
rung by rung to the end of the ladder. NAME is a process, a group or a monitor. It is
a rehearsal: the engine of the daemon runs the drop-ins on a virtual clock; no daemon
is asked, and nothing is started. For each sign of a stall it says how long it takes at
most until the sign is bad, and until the restart.

EARLIEST is when each step comes if every script succeeds at once and what it starts
ends as soon as it is found; delays are as short as their jitter allows. LATEST is when
it comes if every script runs into its timeout, what it starts is found at the last
moment and ends before it has settled; delays are as long as their jitter allows. Times
count from the moment the process is down, or the check of the monitor is bad.

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
			e, known := explain.Of(cfg, args[0])
			if !known {
				return noName(cfg, "process, group or monitor", args[0])
			}
			if jsonOut {
				return terminal.JSON(cmd.OutOrStdout(), e)
			}
			showExplanation(terminal.On(cmd.OutOrStdout()), e)
			return nil
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON")
	return cmd
}
