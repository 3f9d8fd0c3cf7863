package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"procward/internal/advice"
	"procward/internal/terminal"
)

// build says what this program was made of.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source, "+changes" where it was not clean
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Revision = s.Value + b.Revision
		case s.Key == "vcs.modified" && s.Value == "true":
			b.Revision += "+changes"
		}
	}
	return b
}

func versionCommand() *cobra.Command {
	var jsonOut bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Show the version, and what this host offers to it",
		Long: `Shows the version, what it was built with, and which features of the kernel and the
system it finds on this host. Put it into every bug report.

Exit codes: 0, 2 wrong usage.`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			v := struct {
				build
				Host advice.Offer `json:"host"`
			}{thisBuild(), advice.Probe(cmd.Context())}
			if jsonOut {
				return terminal.JSON(cmd.OutOrStdout(), v)
			}
			p := terminal.On(cmd.OutOrStdout())
			fmt.Fprintf(p, "procward %s\n", v.Version)
			rows := [][]terminal.Cell{{terminal.None.Of("  built with"), terminal.None.Of(v.Go + " for " + v.Platform)}}
			if v.Revision != "" {
				rows = append(rows, []terminal.Cell{terminal.None.Of("  source"), terminal.None.Of(v.Revision)})
			}
			p.Table(append(rows, offerRows(v.Host)...))
			return nil
		}),
	}
	cmd.Flags().BoolVar(&jsonOut, "json", false, "write JSON")
	return cmd
}

func offerRows(h advice.Offer) [][]terminal.Cell {
	rows := [][]terminal.Cell{{terminal.None.Of("  kernel"), terminal.None.Of(h.Kernel)}}
	for _, f := range h.Features {
		c := terminal.Green.Of("yes")
		if !f.There {
			c = terminal.Yellow.Of("no: " + f.Note)
		}
		rows = append(rows, []terminal.Cell{terminal.None.Of("  " + f.Name), c})
	}
	for _, text := range h.Fallbacks {
		rows = append(rows, []terminal.Cell{terminal.None.Of("  fallback"), terminal.Yellow.Of(text)})
	}
	return rows
}
