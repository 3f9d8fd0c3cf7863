// Package probe checks from outside whether a process or service works: over HTTP, TCP
// and unix sockets, by programs, heartbeat files and sd_notify. The judgement of the
// results is pure; around it each check runs on its own schedule.
package probe

import (
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/watch"
)

// Check is one active check: exactly one of its kinds is set, beside the common keys.
type Check struct {
	HTTP      *HTTP      `yaml:"http"`
	TCP       *TCP       `yaml:"tcp"`
	Unix      *Unix      `yaml:"unix"`
	Exec      *Exec      `yaml:"exec"`
	Heartbeat *Heartbeat `yaml:"heartbeat"`
	Notify    *Notify    `yaml:"notify"`

	Name       string          `yaml:"name"`        // in messages; the kind, and for the second of a kind "http-2" and so on
	Interval   scalar.Duration `yaml:"interval"`    // 15s, from start to start
	Timeout    scalar.Duration `yaml:"timeout"`     // 10s for one check
	Failures   Failures        `yaml:"failures"`    // 3 in a row, or "3 of 5", make it bad
	Successes  int             `yaml:"successes"`   // 1 in a row makes it ok again
	StartDelay scalar.Duration `yaml:"start-delay"` // 0s after each start of the process before the first check
	OnTimeout  OnTimeout       `yaml:"on-timeout"`  // fail
	Action     watch.Action    `yaml:"action"`      // restart
}

// Failures is how many failures make a check bad: N of the last Of results; Of is N
// where they must be in a row. In YAML it is a number, or "3 of 5".
type Failures struct{ N, Of int }

// OnTimeout says what a check that ran out of its time counts as.
type OnTimeout string

// The choices of OnTimeout.
const (
	TimeoutFails   OnTimeout = "fail" // default
	TimeoutUnknown OnTimeout = "unknown"
)

// HTTP asks a web server.
type HTTP struct {
	URL     string            `yaml:"url"`
	Method  string            `yaml:"method"` // GET
	Headers map[string]string `yaml:"headers"`
}

// TCP connects to a port.
type TCP struct {
	Address string `yaml:"address"` // host:port
}

// Unix connects to a stream socket.
type Unix struct {
	Path string `yaml:"path"`
}

// Exec runs a script or a Nagios plug-in.
type Exec struct {
	Run script.Argv `yaml:"run"`
}

// Heartbeat is a file that the program touches.
type Heartbeat struct {
	File   string          `yaml:"file"`
	MaxAge scalar.Duration `yaml:"max-age"`
}

// Notify is a datagram socket to which the program speaks the sd_notify(3) protocol.
type Notify struct {
	Socket string          `yaml:"socket"`
	MaxAge scalar.Duration `yaml:"max-age"` // between two WATCHDOG=1
}
