package vital

import (
	"cmp"
	"slices"
	"time"

	"procward/internal/procfile"
)

// leastSpin is the share of a CPU that a spinning thread uses at least. A thread that
// never waits gets so little only if others want the CPU as well, or a quota limits it.
const leastSpin = 0.01

// threadMarks is what is remembered of the threads of a process.
type threadMarks struct {
	marks    []mark // by TID
	spare    []mark
	suspects int  // marks whose switches were counted for spinning
	fresh    bool // some of these were marked by the last look, and cannot be judged yet
	starved  bool // one of these wants the CPU and gets too little to be judged
	blocked  mark // the thread that has been in D the longest; tid 0: none
	busy     mark // the thread that has been spinning the longest
}

// mark is the beginning of the present spell of one thread.
type mark struct {
	tid   int
	start uint64
	cpu   uint64 // at the last look

	inD      bool
	switches uint64 // of both kinds; not changed since it was first seen in D
	dSince   time.Duration

	counted bool
	waits   uint64        // voluntary switches; not changed
	from    uint64        // CPU time when they were first counted
	fromAt  time.Duration // CLOCK_MONOTONIC
	since   time.Duration // on the watcher's clock
	kept    bool          // seen at least twice so
	starved bool          // it used little, but it was runnable at the last look: others took the CPU
	first   bool          // it was not counted before: not known yet whether it waits
}

// suspect reports whether the switches of a thread must be read: it is in D, it used CPU
// time since the last look, or they were counted then.
func (c *threadMarks) suspect(t *task) bool {
	if t.state == 'D' {
		return true
	}
	m := c.mark(t)
	return m != nil && (m.counted || t.cpu > m.cpu)
}

// mark finds the thread as it was at the last look, or nil.
func (c *threadMarks) mark(t *task) *mark {
	i, found := slices.BinarySearchFunc(c.marks, t.tid, func(m mark, tid int) int { return cmp.Compare(m.tid, tid) })
	if !found || c.marks[i].start != t.start {
		return nil
	}
	return &c.marks[i]
}

// next takes a look at all threads.
func (c *threadMarks) next(r *reading, now time.Duration) {
	c.suspects, c.fresh, c.starved = 0, false, false
	c.blocked, c.busy = mark{}, mark{}
	c.spare = c.spare[:0]
	for i := range r.tasks {
		t := &r.tasks[i]
		m := mark{tid: t.tid, start: t.start}
		if old := c.mark(t); old != nil {
			m = *old
		}
		m.block(t, r.frozen, now)
		m.spin(t, r.at, now)
		m.cpu = t.cpu
		c.note(&m)
		c.spare = append(c.spare, m)
	}
	c.marks, c.spare = c.spare, c.marks
}

// note keeps the numbers, and the longest of each.
func (c *threadMarks) note(m *mark) {
	if m.inD && (c.blocked.tid == 0 || m.dSince < c.blocked.dSince) {
		c.blocked = *m
	}
	if !m.counted {
		return
	}
	c.suspects++
	c.fresh = c.fresh || m.first
	c.starved = c.starved || m.starved
	if m.kept && (c.busy.tid == 0 || m.since < c.busy.since) {
		c.busy = *m
	}
}

// block follows the spell in D. A switch of either kind begins another.
func (m *mark) block(t *task, frozen bool, now time.Duration) {
	switches := t.waits + t.pushed
	switch {
	case t.state != 'D' || !t.counted || frozen:
		m.inD = false
	case !m.inD || m.switches != switches:
		m.inD, m.switches, m.dSince = true, switches, now
	}
}

// spin follows the spell without a voluntary switch. It ends with a switch, and if the
// thread used too little CPU in all of it and does not wait for a CPU: then it sleeps.
func (m *mark) spin(t *task, at, now time.Duration) {
	m.first, m.starved = !m.counted && t.counted, false
	used := (time.Duration(t.cpu) - time.Duration(m.from)) * procfile.Tick
	switch {
	case !t.counted || t.state == 'D':
		m.counted, m.kept = false, false
	case !m.counted || m.waits != t.waits || used < 0:
		m.counted, m.kept = true, false
		m.waits, m.from, m.fromAt, m.since = t.waits, t.cpu, at, now
	case float64(used) >= leastSpin*float64(at-m.fromAt):
		m.kept = true
	default:
		m.starved = t.state == 'R'
		m.counted, m.kept = m.starved, false
	}
}

// spinning is the symptom of a thread that never waits.
func (c *threadMarks) spinning(r *reading, idle, pending bool) symptom {
	switch {
	case idle:
		return symptom{what: absent}
	case !r.swept:
		return symptom{}
	case c.busy.tid != 0:
		return symptom{what: present, since: c.busy.since}
	case c.starved || pending && (c.fresh || !c.looked()):
		return symptom{}
	}
	return symptom{what: absent}
}

// looked reports whether the threads were looked at at least twice, so that it is known
// which of them used CPU time.
func (c *threadMarks) looked() bool { return len(c.spare) > 0 }

func (c *threadMarks) lapse(now time.Duration) {
	for i := range c.marks {
		c.marks[i].dSince, c.marks[i].since = now, now
	}
}
