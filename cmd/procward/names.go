package main

import "github.com/spf13/cobra"

// completeNames completes the names of processes and groups.
func completeNames(*flags) cobra.CompletionFunc {
	return cobra.NoFileCompletions
}
