package main

import (
	"errors"

	"github.com/spf13/cobra"
	"io/fs"

	"procward/internal/control"
)

// The exit codes of the commands; run has those of the daemon besides.
const (
	exitBad      = 1 // the answer is bad news, or the command failed
	exitUsage    = 2 // the command line is wrong
	exitNoDaemon = 3 // no daemon answers
	exitNoName   = 4 // no such process, group or message ID
	exitNoAccess = 5 // the daemon's socket is there and closed to us: nothing is known
)

// failure is the end of a command with an exit code above 0. Without err nothing more is
// written, because the output has said it.
type failure struct {
	code   int
	err    error
	remedy string // what the operator can do about it, if anything
}

func (f *failure) Error() string {
	if f.err == nil {
		return "failed"
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// runs turns an error of the command itself into a failure with exit code 1, so that only
// what cobra finds wrong with the command line counts as wrong usage.
func runs(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := f(cmd, args)
		var known *failure
		if err == nil || errors.As(err, &known) {
			return err
		}
		return &failure{code: exitBad, err: err}
	}
}

// askFailure is the failure of a command that asked the daemon.
func askFailure(err error, socket string) error {
	var refused *control.Error
	switch {
	case errors.Is(err, control.ErrNoDaemon):
		return &failure{exitNoDaemon, err, "start it with systemctl start procward; if it listens elsewhere, name its --socket"}
	case errors.Is(err, fs.ErrPermission):
		return &failure{exitNoAccess, err, "run the command as root, or as the user the daemon runs as"}
	case errors.As(err, &refused):
		return &failure{exitBad, err, refused.Remedy}
	}
	return &failure{exitNoDaemon, err, "look at the daemon's messages: journalctl -u procward; its socket is " + socket}
}
