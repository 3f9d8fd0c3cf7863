package main

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	confd "procward/conf.d"
	"procward/internal/advice"
	"procward/internal/terminal"
)

func scanCommand(f *flags) *cobra.Command {
	var jsonOut bool
	cmd := &cobra.Command{
		Use:   "scan [NAME...]",
		Short: "Show what each match selects at this moment",
		Long: `Takes one snapshot of the process table and shows what the match of each process
selects in it, what it cannot read, and why processes that come close do not match.
NAME is a process, or a group for all of its members. No daemon is asked; what only
root may read needs root.

Exit codes: 0 each match selects what its count asks for, 1 one selects fewer or more
than that, or is in doubt, or without NAME a drop-in is rejected, 2 wrong usage,
4 no process or group has such a name.`,
		Example: `  procward scan
  procward scan httpd
  procward scan --json httpd | jq '.[].selected[].pid'`,
		ValidArgsFunction: completeNames(f),
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			return scan(cmd, f, args, jsonOut)
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON")
	return cmd
}

func scan(cmd *cobra.Command, f *flags, args []string, jsonOut bool) error {
	cfg, err := load(f)
	if err != nil {
		return err
	}
	warnRejected(cmd.ErrOrStderr(), cfg)
	names, err := chosen(cfg, args)
	if err != nil {
		return err
	}
	sights, err := advice.Look(cmd.Context(), cfg, names, nearFor(len(args) > 0))
	if err != nil {
		return err
	}
	if jsonOut {
		err = terminal.JSON(cmd.OutOrStdout(), sights)
	} else {
		showSights(terminal.On(cmd.OutOrStdout()), sights)
	}
	bad := len(args) == 0 && rejected(cfg.Files, cfg.Problems)
	for _, s := range sights {
		bad = bad || !s.OK
	}
	if err == nil && bad {
		return &failure{code: exitBad}
	}
	return err
}

// chosen gives the processes that are meant by names of processes and groups; all of
// them without names.
func chosen(cfg *confd.Config, args []string) ([]string, error) {
	if len(args) == 0 {
		return slices.Sorted(maps.Keys(cfg.Processes)), nil
	}
	var names []string
	for _, arg := range args {
		_, group := cfg.Groups[arg]
		_, process := cfg.Processes[arg]
		switch {
		case process:
			names = append(names, arg)
		case group:
			names = append(names, cfg.Members(arg)...)
		default:
			return nil, noName(cfg, "process or group", arg)
		}
	}
	return names, nil
}

// nearFor says for which sights the near misses are wanted: for all that were asked for
// by name, else for those with a problem.
func nearFor(named bool) func(advice.Sight) bool {
	return func(s advice.Sight) bool { return named || !s.OK }
}
