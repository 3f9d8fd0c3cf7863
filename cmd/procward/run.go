package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"procward/internal/daemon"
	"procward/internal/message"
)

// runFlags are the flags of run.
type runFlags struct {
	observe   bool
	logTo     []string
	logFormat string
}

func runCommand(f *flags) *cobra.Command {
	var r runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Watch: the daemon, in the foreground",
		Long: `Watches the processes that the drop-ins describe, restarts and escalates. It stays in
the foreground and ends on SIGTERM or SIGINT, leaving the watched processes and the
scripts that run alone. SIGHUP reads the drop-ins again.

What must outlive it is kept in --state-dir: attempts, ladders, what is given up or
stopped, what is tracked and which scripts run. A daemon that is started again, also
after it was killed, goes on from there. With --observe nothing is kept.

Exit codes: 0 stopped by request, 1 nothing could be watched (every drop-in is bad, or
another procward is running), 2 wrong usage, 70 to 79 a stop-daemon rung.`,
		Example: `  procward run --observe --log-to stderr     see what it would do, do nothing
  procward run                               as the service does`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error { return r.run(cmd, f) }),
	}
	cmd.Flags().BoolVar(&r.observe, "observe", false, "report everything, do nothing")
	cmd.Flags().StringSliceVar(&r.logTo, "log-to", nil, "where messages go: auto, journal, syslog, stderr (default: daemon.log.to)")
	cmd.Flags().StringVar(&r.logFormat, "log-format", "text", "of messages on stderr: text or json")
	return cmd
}

func (r runFlags) run(cmd *cobra.Command, f *flags) error {
	if r.logFormat != "text" && r.logFormat != "json" {
		return &failure{code: exitUsage, err: fmt.Errorf("--log-format %q is neither text nor json", r.logFormat)}
	}
	if err := (message.Destination{To: r.logTo}).Validate(); err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("--log-to: %w", err)}
	}
	for _, path := range []*string{&f.configDir, &f.stateDir, &f.socket} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = abs
	}
	code, err := daemon.Run(cmd.Context(), daemon.Options{
		ConfigDir: f.configDir, StateDir: f.stateDir, Socket: f.socket, Observe: r.observe,
		LogTo: r.logTo, LogJSON: r.logFormat == "json", Reach: f.reach, Version: thisBuild().Version,
	})
	var refused *daemon.Refused
	switch {
	case errors.As(err, &refused):
		return &failure{code: exitBad, err: err, remedy: refused.Remedy}
	case err == nil && code != 0:
		return &failure{code: code}
	}
	return err
}
