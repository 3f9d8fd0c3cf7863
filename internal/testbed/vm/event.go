package vm

import (
	"encoding/json"
	"io"
	"net"
	"slices"
	"strings"
)

// Event is an event of the machine as qemu tells it (QMP), for instance
//
//	SHUTDOWN guest-shutdown   it has powered itself off
//	SHUTDOWN guest-reset      it has reset itself, or its watchdog has; it boots again
//	GUEST_PANICKED run        its kernel has panicked
//	WATCHDOG reset            its watchdog was not fed
type Event struct {
	Name   string
	Reason string // qemu's reason, or else what it does about it (its action)
}

// String is "NAME REASON".
func (e Event) String() string { return strings.TrimSpace(e.Name + " " + e.Reason) }

// note notes the events that come over the connection until it ends. It says whether the
// machine was reset.
func (m *Guest) note(control net.Conn) (reset bool) {
	if _, err := io.WriteString(control, `{"execute":"qmp_capabilities"}`+"\n"); err != nil {
		return false
	}
	for d := json.NewDecoder(control); ; {
		var message struct {
			Event string
			Data  struct{ Reason, Action string }
		}
		if err := d.Decode(&message); err != nil {
			return reset
		}
		e := Event{message.Event, message.Data.Reason}
		if e.Reason == "" {
			e.Reason = message.Data.Action
		}
		if e.Name == "SHUTDOWN" && strings.HasSuffix(e.Reason, "-reset") {
			reset = true
		}
		if e.Name != "" {
			m.change(func() { m.events = append(m.events, e) })
		}
	}
}

// Event waits for the next event with one of the names, after the last that it returned.
func (m *Guest) Event(names ...string) Event {
	m.t.Helper()
	var found Event
	m.until(strings.Join(names, " or "), func() bool {
		for i, e := range m.events[m.told:] {
			if slices.Contains(names, e.Name) {
				found = e
				m.told += i + 1
				return true
			}
		}
		return false
	})
	return found
}

// Events are all events so far.
func (m *Guest) Events() []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}
