// Package confd reads the drop-ins: it parses, validates, composes and follows the
// YAML files of a conf.d directory, and embeds the drop-ins that procward ships. It
// knows the sections; each section's keys belong to the package that obeys them.
package confd

import (
	"procward/escalate"
	"procward/internal/scalar"
	"procward/procscan"
	"procward/restart"
)

// Config is the whole configuration, composed of every drop-in that is good.
type Config struct {
	Daemon    Daemon
	Processes map[string]Process
	Groups    map[string]escalate.Group
	Files     []File    // every drop-in, in order, good or bad
	Problems  []Problem // what is wrong or doubtful, in order of file and line
}

// File is one drop-in as it was last read.
type File struct {
	Name     string `json:"name"`     // its path
	Rejected bool   `json:"rejected"` // it, or its newest version, is left out
	Stale    bool   `json:"stale"`    // its last good version stands in for it
}

// Problem is one thing that is wrong in a drop-in, with its place.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`   // from 1; 0: the whole file
	Column  int    `json:"column,omitempty"` // from 1
	Key     string `json:"key,omitempty"`    // "processes.httpd.restart.window"
	Text    string `json:"text"`             // what is wrong, and the remedy
	Warning bool   `json:"warning"`          // doubtful, not wrong: the file stands
}

// Daemon is the daemon: section.
type Daemon struct {
	Log              Log         `yaml:"log"`
	Observe          bool        `yaml:"observe"`
	Follow           bool        `yaml:"follow"`            // true
	ParallelRestarts int         `yaml:"parallel-restarts"` // 8, at least 1
	RebootLimit      RebootLimit `yaml:"reboot-limit"`
}

// Log says where messages go.
type Log struct {
	To       []string `yaml:"to"`       // auto, journald, syslog, stderr
	Facility string   `yaml:"facility"` // syslog facility: daemon, local0 …
}

// RebootLimit bounds the OS rungs over boots.
type RebootLimit struct {
	Count  int             `yaml:"count"`  // 3, at least 0
	Window scalar.Duration `yaml:"window"` // 24h
}

// Process is one entry of the processes: section.
type Process struct {
	Group    string           `yaml:"group"`
	After    []string         `yaml:"after"`
	Match    procscan.Match   `yaml:"match"`
	Absent   Absent           `yaml:"absent"`
	Excess   Excess           `yaml:"excess"`
	Restart  restart.Spec     `yaml:"restart"`
	Escalate *escalate.Ladder `yaml:"escalate"` // nil: the group's; empty: none
}

// Absent says what to do about a process that is not there at the start.
type Absent string

// The choices of Absent.
const (
	AbsentRestart Absent = "restart" // default
	AbsentWait    Absent = "wait"
	AbsentIgnore  Absent = "ignore"
)

// Excess says what to do about more processes than count.max.
type Excess string

// The choices of Excess.
const (
	ExcessReport  Excess = "report" // default
	ExcessRestart Excess = "restart"
)
