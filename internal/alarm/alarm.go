// Package alarm keeps the times that a machine waits for: one table for all of them, in
// which neither a change nor the question for the earliest costs more with every entry that
// has nothing to do with it. It is pure: it holds times and reads no clock.
package alarm

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// Table holds at most one time for each key. The zero value is empty.
type Table struct {
	heap  entries
	place map[string]*entry
}

type entry struct {
	key string
	at  time.Duration
	in  int // where in the heap
}

// Set gives a key its time, which replaces the one that it had; 0 takes it out.
func (t *Table) Set(key string, at time.Duration) {
	e := t.place[key]
	switch {
	case e == nil && at == 0:
	case e == nil:
		if t.place == nil {
			t.place = map[string]*entry{}
		}
		e = &entry{key: key, at: at}
		t.place[key] = e
		heap.Push(&t.heap, e)
	case at == 0:
		heap.Remove(&t.heap, e.in)
		delete(t.place, key)
	case at != e.at:
		e.at = at
		heap.Fix(&t.heap, e.in)
	}
}

// Next is the earliest time, or 0 when there is none.
func (t *Table) Next() time.Duration {
	if len(t.heap) == 0 {
		return 0
	}
	return t.heap[0].at
}

// Due takes out the keys whose time has come, the earliest first, and of one time in the
// order of the keys.
func (t *Table) Due(now time.Duration) []string {
	var due []string
	for len(t.heap) > 0 && t.heap[0].at <= now {
		e := heap.Pop(&t.heap).(*entry)
		delete(t.place, e.key)
		due = append(due, e.key)
	}
	return due
}

// entries is a heap, container/heap.
type entries []*entry

func before(a, b *entry) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key)) }

func (h entries) Len() int           { return len(h) }
func (h entries) Less(i, j int) bool { return before(h[i], h[j]) < 0 }
func (h entries) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].in, h[j].in = i, j
}

func (h *entries) Push(x any) {
	e := x.(*entry)
	e.in = len(*h)
	*h = append(*h, e)
}

func (h *entries) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}

// Line holds those that wait their turn, the one that has waited longest first, and of one
// time in the order of the keys. The zero value is empty. Who comes last or leaves from
// the front, as most do, costs the same whatever the length.
type Line struct {
	waiting []turn
	since   map[string]time.Duration
}

type turn struct {
	at  time.Duration
	key string
}

func (a turn) compare(b turn) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key)) }

// Set puts a key in the line, since a time, or at another place of it.
func (l *Line) Set(key string, since time.Duration) {
	if at, in := l.since[key]; in && at == since {
		return
	}
	l.Remove(key)
	if l.since == nil {
		l.since = map[string]time.Duration{}
	}
	l.since[key] = since
	t := turn{since, key}
	i, _ := slices.BinarySearchFunc(l.waiting, t, turn.compare)
	l.waiting = slices.Insert(l.waiting, i, t)
}

// Remove takes a key out of the line, where it is in it.
func (l *Line) Remove(key string) {
	at, in := l.since[key]
	if !in {
		return
	}
	delete(l.since, key)
	i, _ := slices.BinarySearchFunc(l.waiting, turn{at, key}, turn.compare)
	if i < len(l.waiting)/2 { // the shorter side moves
		copy(l.waiting[1:i+1], l.waiting[:i])
		l.waiting[0] = turn{}
		l.waiting = l.waiting[1:]
		return
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
}

// Has reports whether a key is in the line.
func (l *Line) Has(key string) bool {
	_, in := l.since[key]
	return in
}

// All gives the keys in their order. The line must not change meanwhile.
func (l *Line) All(yield func(key string) bool) {
	for _, t := range l.waiting {
		if !yield(t.key) {
			return
		}
	}
}
