package procscan

import (
	"slices"
	"sort"
)

// memory holds, of each process that was there at the last scan, which queries it did
// not answer and cannot answer before it executes a program, changes its name or its
// user, all of which the kernel tells. A process that answers is not remembered: it is
// read anew each time. Ten thousand processes and 64 queries take 200 kB.
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
func (m *memory) turn(entries []entry, queries []int, all bool, todo []int) []int {
	m.next.entries = append(m.next.entries[:0], entries...)
	m.next.failed = slices.Grow(m.next.failed[:0], len(entries)*m.words)[:len(entries)*m.words]
	clear(m.next.failed)
	mask := m.mask(queries)
	old := 0
	for i, e := range entries {
		for old < len(m.now.entries) && m.now.entries[old].pid < e.pid {
			old++
		}
		if old < len(m.now.entries) && m.now.entries[old] == e {
			copy(m.next.failed[i*m.words:], m.now.failed[old*m.words:][:m.words])
		}
		if all || !covers(m.next.failed[i*m.words:], mask) {
			todo = append(todo, i)
		}
	}
	m.now, m.next = m.next, m.now
	return todo
}

// set notes whether the process at a place of the ledger fails a query for good.
func (m *memory) set(place, query int, fails bool) {
	word, bit := &m.now.failed[place*m.words+query/64], uint64(1)<<(query%64)
	*word &^= bit
	if fails {
		*word |= bit
	}
}

func (m *memory) mask(queries []int) []uint64 {
	mask := make([]uint64, m.words)
	for _, q := range queries {
		mask[q/64] |= 1 << (q % 64)
	}
	return mask
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
