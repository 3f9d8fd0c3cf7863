// Package message is the catalogue of all messages of procward, with stable IDs, and the
// sinks that write them: journald, syslog, JSON lines and text. A slow or dead sink never
// delays a sender.
package message

//go:generate go test . -run Docs -update

import (
	"strconv"
	"strings"
	"time"
)

// Severity is a syslog severity (RFC 5424, table 2); smaller is worse.
type Severity int

// The severities, with their syslog numbers 0 to 7.
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
	if s < Emerg || s > Debug {
		return "severity " + strconv.Itoa(int(s))
	}
	return [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}[s]
}

// MarshalText writes the syslog word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Kind is one entry of the catalogue. An ID never changes its meaning.
//
// Text is the sentence. A {name} in it stands for a field of the Message: {cause},
// {attempt}, {attempts}, {rung}, {probe}, and {detail}, which is free text. If a field in
// square brackets is empty, the whole part in the brackets is left out with its
// separator: "recovered[: {detail}]" is "recovered" without a detail. So senders give
// plain values that do not begin or end with a separator. Brackets do not nest.
type Kind struct {
	ID       string   `json:"id"`       // PW0201; the first four characters name its section
	Event    string   `json:"event"`    // one of a fixed set of words: down
	Severity Severity `json:"severity"` // of the messages of this kind, see Message.Severity
	Text     string   `json:"text"`     // the sentence, see above
	Example  Message  `json:"-"`        // fields of a typical message, without Kind; see Line
	Meaning  string   `json:"meaning"`  // for the operator
	Action   string   `json:"action"`   // what the operator should do; empty only if that is nothing
}

// Line is the example as syslog shows it.
func (k *Kind) Line() string {
	m := k.Example
	m.Kind = k
	return m.Line()
}

// Message is one event or decision. Fields that do not apply stay zero, and are left
// out of every form in which the message is written; ExitCode is a pointer because 0
// is a code like any other.
type Message struct {
	Kind       *Kind     // never nil
	Time       time.Time // wall clock, only to show; Send fills in the present where it is zero
	Process    string
	Group      string
	Monitor    string
	PID        int    // of the watched process
	Cause      string // in words
	ExitCode   *int
	ExitSignal string // "SIGKILL"
	Core       bool   // a core was dumped
	Attempt    int    // from 1
	Attempts   string // "3", "unlimited"
	Rung       string
	Probe      string
	Output     string        // of a script; where room is short its end is kept
	Took       time.Duration // shown in microseconds
	Injected   bool          // the failure was produced on purpose (rehearsal)
	Observed   bool          // decided but not done: observe mode
	HostEnds   bool          // sent while the host goes down, see Severity
	Detail     string        // the {detail} of the text: plain words without a separator around them
}

// Severity is the severity of the kind, with one exception: while the host goes down
// everything that is watched ends, and nobody must be called for that. Then no message is
// worse than a notice, except those about the end of the machine and about the host
// (PW05, PW07).
func (m Message) Severity() Severity {
	if s := m.Kind.Severity; !m.HostEnds || s > Err || strings.HasPrefix(m.Kind.ID, "PW05") || strings.HasPrefix(m.Kind.ID, "PW07") {
		return s
	}
	return Notice
}
