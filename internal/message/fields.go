package message

import (
	"strconv"
	"time"
)

// Bounds in bytes. A line fits the 8 KiB that syslog daemons take by default, header
// included.
const (
	maxLine   = 8000      // a line of text
	maxEntry  = 4000      // the line in journald, as journalctl -o json shows null for more than 4096
	maxValue  = 256       // one value of key=value in a line
	maxDetail = 2048      // the detail in a line
	maxOutput = 32 * 1024 // script output in JSON and journald, where it has a field of its own
)

// stamp is RFC 3339 with microseconds.
const stamp = "2006-01-02T15:04:05.000000Z07:00"

// field is one key and its value, as every form writes it.
type field struct {
	key   string
	value string // never empty
	bare  bool   // a JSON number or boolean, without quotes
	line  bool   // shown in the line of text too
}

// fields lists what applies to m besides time, ID, severity, event and the sentence,
// in the order in which every form shows it.
func (m Message) fields() []field {
	all := []field{
		{key: "process", value: m.Process, line: true},
		{key: "group", value: m.Group, line: true},
		{key: "monitor", value: m.Monitor, line: true},
		{key: "pid", value: number(m.PID), bare: true, line: true},
		{key: "cause", value: m.Cause, line: true},
		{key: "exit_code", value: code(m.ExitCode), bare: true},
		{key: "exit_signal", value: m.ExitSignal},
		{key: "core", value: yes(m.Core), bare: true},
		{key: "attempt", value: number(m.Attempt), bare: true, line: true},
		{key: "attempts", value: m.Attempts, line: true},
		{key: "rung", value: m.Rung, line: true},
		{key: "probe", value: m.Probe, line: true},
		{key: "output", value: m.Output},
		{key: "took_us", value: number(int(m.Took / time.Microsecond)), bare: true},
		{key: "injected", value: yes(m.Injected), bare: true},
		{key: "observed", value: yes(m.Observed), bare: true},
	}
	set := all[:0]
	for _, f := range all {
		if f.value != "" {
			set = append(set, f)
		}
	}
	return set
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func code(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func yes(b bool) string {
	if !b {
		return ""
	}
	return "true"
}
