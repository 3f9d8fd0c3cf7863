package engine

import (
	"fmt"

	confd "procward/conf.d"
	"procward/internal/engine/lastresort"
	"procward/internal/engine/life"
	"procward/internal/engine/operation"
	"procward/internal/message"
)

// configure puts a configuration in force. What did not change is not touched: tracked
// PIDs, counters and running scripts stay.
func (m *Machine) configure(cfg *confd.Config) {
	m.cfg, m.relations = cfg, newRelations(cfg)
	for _, name := range m.names {
		if _, stays := cfg.Processes[name]; !stays {
			m.forget(m.procs[name])
		}
	}
	m.names = sortedKeys(cfg.Processes)
	scripts := m.jobs.scripts()
	for _, name := range m.names {
		m.configureProcess(name, cfg.Processes[name], scripts[name])
	}
	m.monitors.configure(cfg)
	m.obeyObserve()
	m.deliver()
	m.keeper.goOn()
	m.sayConfig()
	for _, key := range sortedKeys(m.ops.all) {
		if op := m.ops.all[key]; op != nil { // else it has ended with one before it
			m.post(toOperation{op, operation.Fewer{}})
		}
		m.deliver()
	}
	m.ladders.mend()
	m.post(toResort{lastresort.Changed{}})
}

// obeyObserve suspends everything when a reload says observe: what is in progress cannot
// become observation, but nothing more is begun.
func (m *Machine) obeyObserve() {
	const why = "daemon.observe is true; it is observed from the next start on"
	switch on := m.cfg.Daemon.Observe && !m.observe; {
	case on && m.configHold == "":
		m.configHold = why
		m.holdAll(why)
	case !on && m.configHold != "":
		m.configHold = ""
		m.letAllGo("daemon.observe is false")
	}
}

// forget stops watching a process whose name is gone. Its script finishes and is
// reported; nothing follows.
func (m *Machine) forget(p *process) {
	m.processes.attend(p.Signs.Leave(p.Name)...)
	for _, id := range p.Tracks() {
		m.processes.untrack(p, id)
	}
	delete(m.procs, p.Name)
	m.keeper.touch(p)
	delete(m.looking.want, p.Name)
	m.alarms.mark(keyLooks)
}

// configureProcess puts one spec in force; running is the job of a script that still runs for
// an earlier process of that name, or 0.
func (m *Machine) configureProcess(name string, spec confd.Process, running int) {
	if p := m.procs[name]; p != nil {
		m.processes.tell(p, life.Configured{Spec: spec})
		return
	}
	p := &process{Life: life.New(name, spec, running), key: keyProcess + name}
	m.procs[name] = p
	m.processes.stir(p)
	m.wantLook(p)
	m.keeper.claim(p)
}

func (m *Machine) sayConfig() {
	rejected := 0
	for _, f := range m.cfg.Files {
		if f.Rejected {
			rejected++
		}
	}
	for _, problem := range m.cfg.Problems {
		kind := message.ConfigRejected
		if problem.Warning {
			kind = message.ConfigWarning
		}
		m.say(kind, nil, func(s *message.Message) { s.Detail = problem.String() })
	}
	if len(m.names)+len(m.monitors.names) == 0 {
		m.say(message.ConfigEmpty, nil, nil)
		return
	}
	m.say(message.ConfigLoaded, nil, func(s *message.Message) {
		s.Detail = fmt.Sprintf("processes: %d, groups: %d, drop-ins: %d, rejected: %d",
			len(m.names), len(m.cfg.Groups), len(m.cfg.Files), rejected)
	})
}
