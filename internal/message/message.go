// Package message is the catalogue of everything procward says, with stable IDs, and
// the sinks that say it: journald, syslog, JSON lines and text. A slow or dead sink
// never delays who sends.
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
// {attempt}, {attempts}, {rung}, {probe}, and {detail}, which is free text. A part in
// square brackets is left out, separator and all, when a field in it is empty:
// "recovered[: {detail}]" reads "recovered" without a detail, "down[: {cause}][: {detail}]"
// any of four ways. So who sends gives plain values, never one that begins or ends with
// a separator. Brackets do not nest.
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
	Output     string        // of a script: what it wrote last is what is kept where room is short
	Took       time.Duration // shown in microseconds
	Injected   bool          // the failure was asked for (rehearsal)
	Observed   bool          // decided, but not done: observe mode
	HostEnds   bool          // sent while the host goes down, see Severity
	Detail     string        // the {detail} of the text: plain words without a separator around them
}

// Severity is that of the kind; but while the host goes down everything that is watched ends,
// and nobody is to be called for it: no message is worse than a notice then, unless it is
// about what ends the machine or about the host (PW05, PW07).
func (m Message) Severity() Severity {
	if s := m.Kind.Severity; !m.HostEnds || s > Err || strings.HasPrefix(m.Kind.ID, "PW05") || strings.HasPrefix(m.Kind.ID, "PW07") {
		return s
	}
	return Notice
}
