package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func checkCommand(*flags) *cobra.Command {
	return &cobra.Command{
		Use:  "check",
		RunE: runs(func(*cobra.Command, []string) error { return errors.New("check is not there yet") }),
	}
}
