package main

import (
	"fmt"

	"io"

	confd "procward/conf.d"
	"procward/internal/daemon"
	"procward/internal/terminal"
)

// load reads the drop-ins as the daemon does at its start.
func load(f *flags) (*confd.Config, error) {
	cfg, err := daemon.Load(f.configDir, f.stateDir)
	if err != nil {
		return nil, &failure{exitBad, err, "--config-dir names the directory of the drop-ins"}
	}
	return cfg, nil
}

// warnRejected warns that some drop-ins are left out.
func warnRejected(w io.Writer, cfg *confd.Config) {
	for _, f := range cfg.Files {
		if f.Rejected {
			fmt.Fprintf(w, "procward: %s is rejected and left out: procward check says why\n", terminal.Visible(f.Name))
		}
	}
}
