package vital

import (
	"time"

	"procward/watch"
)

// kind is one of the signs.
type kind uint8

const (
	stopped kind = iota
	uninterruptible
	spinning
	backlog
	rss // and three other ways to count memory, which make the same sign
	pss
	private
	tree
	cpu
	fds
	threads
	children
	zombies
	rssGrowth
	fdsGrowth
	threadsGrowth
)

var kindNames = [...]string{
	"stopped", "uninterruptible", "spinning", "backlog",
	"rss", "rss", "rss", "rss", "cpu", "fds", "threads", "children", "zombies",
	"rss-growth", "fds-growth", "threads-growth",
}

func (k kind) String() string { return kindNames[k] }

// source is what a reading is made of; each can fail by itself.
type source uint8

const (
	fromStat     source = iota // /proc/PID/stat: state, CPU time, threads, resident pages
	fromCgroup                 // whether its cgroup is frozen
	fromTasks                  // /proc/PID/task/TID/stat, and status of suspects
	fromFDs                    // how many descriptors are open
	fromLimits                 // /proc/PID/limits: the soft limit on them
	fromChildren               // /proc/PID/task/TID/children
	fromZombies                // and /proc/PID/stat of each of those
	fromQueues                 // sock_diag
	fromMemory                 // /proc/meminfo: MemTotal
	fromRollup                 // /proc/PID/smaps_rollup
	fromFamily                 // /proc/*/stat: the memory of all descendants
	sources
)

// needs are the sources of each kind beside fromStat, which every kind needs.
var needs = [...][]source{
	stopped: {fromCgroup}, uninterruptible: {fromCgroup, fromTasks}, spinning: {fromTasks}, backlog: {fromQueues},
	pss: {fromRollup}, private: {fromRollup}, tree: {fromFamily},
	fds: {fromFDs}, children: {fromChildren}, zombies: {fromChildren, fromZombies},
	fdsGrowth: {fromFDs}, threadsGrowth: nil,
}

// item is one sign of a plan.
type item struct {
	kind   kind
	hold   time.Duration // how long it must be held
	max    Amount        // of limits
	by     Amount        // of growth
	report bool
}

// plan is a Spec made ready for use.
type plan struct {
	items []item
	needs [sources]bool
}

func compile(s Spec) *plan {
	p := &plan{}
	for _, j := range s.Signs {
		for _, f := range j.fields() {
			if f.value != nil {
				p.add(item{kind: f.kind, hold: f.value.D(), report: j.Action == watch.ActReport})
			}
		}
	}
	for _, x := range s.Limits.all() {
		p.add(item{kind: x.kind, hold: x.limit.For.D(), max: x.limit.Max, report: x.limit.Action == watch.ActReport})
	}
	for _, x := range s.Limits.leaks() {
		p.add(item{kind: x.kind, hold: x.leak.For.D(), by: x.leak.By, report: x.leak.Action == watch.ActReport})
	}
	return p
}

func (p *plan) add(it item) {
	p.items = append(p.items, it)
	p.needs[fromStat] = true
	for _, s := range needs[it.kind] {
		p.needs[s] = true
	}
	if it.kind == fds && it.max.Form == Share {
		p.needs[fromLimits] = true
	}
	if _, memory := memoryWords[it.kind]; memory && it.max.Form == Share {
		p.needs[fromMemory] = true
	}
}

// tick is how often a plan wants its processes read: five times in its shortest time,
// within the bounds.
func (p *plan) tick(longest time.Duration) time.Duration {
	tick := longest
	for _, it := range p.items {
		tick = min(tick, it.hold/5)
	}
	return max(tick, shortestTick)
}

// pace is how often a kind is looked at where that is less often than every tick: what the
// kernel's counters prove for the time between two looks needs few of them, and reading
// every thread, every socket or every page is what costs.
func (p *plan) pace(k kind) time.Duration {
	switch k {
	case uninterruptible, spinning:
		return p.tenth(uninterruptible, spinning)
	case backlog:
		return p.tenth(backlog)
	case pss, private, tree:
		return p.tenth(k)
	}
	return 0
}

// tenth is a tenth of the shortest time of the given kinds; 0 where none is in the plan.
func (p *plan) tenth(of ...kind) time.Duration {
	var least time.Duration
	for _, it := range p.items {
		for _, k := range of {
			if it.kind == k && (least == 0 || it.hold/10 < least) {
				least = it.hold / 10
			}
		}
	}
	return least
}

// has reports whether a kind is in the plan.
func (p *plan) has(k kind) bool {
	for _, it := range p.items {
		if it.kind == k {
			return true
		}
	}
	return false
}
