package probe

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

// checker carries out the checks of one kind, one at a time. A check ends by itself soon
// after the timeout, and at once if ctx ends: then its result is not used. It leaves
// nothing open.
type checker interface {
	check(ctx context.Context, timeout time.Duration) result
}

// broken is a checker that could not be made.
type broken struct{ err error }

func (b broken) check(context.Context, time.Duration) result { return unknown("%v", b.err) }

// run is one check in progress.
type run struct {
	item      *item
	seq       int
	checker   checker
	timeout   time.Duration
	onTimeout OnTimeout
}

// ended is a check that is over.
type ended struct {
	item *item
	seq  int
	result
	took time.Duration
	at   time.Duration // CLOCK_BOOTTIME
	held bool          // procward itself did not run for a while
}

// start begins the check of an item whose turn it is. The lock is held.
func (p *Prober) start(ctx context.Context, it *item, work *sync.WaitGroup) {
	ctx, it.cancel = context.WithCancel(ctx)
	r := run{it, it.seq, it.checker, it.spec.Timeout.D(), it.spec.OnTimeout}
	work.Go(func() {
		e := p.carryOut(ctx, r)
		p.mu.Lock()
		p.finish(e)
		now := p.awake()
		if wait := p.wait(now); len(p.signs) > 0 || wait >= 0 && now+wait < p.looks {
			p.nudge()
		}
		p.mu.Unlock()
	})
}

// suspended is by how much the clocks must differ after a suspend.
const suspended = 100 * time.Millisecond

func (p *Prober) carryOut(ctx context.Context, r run) ended {
	began := p.awake()
	asleep := p.boot() - began
	res := contained(ctx, r)
	over, at := p.awake(), p.boot()
	r.timeout += res.aside
	held := p.wasHeldUp(r, began, over)
	switch {
	case at-over-asleep > suspended:
		res.outcome, res.text = Unknown, "the host was suspended meanwhile"
	case held && (res.late || res.outcome == Failure):
		res.outcome = Unknown
		res.text += "; procward itself was stopped or starved meanwhile, so that shows nothing"
	case res.late:
		res = p.judgeLate(res, r.onTimeout)
	}
	return ended{item: r.item, seq: r.seq, result: res, took: over - began, at: at, held: held}
}

// judgeLate says what a timeout counts as.
func (p *Prober) judgeLate(res result, on OnTimeout) result {
	res.outcome = Failure
	if on == TimeoutUnknown {
		res.outcome = Unknown
		return res
	}
	if heavy := p.opts.Pressure().heavy(filepath.Join(p.opts.Proc, "pressure")); heavy != "" {
		res.outcome = Unknown
		res.text += "; the host is under heavy pressure (" + heavy + "), so that shows nothing"
	}
	return res
}

// contained does the check; a panic in it is an unknown result.
func contained(ctx context.Context, r run) (res result) {
	defer func() {
		if e := recover(); e != nil {
			res = unknown("internal failure: %v", e)
		}
	}()
	return r.checker.check(ctx, r.timeout)
}

// finish takes one result in and schedules the next check. The lock is held.
func (p *Prober) finish(e ended) {
	it := e.item
	l := p.lane(it)
	l.done(it)
	it.cancel()
	it.cancel = nil
	if it.gone {
		return
	}
	now := p.awake()
	if e.seq != it.seq { // its spec has changed meanwhile
		l.push(it, now)
		return
	}
	l.push(it, max(now, it.began+it.gap(p.chance())))
	p.judge(it, e)
}

// judge notes a result, and what has to be reported of it.
func (p *Prober) judge(it *item, e ended) {
	before := it.state.Verdict
	it.state = Policy{it.spec.Failures, it.spec.Successes}.Next(it.state, e.outcome)
	it.last, it.checked = e, true
	if it.state.Verdict != before {
		p.signs = append(p.signs, it.sign(e, false))
	}
	if e.outcome == Early {
		return
	}
	slow := !e.late && !e.held && e.took-e.aside > it.spec.Timeout.D()*8/10
	if slow && !it.slow {
		p.signs = append(p.signs, it.sign(e, true))
	}
	it.slow = slow
	p.judgeWait(it, e)
}

// judgeWait reports that a check had to wait for its turn: a stall is noticed so much
// later.
func (p *Prober) judgeWait(it *item, e ended) {
	behind := it.waited > max(it.spec.Interval.D(), giveWay) && p.lapsed <= it.began-it.waited
	if behind && !it.behind {
		s := it.sign(e, true)
		s.Text = fmt.Sprintf("began %s after its time, as too many checks were under way", scalar.Duration(it.waited).Rounded())
		p.signs = append(p.signs, s)
	}
	it.behind = behind
}

func (it *item) sign(e ended, slow bool) watch.SignChange {
	s := watch.SignChange{
		Target: it.target.name, Round: it.target.round, Name: it.name, Verdict: it.state.Verdict,
		Report: it.spec.Action == watch.ActReport, Slow: slow, Text: e.text, Output: e.output, Took: e.took, At: e.at,
	}
	if slow {
		s.Text = fmt.Sprintf("took %s of its %s: %s", scalar.Duration(e.took).Rounded(), it.spec.Timeout, e.text)
	}
	return s
}
