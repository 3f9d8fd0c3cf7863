package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	confd "procward/conf.d"
	"procward/internal/advice"
	"procward/internal/daemon"
	"procward/internal/scalar"
	"procward/internal/terminal"
)

func checkCommand(f *flags) *cobra.Command {
	var jsonOut bool
	cmd := &cobra.Command{
		Use:   "check [FILE...]",
		Short: "Check the drop-ins",
		Long: `Checks the drop-ins as the daemon would read them at its start, and shows every
problem with file, line, column and remedy. Warnings stand apart: they are doubtful,
not wrong. They include what can be told only on the host itself: a script that is
missing, a match that selects nothing or several programs at this moment, a unit that
systemd restarts as well. A rung that ends the machine in a way that this host does
not have is a problem: procward would not start with it.

With FILE only these files are checked, together, without a look at this host.

Exit codes: 0 valid (there may be warnings), 1 problems, 2 wrong usage.`,
		Example: `  procward check
  procward check ./web.yaml                        before it is installed
  procward check --json | jq -r '.problems[].text'`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			return check(cmd, f, args, jsonOut)
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON")
	return cmd
}

// findings is what check tells.
type findings struct {
	Valid     bool            `json:"valid"`
	Files     []confd.File    `json:"files"`
	Processes []string        `json:"processes"` // of the drop-ins that are good
	Groups    []string        `json:"groups"`
	Monitors  []string        `json:"monitors"`
	Problems  []confd.Problem `json:"problems"`
	Warnings  []confd.Problem `json:"warnings"`
}

func check(cmd *cobra.Command, f *flags, files []string, jsonOut bool) error {
	found, err := findingsOf(cmd.Context(), f, files)
	if err != nil {
		return err
	}
	if jsonOut {
		err = terminal.JSON(cmd.OutOrStdout(), found)
	} else {
		showFindings(terminal.On(cmd.OutOrStdout()), found)
	}
	if err == nil && !found.Valid {
		return &failure{code: exitBad}
	}
	return err
}

func findingsOf(ctx context.Context, f *flags, files []string) (findings, error) {
	if len(files) > 0 {
		cfg, err := loadFiles(files)
		if err != nil {
			return findings{}, err
		}
		return sorted(cfg, nil, nil), nil
	}
	cfg, err := load(f)
	if err != nil {
		return findings{}, err
	}
	doubts, err := advice.Doubts(ctx, cfg)
	if err != nil {
		return findings{}, err
	}
	doubts = append(doubts, advice.Places(cfg, f.stateDir, f.socket)...)
	if f.reach.Foreign() {
		doubts = append(doubts, advice.WithoutSystemd(cfg)...)
	}
	return sorted(cfg, refusals(cfg, f.reach), doubts), nil
}

// sorted parts the problems from the warnings.
func sorted(cfg *confd.Config, refused, doubts []confd.Problem) findings {
	out := findings{
		Files: append([]confd.File{}, cfg.Files...), Problems: []confd.Problem{}, Warnings: []confd.Problem{},
		Processes: append([]string{}, slices.Sorted(maps.Keys(cfg.Processes))...),
		Groups:    append([]string{}, slices.Sorted(maps.Keys(cfg.Groups))...),
		Monitors:  append([]string{}, slices.Sorted(maps.Keys(cfg.Monitors))...),
	}
	for _, p := range slices.Concat(cfg.Problems, refused, doubts) {
		if p.Warning {
			out.Warnings = append(out.Warnings, p)
		} else {
			out.Problems = append(out.Problems, p)
		}
	}
	out.Valid = len(out.Problems) == 0
	return out
}

// refusals is the rungs and restarts that this machine cannot carry out: then the daemon
// does not start; in observe mode they are only reported.
func refusals(cfg *confd.Config, at *daemon.Reach) []confd.Problem {
	refused := daemon.Refusals(cfg, at)
	for i := range refused {
		refused[i].Warning = cfg.Daemon.Observe
	}
	return refused
}

func showFindings(p terminal.Writer, f findings) {
	for _, pr := range f.Problems {
		p.Line(terminal.Red, "%s", terminal.Visible(pr.String()))
	}
	if len(f.Problems) > 0 && len(f.Warnings) > 0 {
		fmt.Fprintln(p)
	}
	for _, pr := range f.Warnings {
		p.Line(terminal.Yellow, "warning: %s", terminal.Visible(pr.String()))
	}
	if len(f.Problems)+len(f.Warnings) > 0 {
		fmt.Fprintln(p)
	}
	verdict, c := "valid", terminal.Green
	if !f.Valid {
		verdict, c = scalar.Counted(len(f.Problems), "problem", "problems"), terminal.Red
	}
	if n := len(f.Warnings); n > 0 {
		verdict += ", " + scalar.Counted(n, "warning", "warnings")
	}
	contents := []string{scalar.Counted(len(f.Files), "drop-in", "drop-ins"), scalar.Counted(len(f.Processes), "process", "processes"), scalar.Counted(len(f.Groups), "group", "groups")}
	if n := len(f.Monitors); n > 0 {
		contents = append(contents, scalar.Counted(n, "monitor", "monitors"))
	}
	fmt.Fprintf(p, "%s: %s\n", p.In(c, verdict), strings.Join(contents, ", "))
}
