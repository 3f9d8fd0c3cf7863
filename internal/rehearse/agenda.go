package rehearse

import (
	"container/heap"
	"time"
)

// agenda is what is planned, by time; plans for the same time are in the order in which
// they were made. It is a heap (container/heap).
type agenda struct {
	queue queue
	seq   int
}

type appointment struct {
	at  time.Duration
	seq int
	do  func()
}

func (a *agenda) add(at time.Duration, do func()) {
	a.seq++
	heap.Push(&a.queue, appointment{at: at, seq: a.seq, do: do})
}

type queue []appointment

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(appointment)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
