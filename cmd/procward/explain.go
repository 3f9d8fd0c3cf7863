package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func explainCommand(*flags) *cobra.Command {
	return &cobra.Command{
		Use:  "explain",
		RunE: runs(func(*cobra.Command, []string) error { return errors.New("explain is not there yet") }),
	}
}
