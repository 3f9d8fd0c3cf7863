// Package alarm holds the times that a machine waits for, in one table. The cost of a
// change, or of finding the earliest time, does not grow with the entries that have
// nothing to do with it. The package is pure: it reads no clock.
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

// Set gives a key its time, in place of the one that it had; 0 removes it.
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

// Due removes the keys whose time has come and returns them, the earliest first; of the
// same time in the order of the keys.
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

// Line holds keys that wait their turn, the one that has waited longest first; of the
// same time in the order of the keys. The zero value is empty. Adding at the end and
// removing at the front, the usual cases, cost the same whatever the length.
type Line struct {
	waiting []turn
	since   map[string]time.Duration
}

type turn struct {
	at  time.Duration
	key string
}

func (a turn) compare(b turn) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key)) }

// Set puts a key into the line, with the time since when it waits, or moves it.
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

// Remove removes a key, if it is in the line.
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

// All returns the keys in their order. The line must not change meanwhile.
func (l *Line) All(yield func(key string) bool) {
	for _, t := range l.waiting {
		if !yield(t.key) {
			return
		}
	}
}
