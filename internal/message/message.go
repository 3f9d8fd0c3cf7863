// Package message is the catalogue of everything procward says, with stable IDs, and
// the sinks that say it: journald, syslog, JSON lines and text. A slow or dead sink
// never delays who sends.
package message

import (
	"time"
)

// Severity is a syslog severity (RFC 5424, table 2); smaller is worse.
type Severity int

// The severities in use.
const (
	Emerg Severity = iota
	Alert
	Crit
	Err
	Warning
	Notice
	Info
	Debug
)

// String is the syslog word: "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug".
func (s Severity) String() string {
	return [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}[s]
}

// MarshalText writes the syslog word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Kind is one entry of the catalogue. An ID never changes its meaning.
type Kind struct {
	ID       string   `json:"id"`       // PW0201
	Event    string   `json:"event"`    // one of a fixed set of words: down
	Severity Severity `json:"severity"` //
	Text     string   `json:"text"`     // {cause}-style placeholders are fields of Message; {detail} is free text
	Meaning  string   `json:"meaning"`  // for the operator
	Action   string   `json:"action"`   // what the operator should do, if anything
}

// Message is one event or decision. Fields that do not apply stay zero.
type Message struct {
	Kind       *Kind
	Time       time.Time // wall clock, only to show
	Process    string
	Group      string
	Monitor    string
	PID        int
	Cause      string // in words
	ExitCode   *int
	ExitSignal string
	Core       bool
	Attempt    int
	Attempts   string // "3", "unlimited"
	Rung       string
	Probe      string
	Output     string
	Took       time.Duration
	Injected   bool   // the failure was asked for (rehearsal)
	Observed   bool   // decided, but not done: observe mode
	Detail     string // the {detail} of the text
}
