package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func runCommand(*flags) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Watch: the daemon, in the foreground",
		Args:  cobra.NoArgs,
		RunE:  runs(func(*cobra.Command, []string) error { return errors.New("run is not there yet") }),
	}
}
