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
			return p.Save(m.saveScript), true
		}},
	{saved.Of(keyMonitor, monitor.Saved.OverBoot),
		func(m *Machine) []string { return m.monitorNames },
		func(m *Machine, name string) (any, bool) {
			mon := m.monitors[name]
			if mon == nil {
				return nil, false
			}
			return mon.Save(), true
		}},
	{saved.Of(keyLadder, climb.Saved.OverBoot),
		func(m *Machine) []string { return sortedKeys(m.ladders) },
		func(m *Machine, key string) (any, bool) {
			l := m.ladders[key]
			if l == nil {
				return nil, false
			}
			return l.Save(m.saveScript(l.Hook)), true
		}},
	{saved.Of[operation.Saved](keyOperation, nil),
		func(m *Machine) []string { return sortedKeys(m.ops) },
		func(m *Machine, key string) (any, bool) {
			op := m.ops[key]
			if op == nil {
				return nil, false
			}
			return op.Save(m.saveScript(op.Token)), true
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

// durable is what the machine knows of what is saved of it.
type durable struct {
	book                   saved.Book
	hostHold, operatorHold string             // why it is suspended
	configHold             string             // likewise: a reload says observe; not saved
	untold                 bool               // that it is suspended
	claimed                []string           // the processes that got their saved values
	orders                 []*operation.Order // by the operator, oldest first
	ordered                int                // how many there were
	alive                  time.Duration      // when the state was saved that was restored, if in this boot
}

func newDurable() durable { return durable{book: saved.NewBook(kinds()...)} }

// Save is the whole durable state.
func (m *Machine) Save() Saved {
	out := Saved{}
	put := func(key string, v any) {
		if text, err := json.Marshal(v); v != nil && err == nil { // what is saved is plain: it cannot fail
			out[key] = text
		}
	}
	for _, r := range records {
		for _, key := range m.book.Unclaimed(r.Key) {
			put(key, m.book.Value(key))
		}
		for _, name := range r.names(m) {
			put(r.Key+name, m.saveKey(r.Key+name))
		}
	}
	return out
}

// saveKey gives the value of a key, or nil.
func (m *Machine) saveKey(key string) any {
	i := slices.IndexFunc(records, func(r record) bool { return strings.HasPrefix(key, r.Key) })
	if v, has := records[i].write(m, strings.TrimPrefix(key, records[i].Key)); has {
		return v
	}
	return m.book.Value(key)
}

// changes is what may have changed of the durable state since the last call: nil means
// that it is gone. The result is a copy.
func (m *Machine) changes() map[string]any { return m.book.Changes(m.saveKey) }

// touch reports whether the durable part of a process may have changed in this step.
func (m *Machine) touch(p *process) {
	m.book.Touch(p.key)
	m.mark(p.key)
	m.census.stale[p.Name] = true
}

func (m *Machine) touchLadder(l *climb.Ladder) {
	m.book.Touch(keyLadder + l.Key)
	m.mark(keyLadder + l.Key)
}

func (m *Machine) touchMonitor(mon *attended) {
	m.book.Touch(keyMonitor + mon.Name)
	m.unsettle(mon)
}

func (m *Machine) touchOp(op *operation.Operation) { m.book.Touch(keyOperation + op.Key()) }

// touchJob marks what a job belongs to.
func (m *Machine) touchJob(j job) {
	switch {
	case j.ladder != "":
		m.book.Touch(keyLadder + j.ladder)
		m.mark(keyLadder + j.ladder)
	case j.op != nil && j.process == "":
		m.touchOp(j.op)
	case j.process != "":
		m.book.Touch(keyProcess + j.process)
		m.mark(keyProcess + j.process)
	}
}
