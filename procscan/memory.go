package procscan

import (
	"sort"
	"time"
)

// memory holds what is known of each process of the last scan, but only what the kernel
// reports when it changes: its name and its user. Nothing else is remembered. The program
// of a process is read again if only that is asked for, because a program can be renamed
// without a report; the same is true of arguments, titles and control groups.
type memory struct {
	now, next ledger
}

// ledger has one line for each process, by PID.
type ledger struct {
	entries []entry
	facts   []fact
}

// fact is what was last read of a process. Ten thousand of them take 500 kB.
type fact struct {
	comm   comm          // empty: nothing is known
	until  time.Duration // CLOCK_BOOTTIME until which this can be trusted
	uid    uint32
	user   bool // uid is known
	kernel bool // a thread of the kernel, which is never meant
}

// comm is a name filled up with zeros. That of a kernel thread may be longer, and is cut.
type comm [commSize + 1]byte

func commFrom[T string | []byte](name T) (c comm) {
	copy(c[:], name)
	return c
}

// forget drops what is known of one process, by PID.
func (m *memory) forget(pid int) {
	es := m.now.entries
	i := sort.Search(len(es), func(i int) bool { return es[i].pid >= pid })
	if i < len(es) && es[i].pid == pid {
		es[i].ino = 0
	}
}

// forgetAll drops everything, and its memory too.
func (m *memory) forgetAll() { *m = memory{} }

// turn opens the ledger for a new listing and appends to todo the places of the processes
// that must be read: those that could match a query, as far as is known of them; with all
// set, every one.
func (m *memory) turn(entries []entry, x *index, all bool, now time.Duration, todo []errand) []errand {
	m.next.entries = append(m.next.entries[:0], entries...)
	m.next.facts = m.next.facts[:0]
	old := 0
	for i, e := range entries {
		for old < len(m.now.entries) && m.now.entries[old].pid < e.pid {
			old++
		}
		var f fact
		if old < len(m.now.entries) && m.now.entries[old] == e && m.now.facts[old].until > now {
			f = m.now.facts[old]
		}
		m.next.facts = append(m.next.facts, f)
		if asks, _ := x.asks(&f); all || asks {
			todo = append(todo, errand{i, f})
		}
	}
	m.now, m.next = m.next, m.now
	return todo
}

// errand is a process to read: its place in the ledger, and what is known of it.
type errand struct {
	place int
	known fact
}

// note stores what is known of the process at a place of the ledger.
func (m *memory) note(place int, f fact) { m.now.facts[place] = f }
