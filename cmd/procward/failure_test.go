package main

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"procward/internal/control"
)

// What may not be asked is not what does not run: scripts that go by exit code 3 start a
// daemon.
func TestAskFailure(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"nobody listens":      {fmt.Errorf("%w (nobody listens on s)", control.ErrNoDaemon), exitNoDaemon},
		"may not be opened":   {fmt.Errorf("ask the daemon: %w", unix.EACCES), exitNoAccess},
		"refused":             {&control.Error{Message: "no"}, exitBad},
		"nothing is answered": {errors.New("ask the daemon: no answer in time"), exitNoDaemon},
	} {
		var f *failure
		if err := askFailure(c.err, "s"); !errors.As(err, &f) || f.code != c.want {
			t.Errorf("%s: %v, want exit code %d", name, err, c.want)
		}
	}
}
