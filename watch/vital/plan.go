package vital

import (
	"slices"
	"time"

	"procward/internal/kind"
	"procward/watch"
)

// item is one sign of a plan.
type item struct {
	name string
	sight
	from   []source      // the parts of its reading, in addition to fromStat
	lasts  time.Duration // how long it must last
	max    Amount        // of limits
	by     Amount        // of growth
	leak   int           // of growth: which of the leaks of a life
	report bool
}

// plan is a Spec prepared for use.
type plan struct {
	items []item
	needs [sources]bool
	paces [sources]time.Duration // of costly sources: a tenth of the shortest time of the signs that need them
	leaks int                    // how many there are
	calm  bool                   // the threads are looked at also while they use no CPU time
}

func compile(s Spec) *plan {
	p := &plan{}
	for _, j := range s.Signs {
		for _, row := range j.set() {
			p.add(item{name: row.Name, sight: passive[row.Name], lasts: row.Kind.D(), report: j.Action == watch.ActReport})
		}
	}
	for _, row := range kind.Set[limit](s.Limits) {
		for _, it := range row.Kind.items(row.Name) {
			p.add(it)
		}
	}
	return p
}

func (p *plan) add(it item) {
	it.from = it.sources()
	switch s := it.sight.(type) {
	case interface{ calm() }:
		p.calm = true
	case growing:
		it.leak = p.leaks
		p.leaks++
	case bounded:
		if it.max.Form == Share && s.wholeFrom != fromStat {
			it.from = append(slices.Clip(it.from), s.wholeFrom)
		}
	}
	p.items = append(p.items, it)
	p.needs[fromStat] = true
	for _, s := range it.from {
		p.needs[s] = true
		if readers[s].costly && (p.paces[s] == 0 || it.lasts/10 < p.paces[s]) {
			p.paces[s] = it.lasts / 10
		}
	}
}

// tick is how often a plan needs its processes read: five times in its shortest time,
// within the limits.
func (p *plan) tick(longest time.Duration) time.Duration {
	tick := longest
	for _, it := range p.items {
		tick = min(tick, it.lasts/5)
	}
	return max(tick, shortestTick)
}

// paceOf is how often an item is looked at, if that is less often than every tick.
func (p *plan) paceOf(it item) time.Duration {
	var pace time.Duration
	for _, s := range it.from {
		pace = max(pace, p.paces[s])
	}
	return pace
}
