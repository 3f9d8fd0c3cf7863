package engine

import (
	"slices"
	"strings"
	"time"

	"procward/internal/alarm"
	"procward/internal/engine/climb"
	"procward/internal/engine/lastresort"
	"procward/internal/engine/life"
)

// alarms is what the machine waits for, by the keys of what is saved. Everything that may
// change a time or a state marks its owner, and only marked owners are calculated again:
// a death among ten thousand processes looks only at the one that died.
type alarms struct {
	*Machine
	table  alarm.Table
	line   alarm.Line      // the processes whose restart is due and waits for a look or a slot
	marked map[string]bool // by key: their times may have changed
}

// keyLooks is the key of the next look. It is not saved.
const keyLooks = "looks"

// emptied returns an empty set. To clear a map costs as much as its largest size ever, so
// a map that was large is left to the garbage collector.
func emptied(set map[string]bool) map[string]bool {
	if len(set) > 64 {
		return map[string]bool{}
	}
	clear(set)
	return set
}

// mark makes the times of a key be calculated again.
func (m *alarms) mark(key string) { m.marked[key] = true }

// reckon brings the table and the line up to date.
func (m *alarms) reckon() {
	for key := range m.marked {
		name, is := strings.CutPrefix(key, keyProcess)
		if p := m.procs[name]; is {
			m.reckonProcess(key, p)
			continue
		}
		m.table.Set(key, m.wakeOf(key))
	}
	m.marked = emptied(m.marked)
}

func (m *alarms) reckonProcess(key string, p *process) {
	if p == nil {
		m.table.Set(key, 0)
		m.line.Remove(key)
		return
	}
	m.table.Set(key, p.Wake(m.now))
	if since, due := p.Ready(m.now); due {
		m.line.Set(key, since)
	} else {
		m.line.Remove(key)
	}
}

// wakeOf is when something other than a process has something to do, or 0.
func (m *alarms) wakeOf(key string) time.Duration {
	switch key {
	case keyBreaker:
		return m.resort.Wake()
	case keyLooks:
		return m.looking.wake()
	}
	name, is := strings.CutPrefix(key, keyLadder)
	if l := m.ladders.all[name]; is && l != nil {
		return l.Wake()
	}
	name, is = strings.CutPrefix(key, keyMonitor)
	if mon := m.monitors.all[name]; is && mon != nil {
		return mon.Deadline
	}
	return 0
}

// Wake is when the next thing is due without another input.
func (m *Machine) Wake() (time.Duration, bool) {
	m.alarms.reckon()
	wake := m.alarms.table.Next()
	return wake, wake != 0
}

// tick does what is due by now. At the same moment processes come before ladders, and
// ladders before monitors.
func (m *Machine) tick() {
	m.alarms.reckon()
	var ladders, monitors []string
	ends := false // the last resort has something to do
	for _, key := range slices.Sorted(slices.Values(m.alarms.table.Due(m.now))) {
		m.alarms.mark(key)
		if name, is := strings.CutPrefix(key, keyProcess); is {
			m.processes.tell(m.procs[name], life.Due{})
			m.deliver()
		} else if name, is := strings.CutPrefix(key, keyLadder); is {
			ladders = append(ladders, name)
		} else if name, is := strings.CutPrefix(key, keyMonitor); is {
			monitors = append(monitors, name)
		}
		ends = ends || key == keyBreaker
	}
	if ends {
		m.post(toResort{lastresort.Due{}})
		m.deliver()
	}
	for _, name := range ladders {
		if l := m.ladders.all[name]; l != nil && l.Wake() != 0 && l.Wake() <= m.now {
			m.ladders.tell(l, climb.Due{})
			m.deliver()
		}
	}
	for _, name := range monitors {
		m.monitors.due(m.monitors.all[name])
		m.deliver()
	}
	m.alarms.reckon()
	m.runWaiting()
	m.deliver()
}
