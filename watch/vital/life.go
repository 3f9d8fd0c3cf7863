package vital

import (
	"time"

	"procward/internal/procfile"
	"procward/watch"
)

// life is what is remembered of one process from reading to reading. Its judgement is
// pure: readings in, verdicts out. The zero value with a plan and its holds is a process
// not yet read.
type life struct {
	plan   *plan
	holds  []hold // one for each item of the plan
	read   bool   // there was a reading
	at     time.Duration
	cpu    uint64  // CPU time at the last reading
	usage  float64 // CPUs used from the last but one to the last
	crew   crew
	queues backlogs
	leaks  [3]leak // rss, fds, threads

	swept   bool // the threads were looked at
	sweptAt time.Duration
	asked   bool // the sockets were
	askedAt time.Duration
}

func newLife(p *plan) life {
	return life{plan: p, holds: make([]hold, len(p.items))}
}

// next judges one reading at the time now of the watcher's clock, and says whether any
// verdict has changed.
func (l *life) next(r *reading, now time.Duration) (changed bool) {
	rated := false
	if r.fail[fromStat] == nil {
		rated = l.rate(r)
		if r.swept {
			l.crew.next(r, now)
			l.swept, l.sweptAt = true, now
		}
	}
	if r.asked {
		l.asked, l.askedAt = true, now
		l.queues.next(r.queues, now)
	}
	for i := range l.plan.items {
		it := &l.plan.items[i]
		if l.holds[i].next(l.symptom(it, &l.holds[i], r, now, rated), now, it.hold) {
			changed = true
		}
	}
	return changed
}

// rate takes the CPU time used since the last reading; false at the first one.
func (l *life) rate(r *reading) bool {
	known := l.read && r.at > l.at && r.stat.CPU >= l.cpu
	l.usage = l.busy(r)
	l.read, l.at, l.cpu = true, r.at, r.stat.CPU
	return known
}

// symptom is what a reading says of one item.
func (l *life) symptom(it *item, h *hold, r *reading, now time.Duration, rated bool) symptom {
	if why := r.failed(it); why != nil && (it.kind != stopped || r.stat.State != 'T' || r.fail[fromStat] != nil) {
		return symptom{what: unreadable, why: why}
	}
	switch it.kind {
	case stopped:
		return held(r.stat.State == 'T' || r.frozen, h, now)
	case uninterruptible:
		return l.crew.stuck(r, now)
	case spinning:
		return l.crew.spinning(r, l.idle(r, rated), h.verdict == watch.Pending)
	case backlog:
		return l.queues.symptom(r.asked)
	case cpu:
		if !rated {
			return symptom{}
		}
		return held(l.usage > it.max.Share, h, now)
	case rssGrowth, fdsGrowth, threadsGrowth:
		return l.leaks[it.kind-rssGrowth].next(r.value(it.kind), it, now)
	}
	if !r.told(it.kind) {
		return symptom{}
	}
	return held(exceeds(it, r), h, now)
}

// busy is the share of a CPU used since the last reading, at the time of r.
func (l *life) busy(r *reading) float64 {
	if !l.read || r.at <= l.at || r.stat.CPU < l.cpu {
		return 0
	}
	return float64(r.stat.CPU-l.cpu) * float64(procfile.Tick) / float64(r.at-l.at)
}

// wantsTasks reports whether the threads have to be looked at at the time now: the first
// time, and then at their pace while anything could be found.
func (l *life) wantsTasks(r *reading, now time.Duration) bool {
	switch {
	case !l.plan.needs[fromTasks]:
		return false
	case !l.swept || l.crew.blocked.tid != 0 && l.crew.blocked.dSince == l.sweptAt:
		return true
	case now-l.sweptAt < l.plan.tenth(uninterruptible, spinning):
		return false
	}
	return l.plan.has(uninterruptible) || l.crew.suspects > 0 || l.busy(r) >= leastSpin
}

// wantsQueues reports whether its sockets have to be looked at.
func (l *life) wantsQueues(now time.Duration) bool {
	return l.plan.needs[fromQueues] && (!l.asked || now-l.askedAt >= l.plan.tenth(backlog))
}

// idle reports whether the process used too little CPU since the last reading for any thread
// of it to be spinning, without a look at them.
func (l *life) idle(r *reading, rated bool) bool {
	return rated && !r.swept && l.usage < leastSpin && l.crew.suspects == 0
}

func exceeds(it *item, r *reading) bool {
	whole := r.memory
	if it.kind == fds {
		whole = r.fdLimit
	}
	return (it.max.Form != Share || whole > 0) && float64(r.value(it.kind)) > it.max.of(whole)
}

// held is the symptom of what each reading tells by itself.
func held(is bool, h *hold, now time.Duration) symptom {
	switch {
	case !is:
		return symptom{what: absent}
	case h.verdict == watch.Failing || h.verdict == watch.Bad:
		return symptom{what: present, since: h.since}
	}
	return symptom{what: present, since: now}
}

// lapse begins all clocks anew, after a time in which nobody looked.
func (l *life) lapse(now time.Duration) {
	l.read = false
	l.crew.lapse(now)
	l.queues.lapse(now)
	for i := range l.leaks {
		l.leaks[i].lapse(now)
	}
	for i := range l.holds {
		l.holds[i].lapse(now)
	}
}
