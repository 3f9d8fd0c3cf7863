package vital

import (
	"fmt"
	"time"
)

// uninterruptible is a thread in state D without one context switch: the rule of the
// kernel's own hung task detector. A frozen process does not count.
type uninterruptible struct{}

func (uninterruptible) sources() []source { return []source{fromCgroup, fromTasks} }

// calm: such a thread uses no CPU time.
func (uninterruptible) calm() {}

func (uninterruptible) judge(v view) symptom { return v.threadMarks.stuck(v.r, v.now) }

// stuck is the symptom of D. A spell is present from the second look on.
func (c *threadMarks) stuck(r *reading, now time.Duration) symptom {
	switch {
	case !r.swept:
		return symptom{}
	case c.blocked.tid == 0:
		return symptom{what: absent}
	case c.blocked.dSince == now:
		return symptom{} // with one look a short wait for a disk looks the same
	}
	return symptom{what: present, since: c.blocked.dSince}
}

func (uninterruptible) fine(view) string { return "no thread stays in state D" }

func (uninterruptible) wrong(v view) string {
	return fmt.Sprintf("thread %d is in state D without a context switch", v.threadMarks.blocked.tid)
}
