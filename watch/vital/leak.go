package vital

import "time"

// parts is the number of parts of the window of a leak.
const parts = 8

// leak follows one value: the beginning of the spell in which it only grew.
type leak struct {
	on     bool
	since  time.Duration
	base   int64 // at since
	partAt time.Duration
	part   int64 // at the beginning of the present part
	last   int64
	grown  int // in how many parts in a row
}

// next takes one value. A fall, or a part without growth, begins the spell again. The
// symptom is present while the spell lasts, if the value has grown enough and for half of
// the window: every program that has just begun to work grows for a shorter time. since
// is the beginning of the spell.
func (k *leak) next(v int64, it *item, now time.Duration) symptom {
	switch {
	case !k.on || v < k.last:
		*k = leak{on: true, since: now, base: v, partAt: now, part: v}
	case now-k.partAt >= it.lasts/parts:
		if v <= k.part {
			*k = leak{on: true, since: now, base: v, partAt: now, part: v}
		} else {
			k.partAt, k.part, k.grown = now, v, k.grown+1
		}
	}
	k.last = v
	if k.grown >= parts/2 && v > k.base && float64(v-k.base) >= it.by.of(k.base) {
		return symptom{what: present, since: k.since}
	}
	return symptom{what: absent}
}

// lapse begins the window again.
func (k *leak) lapse(now time.Duration) { k.since, k.partAt, k.part = now, now, k.last }
