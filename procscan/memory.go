package procscan

import (
	"slices"
	"sort"
	"time"
)

// memory holds, of each process that was there at the last scan, which queries it did
// not answer and cannot answer before it executes a program, changes its name or its
// user, all of which the kernel tells; and its name, so that other queries by name need
// not read it. A process that answers is not remembered: it is read anew each time. Ten
// thousand processes and 64 queries take 650 kB.
type memory struct {
	numbers map[string]int // of queries, by key
	words   int            // 64-bit words for one process
	now     ledger
	next    ledger
}

// ledger has one line for each process, by PID.
type ledger struct {
	entries []entry
	failed  []uint64 // a bit for each query, words for each process
	names   []naming
}

// naming is what a process was called when it was read last.
type naming struct {
	comm  comm          // empty: not known
	until time.Duration // CLOCK_BOOTTIME up to which it is relied upon
}

// comm is a name with zeros behind it. That of a kernel thread may be longer, and cut.
type comm [commSize + 1]byte

func commFrom[T string | []byte](name T) (c comm) {
	copy(c[:], name)
	return c
}

const maxQueries = 4096 // then everything is forgotten: reloads have left too many keys

// number gives each query its number.
func (m *memory) number(queries []query) []int {
	if len(m.numbers)+len(queries) > maxQueries || m.numbers == nil {
		*m = memory{numbers: make(map[string]int)}
	}
	out := make([]int, len(queries))
	for i, q := range queries {
		n, ok := m.numbers[q.key]
		if !ok {
			n = len(m.numbers)
			m.numbers[q.key] = n
		}
		out[i] = n
	}
	m.widen((len(m.numbers) + 63) / 64)
	return out
}

// widen makes room for more queries.
func (m *memory) widen(words int) {
	if words <= m.words {
		return
	}
	failed := make([]uint64, len(m.now.entries)*words)
	for i := range m.now.entries {
		copy(failed[i*words:], m.now.failed[i*m.words:][:m.words])
	}
	m.now.failed, m.words = failed, words
}

// forget drops what is known of one process, by PID.
func (m *memory) forget(pid int) {
	es := m.now.entries
	i := sort.Search(len(es), func(i int) bool { return es[i].pid >= pid })
	if i < len(es) && es[i].pid == pid {
		es[i].ino = 0
	}
}

// forgetAll drops everything, the memory it lay in too.
func (m *memory) forgetAll() { *m = memory{} }

// turn opens the ledger for a new listing and appends to todo the places in it of those
// processes that have to be read: those which are not known to fail all the queries; with
// all set, every one.
func (m *memory) turn(entries []entry, asked asked, all bool, now time.Duration, todo []int) []int {
	m.next.entries = append(m.next.entries[:0], entries...)
	m.next.failed = slices.Grow(m.next.failed[:0], len(entries)*m.words)[:len(entries)*m.words]
	m.next.names = slices.Grow(m.next.names[:0], len(entries))[:len(entries)]
	clear(m.next.failed)
	clear(m.next.names)
	old := 0
	for i, e := range entries {
		for old < len(m.now.entries) && m.now.entries[old].pid < e.pid {
			old++
		}
		line := m.next.failed[i*m.words:][:m.words]
		if old < len(m.now.entries) && m.now.entries[old] == e {
			copy(line, m.now.failed[old*m.words:])
			if n := m.now.names[old]; n.until > now {
				m.next.names[i] = n
			}
		}
		if all || !asked.failedBy(line, m.next.names[i].comm) {
			todo = append(todo, i)
		}
	}
	m.now, m.next = m.next, m.now
	return todo
}

// asked is what one scan asks: the queries by number as a mask of bits, and apart those
// that ask for no name, and the names that the others ask for.
type asked struct {
	all, nameless []uint64
	names         map[comm]struct{}
}

func (m *memory) asked(queries []query, numbers []int) asked {
	a := asked{make([]uint64, m.words), make([]uint64, m.words), make(map[comm]struct{}, len(queries))}
	for i, n := range numbers {
		bit := uint64(1) << (n % 64)
		a.all[n/64] |= bit
		if name := queries[i].match.Name; name != "" {
			a.names[commFrom(name)] = struct{}{}
		} else {
			a.nameless[n/64] |= bit
		}
	}
	return a
}

// failedBy says that a process is known to fail all queries. Another name than those that
// are asked for fails the queries that ask for one.
func (a asked) failedBy(line []uint64, name comm) bool {
	if name != (comm{}) && covers(line, a.nameless) {
		if _, meant := a.names[name]; !meant {
			return true
		}
	}
	return covers(line, a.all)
}

// set notes whether the process at a place of the ledger fails a query for good.
func (m *memory) set(place, query int, fails bool) {
	word, bit := &m.now.failed[place*m.words+query/64], uint64(1)<<(query%64)
	*word &^= bit
	if fails {
		*word |= bit
	}
}

// call notes the name of the process at a place of the ledger; none: it is not known.
func (m *memory) call(place int, name []byte, until time.Duration) {
	m.now.names[place] = naming{commFrom(name), until}
}

// covers says that all bits of mask are set in line.
func covers(line, mask []uint64) bool {
	for i, want := range mask {
		if line[i]&want != want {
			return false
		}
	}
	return true
}
