package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func demoCommand(*flags) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show at work what procward does, without root or configuration",
		Args:  cobra.NoArgs,
		RunE:  runs(func(*cobra.Command, []string) error { return errors.New("demo is not there yet") }),
	}
}
