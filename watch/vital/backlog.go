package vital

import (
	"fmt"
	"slices"
	"time"
)

// backlog is a listening socket of the process (TCP, unix) in whose accept queue
// something waits, and from which nothing has been taken.
type backlog struct{}

func (backlog) sources() []source { return []source{fromQueues} }

func (backlog) judge(v view) symptom { return v.queues.symptom(v.r.asked) }

func (backlog) fine(view) string { return "its accept queues are served" }

func (backlog) wrong(v view) string {
	q := &v.queues.longest
	return fmt.Sprintf("%s: %d in the accept queue, and none is taken", q.where, q.length)
}

// backlogs are the listening sockets of a process with something in the queue.
type backlogs struct {
	waits   []wait
	spare   []wait
	longest wait // inode 0: none
}

// wait is a queue from which nothing was taken since a time.
type wait struct {
	queue
	since time.Duration
}

// next takes a look at all queues. Accepted connections leave the queue and others come,
// so the length alone does not tell a busy server, whose queue may be full at every look,
// from one that accepts nothing. If the kernel tells who waits, the spell lasts while
// none of those who waited at its beginning has gone. Otherwise it lasts while the queue
// is not shorter than at the last look.
func (b *backlogs) next(queues []queue, now time.Duration) {
	b.longest = wait{}
	b.spare = b.spare[:0]
	for _, q := range queues {
		if q.length == 0 {
			continue
		}
		w := wait{queue: q, since: now}
		if old := b.find(q.inode); old != nil && stuck(old.queue, q) {
			w.since = old.since
			if old.waiting != nil {
				w.waiting = old.waiting
			}
		}
		if b.longest.inode == 0 || w.since < b.longest.since {
			b.longest = w
		}
		b.spare = append(b.spare, w)
	}
	b.waits, b.spare = b.spare, b.waits
}

func (b *backlogs) find(inode uint64) *wait {
	for i := range b.waits {
		if b.waits[i].inode == inode {
			return &b.waits[i]
		}
	}
	return nil
}

// stuck reports whether nothing has left a queue.
func stuck(old, q queue) bool {
	if q.length < old.length {
		return false
	}
	for _, who := range old.waiting {
		if _, there := slices.BinarySearch(q.waiting, who); q.waiting != nil && !there {
			return false
		}
	}
	return true
}

// symptom is absent if all queues are empty.
func (b *backlogs) symptom(asked bool) symptom {
	switch {
	case !asked:
		return symptom{}
	case b.longest.inode == 0:
		return symptom{what: absent}
	}
	return symptom{what: present, since: b.longest.since}
}

func (b *backlogs) lapse(now time.Duration) {
	for i := range b.waits {
		b.waits[i].since = now
	}
}
