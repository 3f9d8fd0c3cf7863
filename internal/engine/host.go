package engine

import (
	"cmp"

	"procward/internal/engine/climb"
	"procward/internal/engine/life"
	"procward/internal/engine/monitor"
	"procward/internal/engine/operation"
	"procward/internal/message"
)

// holds is why nothing is done at present.
type holds struct {
	suspended    string // why, or empty
	hostHold     string // because the host goes down
	operatorHold string // because the operator wants it; saved
	configHold   string // because a reload says observe
	hostEnds     bool   // the host goes down
	ownShutdown  bool   // by our own rung
}

// suspend stops everything: no attempt and no rung begins until resume. Scripts that run
// are allowed to finish.
func (m *Machine) suspend(in Suspend) {
	why := in.Why
	m.hostEnds = m.hostEnds || in.HostEnds
	if ours := m.ownEnd(); ours != "" {
		why, m.ownShutdown = ours, true
	} else if m.ownShutdown {
		why = m.hostHold
	}
	m.hostHold = why
	m.holdAll(why)
}

func (m *Machine) holdAll(why string) {
	if m.suspended != "" {
		return
	}
	m.suspended = why
	m.say(message.Suspended, nil, func(s *message.Message) { s.Detail = why })
	m.freeze()
}

// freeze forgets what was about to be done, if nothing runs for it yet.
func (m *Machine) freeze() {
	for _, key := range sortedKeys(m.ops.all) {
		if op := m.ops.all[key]; op != nil { // else it has ended with one before it
			m.post(toOperation{op, operation.Frozen{}})
			m.deliver()
		}
	}
	for _, name := range m.names {
		m.processes.tell(m.procs[name], life.Freeze{Own: m.ownShutdown})
	}
	for _, key := range sortedKeys(m.ladders.all) {
		m.ladders.tell(m.ladders.all[key], climb.Frozen{})
	}
}

// resume looks again at everything: what is up is adopted, the rest is absent.
func (m *Machine) resume(why string) {
	m.hostEnds = false
	if m.hostHold != "" {
		m.hostHold, m.ownShutdown = "", false
		m.letAllGo(why)
	}
}

// letAllGo ends a suspension, unless there is another reason for it.
func (m *Machine) letAllGo(why string) {
	if m.suspended = cmp.Or(m.hostHold, m.operatorHold, m.configHold); m.suspended != "" {
		return
	}
	m.say(message.Resumed, nil, func(s *message.Message) { s.Detail = why })
	for _, name := range m.monitors.names {
		m.post(toMonitor{m.monitors.all[name], monitor.Resumed{}})
	}
	m.lookAgain()
}

// boot says whether the boot of the host is in progress: absence is judged only after it.
func (m *Machine) boot(yes bool) {
	if yes && !m.booting {
		m.say(message.Waiting, nil, func(s *message.Message) {
			s.Detail = "what is absent is judged when the boot of the host has finished"
		})
	}
	changed := m.booting && !yes
	m.booting = yes
	if changed {
		m.lookAgain()
	}
}

func (m *Machine) lookAgain() {
	for _, name := range m.names {
		m.processes.tell(m.procs[name], life.LookAgain{})
	}
}
