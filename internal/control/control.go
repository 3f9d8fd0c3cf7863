// Package control connects the operator's commands with the running daemon: HTTP with
// JSON bodies over a unix socket. Paths carry a version (/v1/status), every answer that
// is not a success is an Error with a remedy, and only root and the daemon's own user are
// served. The answers come from a Daemon; the server keeps no state of it and waits for
// it in a goroutine of its own, for a limited time.
package control

import (
	"context"
	"errors"
	"time"

	confd "procward/conf.d"
	"procward/internal/engine"
)

// DefaultSocket is where the daemon listens and the commands ask.
const DefaultSocket = "/run/procward/control.sock"

// The paths of version 1. A path never changes its meaning.
const (
	pathStatus = "/v1/status" // GET: engine.Status
	pathReload = "/v1/reload" // POST, no body: Reloaded
	pathOrders = "/v1/orders" // POST Order: engine.Ordered
)

// Limits of one exchange.
const (
	maxHeader     = 16 << 10
	maxBody       = 64 << 10 // of a request
	maxAnswer     = 64 << 20 // what a client reads at most
	headerTimeout = 5 * time.Second
	idleTimeout   = 30 * time.Second
	answerTimeout = 30 * time.Second // for the daemon to answer, and again for the client to read it
)

// Daemon is what the server asks. Its methods are called from many goroutines and return
// when ctx ends, whatever the daemon is doing.
type Daemon interface {
	Status(ctx context.Context) (engine.Status, error)
	Reload(ctx context.Context) (Reloaded, error)
	Operate(ctx context.Context, o engine.Order) (engine.Ordered, error)
}

// Order is what an operator asks for. The socket tells who asks.
type Order struct {
	Verb  engine.Verb `json:"verb"`
	Names []string    `json:"names,omitempty"`
	Try   bool        `json:"try,omitempty"` // only check: do nothing, report what it would concern
}

// The codes of an Error about an order.
const (
	NoSuchName = 404
	Refused    = 409
)

// Reloaded is what a reload changed and what it rejected.
type Reloaded struct {
	Changed  []string        `json:"changed"`            // names of processes and groups: new, different or gone
	Settings []string        `json:"settings,omitempty"` // settings under daemon: that have changed, in words, and why one is not in force
	Files    []confd.File    `json:"files"`              // every drop-in as it is now
	Problems []confd.Problem `json:"problems,omitempty"` // what is wrong or doubtful now
}

// Error is an answer that is not a success, and the JSON that carries it.
type Error struct {
	Code    int    `json:"-"`                // HTTP status
	Message string `json:"error"`            // what is wrong
	Remedy  string `json:"remedy,omitempty"` // what to do about it
}

func (e *Error) Error() string { return e.Message }

// Sentinels, for errors.Is.
var (
	// ErrNoDaemon: nobody listens on the socket.
	ErrNoDaemon = errors.New("no procward is running here")
	// ErrRunning: another daemon holds the socket or the state directory.
	ErrRunning = errors.New("another procward is already running here")
)
