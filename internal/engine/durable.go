package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"procward/escalate"
	"procward/internal/engine/climb"
	"procward/internal/engine/life"
	"procward/internal/engine/monitor"
	"procward/internal/engine/operation"
	"procward/internal/engine/saved"
)

// Saved is what must outlive the daemon, by key: "process NAME", "monitor NAME", "ladder
// KEY", "operation KEY", "operator" and "breaker". The configuration is not part of it.
// Times in it are CLOCK_BOOTTIME of the boot in which it was saved.
type Saved map[string]json.RawMessage

// The beginnings of the keys.
const (
	keyProcess   = "process "
	keyMonitor   = "monitor "
	keyLadder    = "ladder "
	keyOperation = "operation "
	keyOperator  = "operator"
	keyBreaker   = "breaker"
)

// record is one kind of saved value: how it is read, who has one, and how it is written.
type record struct {
	saved.Kind
	names func(*Machine) []string
	write func(m *Machine, name string) (v any, has bool) // nil: there is nothing to save
}

// records is all kinds of what is saved.
var records = []record{
	{saved.Of(keyProcess, life.Saved.OverBoot),
		func(m *Machine) []string { return m.names },
		func(m *Machine, name string) (any, bool) {
			p := m.procs[name]
			if p == nil {
				return nil, false
			}
			return p.Save(m.jobs.saveScript), true
		}},
	{saved.Of(keyMonitor, monitor.Saved.OverBoot),
		func(m *Machine) []string { return m.monitors.names },
		func(m *Machine, name string) (any, bool) {
			mon := m.monitors.all[name]
			if mon == nil {
				return nil, false
			}
			return mon.Save(), true
		}},
	{saved.Of(keyLadder, climb.Saved.OverBoot),
		func(m *Machine) []string { return sortedKeys(m.ladders.all) },
		func(m *Machine, key string) (any, bool) {
			l := m.ladders.all[key]
			if l == nil {
				return nil, false
			}
			return l.Save(m.jobs.saveScript(l.Hook)), true
		}},
	{saved.Of[operation.Saved](keyOperation, nil),
		func(m *Machine) []string { return sortedKeys(m.ops.all) },
		func(m *Machine, key string) (any, bool) {
			op := m.ops.all[key]
			if op == nil {
				return nil, false
			}
			return op.Save(m.jobs.saveScript(op.Token)), true
		}},
	{saved.Of(keyOperator, saved.AsIs[savedOperator]), nobody,
		func(m *Machine, _ string) (any, bool) {
			return savedOperator{Suspended: m.operatorHold}, m.operatorHold != ""
		}},
	{saved.Of(keyBreaker, saved.AsIs[escalate.Ledger]), nobody,
		func(m *Machine, _ string) (any, bool) { return m.resort.Kept(), true }},
}

// nobody is the owner of a value of which there is only one.
func nobody(*Machine) []string { return []string{""} }

func kinds() []saved.Kind {
	var out []saved.Kind
	for _, r := range records {
		out = append(out, r.Kind)
	}
	return out
}

// savedOperator is what the operator has asked for, as far as it does not belong to one
// process.
type savedOperator struct {
	Suspended string `json:"suspended,omitempty"`
}

// keeper is the desk of what is saved.
type keeper struct {
	*Machine
	book    saved.Book
	untold  bool          // that it is suspended
	claimed []string      // the processes that were given what was saved of them
	alive   time.Duration // when the state was saved that was restored, if in this boot
}

// Save is the whole durable state.
func (m *Machine) Save() Saved {
	out := Saved{}
	put := func(key string, v any) {
		if text, err := json.Marshal(v); v != nil && err == nil { // what is saved is plain: it cannot fail
			out[key] = text
		}
	}
	for _, r := range records {
		for _, key := range m.keeper.book.Unclaimed(r.Key) {
			put(key, m.keeper.book.Value(key))
		}
		for _, name := range r.names(m) {
			put(r.Key+name, m.keeper.saveKey(r.Key+name))
		}
	}
	return out
}

// saveKey gives the value of a key, or nil.
func (m *keeper) saveKey(key string) any {
	i := slices.IndexFunc(records, func(r record) bool { return strings.HasPrefix(key, r.Key) })
	if v, has := records[i].write(m.Machine, strings.TrimPrefix(key, records[i].Key)); has {
		return v
	}
	return m.book.Value(key)
}

// changes is what may have changed of the durable state since the last call: nil means
// that it is gone. The result is a copy.
func (m *keeper) changes() map[string]any { return m.book.Changes(m.saveKey) }

// touch reports whether the durable part of a process may have changed in this step.
func (m *keeper) touch(p *process) {
	m.book.Touch(p.key)
	m.alarms.mark(p.key)
	m.census.stale[p.Name] = true
}

func (m *ladders) touch(l *climb.Ladder) {
	m.keeper.book.Touch(keyLadder + l.Key)
	m.alarms.mark(keyLadder + l.Key)
}

func (m *monitors) touch(mon *attended) {
	m.keeper.book.Touch(keyMonitor + mon.Name)
	m.unsettle(mon)
}

func (m *operations) touch(op *operation.Operation) { m.keeper.book.Touch(keyOperation + op.Key()) }

// touch marks what a job belongs to.
func (m *jobs) touch(j job) {
	switch {
	case j.ladder != "":
		m.keeper.book.Touch(keyLadder + j.ladder)
		m.alarms.mark(keyLadder + j.ladder)
	case j.op != nil && j.process == "":
		m.ops.touch(j.op)
	case j.process != "":
		m.keeper.book.Touch(keyProcess + j.process)
		m.alarms.mark(keyProcess + j.process)
	}
}
