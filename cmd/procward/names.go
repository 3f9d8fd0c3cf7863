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
	return completed(f, func(cfg *confd.Config) []string {
		return append(slices.Sorted(maps.Keys(cfg.Processes)), slices.Sorted(maps.Keys(cfg.Groups))...)
	})
}

// completeAll completes the name of a process, group or monitor, once.
func completeAll(f *flags) cobra.CompletionFunc {
	return completed(f, func(cfg *confd.Config) []string {
		return slices.Concat(slices.Sorted(maps.Keys(cfg.Processes)), slices.Sorted(maps.Keys(cfg.Groups)), slices.Sorted(maps.Keys(cfg.Monitors)))
	})
}

func completed(f *flags, names func(*confd.Config) []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		cfg, err := load(f)
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cfg), cobra.ShellCompDirectiveNoFileComp
	}
}

// noName is the failure for a name that the configuration does not have.
func noName(cfg *confd.Config, what, name string) error {
	remedy := "procward check shows what is wrong with the drop-ins"
	if !rejected(cfg.Files, cfg.Problems) {
		remedy = "the names stand in the drop-ins, below processes:, groups: and monitors:"
	}
	return &failure{exitNoName, fmt.Errorf("no %s %q is configured", what, name), remedy}
}
