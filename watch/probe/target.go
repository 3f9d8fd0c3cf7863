package probe

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"procward/internal/scalar"
)

// target is a process or monitor with its checks.
type target struct {
	name  string
	round int
	items []*item
	ears  []*ear
}

// item is one check of a target, on its schedule.
type item struct {
	target  *target
	name    string
	spec    Check
	runs    bool // a program
	seq     int  // counts changes of the spec: a result of an earlier one is not judged
	checker checker
	state   State
	slow    bool
	first   bool // the next check is the first one
	gone    bool // nobody wants its results
	checked bool
	last    ended

	due    time.Duration
	index  int // in the queue; -1: in progress, or gone
	began  time.Duration
	waited time.Duration // from the due time to the beginning
	behind bool          // it began more than an interval late
	turn   int
	holds  bool               // a place in its lane
	cancel context.CancelFunc // of the check in progress; nil: there is none
}

// Attend begins to check a target, or goes on with other checks. In a new round
// everything starts again: every verdict is Pending, and results of checks that began
// before are thrown away. In the same round a check with the name of an earlier one
// continues it, and its results are judged together with the earlier ones. since is the
// CLOCK_BOOTTIME at which the process was started; start-delay counts from it.
func (p *Prober) Attend(name string, round int, checks []Check, since time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.targets[name]
	if t == nil {
		t = &target{name: name}
		p.targets[name] = t
	}
	afresh := t.round != round || len(t.items) == 0
	if afresh {
		p.drop(t.items)
		t.round, t.items = round, nil
	}
	now := p.awake()
	start := now - max(p.boot()-since, 0)
	p.silence(t, checks)
	old := t.items
	t.items = nil
	for i, n := range Names(checks) {
		at := slices.IndexFunc(old, func(it *item) bool { return it.name == n && it.runs == checks[i].Does(Runs) })
		if at < 0 {
			t.items = append(t.items, p.begin(t, n, checks[i], start, now, afresh))
			continue
		}
		p.change(old[at], checks[i], start, now)
		t.items = append(t.items, old[at])
		old = slices.Delete(old, at, at+1)
	}
	p.drop(old)
	p.nudge()
}

// Rest ends the checks of a target until it is attended again. Its notify sockets stay,
// so that a program that is started meanwhile finds them.
func (p *Prober) Rest(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.targets[name]; t != nil {
		p.drop(t.items)
		t.items = nil
	}
}

// Unattend ends the checks of a target and removes its notify sockets.
func (p *Prober) Unattend(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.targets[name]
	if t == nil {
		return
	}
	p.drop(t.items)
	p.silence(t, nil)
	delete(p.targets, name)
}

// Last is the last result of each check of a target in words, in their order.
func (p *Prober) Last(name string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.targets[name]
	if t == nil {
		return nil
	}
	now := p.boot()
	lines := make([]string, len(t.items))
	for i, it := range t.items {
		lines[i] = it.words(now)
	}
	return lines
}

func (it *item) words(now time.Duration) string {
	if !it.checked {
		return it.name + ": not checked yet"
	}
	e := it.last
	verdict := string(it.state.Verdict)
	if verdict == "" {
		verdict = "pending"
	}
	s := fmt.Sprintf("%s: %s; last check %s, %s ago, took %s: %s", it.name, verdict, e.outcome,
		scalar.Duration(now-e.at).Rounded(), scalar.Duration(e.took).Rounded(), e.text)
	if e.output != "" {
		s += "; output: " + e.output
	}
	return s
}

// begin makes an item and schedules its first check.
func (p *Prober) begin(t *target, name string, c Check, start, now time.Duration, afresh bool) *item {
	it := &item{target: t, name: name, spec: c, runs: c.Does(Runs), first: true, index: -1}
	it.checker = p.checker(t, c, start, now, afresh)
	spread := min(time.Second, c.Interval.D()/2)
	due := max(now, start+c.StartDelay.D()) + time.Duration(p.chance()*float64(spread))
	p.lane(it).push(it, due)
	return it
}

// change gives an item a new spec.
func (p *Prober) change(it *item, c Check, start, now time.Duration) {
	same := reflect.DeepEqual(it.spec.Kinds, c.Kinds)
	it.spec = c
	if !same {
		it.seq++
		it.checker = p.checker(it.target, c, start, now, false)
		if it.cancel != nil {
			it.cancel()
		}
	}
	if it.index >= 0 {
		p.lane(it).push(it, min(it.due, max(now, it.began+c.Interval.D())))
	}
}

// gap is the time from the start of a check to that of the next: somewhat less than the
// interval, and the first time perhaps much less, so that checks that began together do
// not stay together.
func (it *item) gap(chance float64) time.Duration {
	share := 0.1
	if it.first {
		share = 0.5
	}
	it.first = false
	return time.Duration(float64(it.spec.Interval.D()) * (1 - share*chance))
}

// drop ends items for good.
func (p *Prober) drop(items []*item) {
	for _, it := range items {
		it.gone = true
		p.lane(it).remove(it)
		if it.cancel != nil {
			it.cancel()
		}
	}
}

// lane is the schedule of a check: that of programs, or of all others.
func (p *Prober) lane(it *item) *lane {
	if it.runs {
		return &p.exec
	}
	return &p.net
}
