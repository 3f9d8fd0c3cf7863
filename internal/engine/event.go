package engine

import (
	"time"

	"procward/internal/engine/climb"
	"procward/internal/message"
)

// HookEvent is what a hook reads on its standard input: the message that asks for the
// rung, and the state of each process that the ladder is for.
type HookEvent struct {
	Message message.Message
	Members []Member
}

// Member is one process in the form for a hook. What does not apply is left out.
type Member struct {
	Process    string `json:"process"`
	State      State  `json:"state"`
	PIDs       []int  `json:"pids"`                  // the living ones
	Attempt    int    `json:"attempt"`               // how many are used in the window
	Attempts   string `json:"attempts"`              // of how many: "3", "unlimited"
	DownUS     int64  `json:"down_us,omitempty"`     // how long its outage has lasted, microseconds
	PID        int    `json:"pid,omitempty"`         // that ended or was stalled; like those below of this outage
	Cause      string `json:"cause,omitempty"`       // in words
	ExitCode   *int   `json:"exit_code,omitempty"`   //
	ExitSignal string `json:"exit_signal,omitempty"` // "SIGKILL"
	Core       bool   `json:"core,omitempty"`        // a core was dumped
	Unit       string `json:"unit,omitempty"`        // of systemd
}

// JSON is the event as one line, at a time of the wall clock; of no event it is nil.
func (e *HookEvent) JSON(wall time.Time) []byte {
	if e == nil {
		return nil
	}
	msg := e.Message
	msg.Time = wall
	return msg.JSONWith("members", e.Members)
}

func (m *Machine) hookEvent(l *climb.Ladder, c climb.RunHook) *HookEvent {
	e := &HookEvent{Members: []Member{}, Message: message.Message{
		Kind: message.RungAsked, Process: l.Process, Group: l.Group, Monitor: l.Monitor,
		Rung: c.Rung, Attempt: c.Attempt,
	}}
	names := m.members(l.Group)
	switch mon := m.monitors.all[l.Monitor]; {
	case mon != nil:
		names, e.Message.Cause = mon.Targets, mon.InWords()
	case l.Process != "":
		names = []string{l.Process}
	}
	for _, name := range names {
		if p := m.procs[name]; p != nil {
			e.Members = append(e.Members, m.member(p))
		}
	}
	return e
}

func (m *Machine) member(p *process) Member {
	view := p.View()
	out := Member{
		Process: p.Name, State: p.State(), PIDs: []int{}, Unit: view.Unit,
		Attempt: p.Spec.Restart.Used(p.History, m.now), Attempts: p.Spec.Restart.Attempts.String(),
	}
	for _, id := range p.Tracks() {
		out.PIDs = append(out.PIDs, id.PID)
	}
	if !view.Sure {
		return out
	}
	s, since := p.Trouble()
	out.DownUS, out.Cause, out.PID = (m.now - since).Microseconds(), s.Cause, s.PID
	out.ExitCode, out.ExitSignal, out.Core = s.ExitCode, s.ExitSignal, s.Core
	return out
}
