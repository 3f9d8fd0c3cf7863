package engine

import (
	"fmt"
	"slices"

	"procward/procscan"
)

// Invariants says what of a machine's state contradicts itself after a step, or nothing.
func Invariants(m *Machine) string {
	if !slices.Equal(m.names, sortedKeys(m.procs)) || !slices.Equal(m.names, sortedKeys(m.cfg.Processes)) {
		return fmt.Sprintf("the names are %v, the processes %v, the configured ones %v", m.names, sortedKeys(m.procs), sortedKeys(m.cfg.Processes))
	}
	slots := 0
	for token, j := range m.jobs.all {
		if j.slot {
			slots++
		}
		if j.op != nil && j.process != "" && j.op.Token == token && m.ops.all[j.op.Key()] != j.op {
			return fmt.Sprintf("job %d belongs to an operation that is over", token)
		}
	}
	if slots != m.jobs.running {
		return fmt.Sprintf("%d slots are held, and %d are counted", slots, m.jobs.running)
	}
	for id, names := range m.processes.trackers {
		for _, name := range names {
			if p := m.procs[name]; p == nil || !Knows(p, id) {
				return fmt.Sprintf("%v is tracked for %s, which knows nothing of it", id, name)
			}
		}
	}
	for key, op := range m.ops.all {
		if op.Key() != key {
			return "an operation is under the name of another: " + key
		}
	}
	for _, name := range m.names {
		if why := m.procs[name].contradiction(m); why != "" {
			return name + " " + why
		}
	}
	return ""
}

// Overspent says which process has spent more attempts than it has, or nothing. It does not
// hold after a reload that leaves fewer.
func Overspent(m *Machine) string {
	for _, name := range m.names {
		p := m.procs[name]
		limit := p.Spec.Restart.Attempts
		if spent := p.Spec.Restart.Used(p.History, m.now); !limit.Unlimited && spent > limit.N {
			return fmt.Sprintf("%s has spent %d attempts of %v", name, spent, limit)
		}
	}
	return ""
}

func (p *process) contradiction(m *Machine) string {
	for _, id := range p.Tracks() {
		if !slices.Contains(m.processes.trackers[id], p.Name) {
			return fmt.Sprintf("tracks %v, and would not hear of its end", id)
		}
	}
	scripts, trial, saved := 0, p.Trial(), p.Save(m.jobs.saveScript)
	for token, j := range m.jobs.all {
		if j.script && j.process == p.Name && token != trial.Hanging {
			scripts++
		}
	}
	_, has := m.jobs.all[trial.Token]
	switch {
	case scripts > 1:
		return "has two scripts"
	case trial.Token != 0 && !has:
		return "waits for a job that is over"
	case p.op != nil && m.ops.all[p.op.Key()] != p.op:
		return "is in the hands of an operation that is over"
	case p.State() == Up && p.Enough() && saved.Outage != nil && saved.Outage.Sure && saved.Outage.Event != "" && saved.Outage.Event != "count" && saved.Outage.Stall == nil:
		return "is up, and its outage goes on: " + saved.Outage.Event
	case p.State() == StoppedBy && saved.Attempt != nil && saved.Attempt.Number > 0:
		return "is stopped, and an attempt goes on"
	}
	return ""
}

// Knows reports whether a process tracks one of the table.
func Knows(p *process, id procscan.ID) bool { _, is := p.Tracked(id); return is }
