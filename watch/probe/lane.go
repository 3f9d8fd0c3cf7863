package probe

import (
	"container/heap"
	"time"
)

// giveWay is how long a check holds its place. A check that takes longer is waiting, not
// working, and must not delay others.
const giveWay = time.Second

// lane is a schedule of checks. Only so many may be in their first second at the same
// time, and only so many in progress at all.
type lane struct {
	places, total int // total 0: no limit except that of one for each check
	queue         queue
	taken         int // places
	running       int
	holders       []holder // of places, the longest first; those that have ended stay in for a while
}

type holder struct {
	item *item
	turn int // of the item; it holds a place only while this is its latest
}

// push puts an item into the schedule.
func (l *lane) push(it *item, due time.Duration) {
	it.due = due
	if it.index >= 0 {
		heap.Fix(&l.queue, it.index)
		return
	}
	heap.Push(&l.queue, it)
}

// remove takes an item out of the schedule, where it is in it.
func (l *lane) remove(it *item) {
	if it.index >= 0 {
		heap.Remove(&l.queue, it.index)
	}
}

// next is the item that may start now, nil if none. It is then out of the schedule and
// holds a place.
func (l *lane) next(now time.Duration) *item {
	if len(l.queue) == 0 || l.queue[0].due > now || l.total > 0 && l.running >= l.total {
		return nil
	}
	l.makeRoom(now)
	if l.taken >= l.places {
		return nil
	}
	it := heap.Pop(&l.queue).(*item)
	it.turn++
	it.holds, it.began, it.waited = true, now, now-it.due
	l.holders = append(l.holders, holder{it, it.turn})
	l.taken++
	l.running++
	return it
}

// done says that an item is no longer in progress.
func (l *lane) done(it *item) {
	l.running--
	if it.holds {
		it.holds = false
		l.taken--
	}
}

// makeRoom takes the places of those that have held them for long.
func (l *lane) makeRoom(now time.Duration) {
	n := 0
	for ; n < len(l.holders); n++ {
		h := l.holders[n]
		if !h.item.holds || h.item.turn != h.turn {
			continue
		}
		if now-h.item.began < giveWay {
			break
		}
		h.item.holds = false
		l.taken--
	}
	if n > 0 {
		l.holders = l.holders[:copy(l.holders, l.holders[n:])]
	}
}

// wait is the time until something can be started without anything ending before; less
// than 0: never.
func (l *lane) wait(now time.Duration) time.Duration {
	if len(l.queue) == 0 || l.total > 0 && l.running >= l.total {
		return -1
	}
	at := l.queue[0].due
	if l.taken >= l.places {
		l.makeRoom(now)
		if len(l.holders) > 0 && l.taken >= l.places {
			at = max(at, l.holders[0].item.began+giveWay)
		}
	}
	return max(at-now, 0)
}

// queue is a heap of items, the earliest first.
type queue []*item

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due < q[j].due }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push is for container/heap.
func (q *queue) Push(x any) {
	it := x.(*item)
	it.index = len(*q)
	*q = append(*q, it)
}

// Pop is for container/heap.
func (q *queue) Pop() any {
	old := *q
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	it.index = -1
	return it
}
