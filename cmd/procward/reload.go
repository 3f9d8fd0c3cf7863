package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	confd "procward/conf.d"
	"procward/internal/control"
	"procward/internal/terminal"
)

func reloadCommand(f *flags) *cobra.Command {
	var jsonOut bool
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Have the daemon read its drop-ins again",
		Long: `Asks the daemon to read its drop-ins again, and prints what changed and what was
rejected. What did not change goes on untouched: tracked PIDs, counters, running
scripts. Of a drop-in that is bad now the last good version stays.

Exit codes: 0, 1 something was rejected, 2 wrong usage, 3 no daemon answers.`,
		Example: `  procward check && procward reload`,
		Args:    cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			return reload(cmd, f, jsonOut)
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON")
	return cmd
}

func reload(cmd *cobra.Command, f *flags, jsonOut bool) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), reloadDeadline)
	defer cancel()
	r, raw, err := control.NewClient(f.socket).Reload(ctx)
	if err != nil {
		return askFailure(err, f.socket)
	}
	if jsonOut {
		if err := terminal.JSON(cmd.OutOrStdout(), raw); err != nil {
			return err
		}
	} else {
		showReloaded(terminal.On(cmd.OutOrStdout()), r)
	}
	if rejected(r.Files, r.Problems) {
		return &failure{code: exitBad}
	}
	return nil
}

func showReloaded(p terminal.Writer, r control.Reloaded) {
	if len(r.Changed)+len(r.Settings) == 0 {
		fmt.Fprintln(p, "nothing changed")
	}
	for _, name := range r.Changed {
		fmt.Fprintf(p, "changed: %s\n", name)
	}
	for _, words := range r.Settings {
		fmt.Fprintf(p, "changed: %s\n", terminal.Visible(words))
	}
	showConfig(p, r.Files, r.Problems)
}

// rejected reports whether a drop-in, or its newest version, is not in force.
func rejected(files []confd.File, problems []confd.Problem) bool {
	for _, f := range files {
		if f.Rejected {
			return true
		}
	}
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

// showConfig writes what is wrong with the drop-ins.
func showConfig(p terminal.Writer, files []confd.File, problems []confd.Problem) {
	for _, f := range files {
		switch {
		case f.Rejected && f.Stale:
			p.Line(terminal.Red, "rejected: %s (its last good version stays in force)", f.Name)
		case f.Rejected:
			p.Line(terminal.Red, "rejected: %s (nothing in it is watched)", f.Name)
		}
	}
	for _, pr := range problems {
		showProblem(p, pr)
	}
}

func showProblem(p terminal.Writer, pr confd.Problem) {
	if pr.Warning {
		p.Line(terminal.Yellow, "warning: %s", terminal.Visible(pr.String()))
		return
	}
	p.Line(terminal.Red, "problem: %s", terminal.Visible(pr.String()))
}
