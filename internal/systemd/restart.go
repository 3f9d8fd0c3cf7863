package systemd

import (
	"context"
	"errors"
)

// Restart asks systemd to restart the unit, with mode "fail", and waits for the job to
// end. ErrConflict is wrapped where systemd refuses because of a conflicting job, or
// the job was cancelled for one. Other errors hold the job's result and the state of
// the unit. When ctx ends the job goes on.
func (l *Link) Restart(ctx context.Context, unit string) error { return errors.ErrUnsupported }
