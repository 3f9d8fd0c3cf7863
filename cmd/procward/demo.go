package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"procward/internal/demo"
)

func demoCommand(*flags) *cobra.Command {
	var jsonOut bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show at work what procward does, without root or configuration",
		Long: `Starts a few processes of its own, runs the real daemon on them and shows what it
does, as it happens: found by a scan; killed and restarted, with the time that took;
replaced by a successor; an exit code seen; a crash loop and its escalation. It takes
about ten seconds and at most thirty. It touches nothing but its own processes and a
temporary directory, and leaves neither behind.

Exit codes: 0 everything happened as shown, 1 not, or interrupted, 2 wrong usage.`,
		Example: `  procward demo
  procward demo --json     one JSON object a line: what the demo does, and procward's messages`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			ok, err := demo.Run(cmd.Context(), cmd.OutOrStdout(), jsonOut)
			if err == nil && !ok {
				return &failure{code: exitBad}
			}
			return err
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON lines")
	return cmd
}

// liveAsVictim is what a process of the demo does, and does not return then.
func liveAsVictim() {
	code, mine, err := demo.Victim(os.Args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if mine {
		unix.Exit(code) // at once: with the race detector os.Exit would wait a second
	}
}
