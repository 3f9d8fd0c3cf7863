package vital

import "time"

// parts is into how many pieces the window of a leak is divided.
const parts = 8

// leak follows one value: where the spell began in which it only grew.
type leak struct {
	on     bool
	since  time.Duration
	base   int64 // at since
	partAt time.Duration
	part   int64 // at the beginning of the present part
	last   int64
	grown  int // in how many parts
}

// next takes one value. A fall, or a part without growth, begins the spell anew. It is
// present while it lasts, the value has grown enough, and has done so for half of the
// window: less is what any program does that has just begun to work. since is the
// beginning of the spell.
func (k *leak) next(v int64, it *item, now time.Duration) symptom {
	switch {
	case !k.on || v < k.last:
		*k = leak{on: true, since: now, base: v, partAt: now, part: v}
	case now-k.partAt >= it.hold/parts:
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

// lapse begins the window anew.
func (k *leak) lapse(now time.Duration) { k.since, k.partAt, k.part = now, now, k.last }
