package systemd

import (
	"context"
	"errors"
)

// HostState is the manager's SystemState: initializing, starting, running, degraded,
// maintenance, stopping.
type HostState string

// Booting says that the boot has not finished.
func (s HostState) Booting() bool { return s == "initializing" || s == "starting" }

// Stopping says that the host is being shut down.
func (s HostState) Stopping() bool { return s == "stopping" }

// Host reads the state of the host.
func (l *Link) Host(ctx context.Context) (HostState, error) { return "", errors.ErrUnsupported }

// HostEvent is a change of the host.
type HostEvent struct {
	Kind HostKind
	Why  string // in words: "logind prepares for shutdown", "job for reboot.target"
}

// HostKind says what changed.
type HostKind int

// The kinds of HostEvent.
const (
	BootFinished      HostKind = iota + 1 // the boot has finished
	ShutdownBegins                        // the host is going down
	ShutdownCancelled                     // it is not, after all
)

// Watch calls f with every change of the host until ctx ends, one at a time and in
// order, and returns ctx's error. It begins with what holds now: BootFinished and
// ShutdownBegins are told even where they happened before. A change during a lost
// connection is told once there is one again.
func (l *Link) Watch(ctx context.Context, f func(HostEvent)) error { return errors.ErrUnsupported }
