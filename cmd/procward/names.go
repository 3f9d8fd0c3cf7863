package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	confd "procward/conf.d"
)

// completeNames completes the name of a process or group, once.
func completeNames(f *flags) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		cfg, err := load(f)
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return append(slices.Sorted(maps.Keys(cfg.Processes)), slices.Sorted(maps.Keys(cfg.Groups))...), cobra.ShellCompDirectiveNoFileComp
	}
}

// noName is the failure for a name that the configuration has not.
func noName(cfg *confd.Config, name string) error {
	remedy := "procward check shows what is wrong with the drop-ins"
	if !rejected(cfg.Files, cfg.Problems) {
		remedy = "the names stand in the drop-ins, below processes: and groups:"
	}
	return &failure{exitNoName, fmt.Errorf("no process or group %q is configured", name), remedy}
}
