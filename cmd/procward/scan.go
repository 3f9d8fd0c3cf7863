package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func scanCommand(*flags) *cobra.Command {
	return &cobra.Command{
		Use:  "scan",
		RunE: runs(func(*cobra.Command, []string) error { return errors.New("scan is not there yet") }),
	}
}
