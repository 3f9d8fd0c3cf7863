package vital

import (
	"time"

	"procward/internal/procfile"
)

// life is what is remembered of one process from reading to reading. Its judgement is
// pure: readings in, verdicts out. The zero value with a plan and its courses is a process
// that was not yet read.
type life struct {
	plan        *plan
	courses     []course // one for each item of the plan
	read        bool     // there was a reading
	at          time.Duration
	cpu         uint64  // CPU time at the last reading
	usage       float64 // CPUs used from the last but one to the last
	threadMarks threadMarks
	queues      backlogs
	leaks       []leak

	swept   bool // the threads were looked at
	sweptAt time.Duration
	asked   bool // the sockets were
	askedAt time.Duration
}

func newLife(p *plan) life {
	return life{plan: p, courses: make([]course, len(p.items)), leaks: make([]leak, p.leaks)}
}

// next judges one reading at the time now of the watcher's clock, and reports whether any
// verdict has changed.
func (l *life) next(r *reading, now time.Duration) (changed bool) {
	rated := false
	if r.fail[fromStat] == nil {
		rated = l.rate(r)
		if r.swept {
			l.threadMarks.next(r, now)
			l.swept, l.sweptAt = true, now
		}
	}
	if r.asked {
		l.asked, l.askedAt = true, now
		l.queues.next(r.queues, now)
	}
	for i := range l.plan.items {
		it := &l.plan.items[i]
		if l.courses[i].next(view{l, it, &l.courses[i], r, now, rated}.symptom(), now, it.lasts) {
			changed = true
		}
	}
	return changed
}

// rate returns the CPU time used since the last reading; false at the first one.
func (l *life) rate(r *reading) bool {
	known := l.read && r.at > l.at && r.stat.CPU >= l.cpu
	l.usage = l.busy(r)
	l.read, l.at, l.cpu = true, r.at, r.stat.CPU
	return known
}

// busy is the share of a CPU used since the last reading, at the time of r.
func (l *life) busy(r *reading) float64 {
	if !l.read || r.at <= l.at || r.stat.CPU < l.cpu {
		return 0
	}
	return float64(r.stat.CPU-l.cpu) * float64(procfile.Tick) / float64(r.at-l.at)
}

// wantsTasks reports whether the threads must be looked at now: the first time, and then
// at their pace while anything could be found.
func (l *life) wantsTasks(r *reading, now time.Duration) bool {
	switch {
	case !l.plan.needs[fromTasks]:
		return false
	case !l.swept || l.threadMarks.blocked.tid != 0 && l.threadMarks.blocked.dSince == l.sweptAt:
		return true
	case now-l.sweptAt < l.plan.paces[fromTasks]:
		return false
	}
	return l.plan.calm || l.threadMarks.suspects > 0 || l.busy(r) >= leastSpin
}

// wantsQueues reports whether its sockets must be looked at.
func (l *life) wantsQueues(now time.Duration) bool {
	return l.plan.needs[fromQueues] && (!l.asked || now-l.askedAt >= l.plan.paces[fromQueues])
}

// idle reports, without a look at the threads, whether the process used too little CPU
// since the last reading for any thread to be spinning.
func (l *life) idle(r *reading, rated bool) bool {
	return rated && !r.swept && l.usage < leastSpin && l.threadMarks.suspects == 0
}

// lapse begins all clocks again, after a time in which nobody looked.
func (l *life) lapse(now time.Duration) {
	l.read = false
	l.threadMarks.lapse(now)
	l.queues.lapse(now)
	for i := range l.leaks {
		l.leaks[i].lapse(now)
	}
	for i := range l.courses {
		l.courses[i].lapse(now)
	}
}
