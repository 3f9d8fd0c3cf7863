package vital

import (
	"cmp"
	"fmt"
	"time"

	"procward/procscan"
	"procward/watch"
)

// target is a name and the processes that it stands for.
type target struct {
	name  string
	round int
	spec  Spec
	plan  *plan
	procs []*proc
	told  []told // one for each item
	dirty bool   // its processes have changed
}

// told is what was last reported of one sign.
type told struct {
	verdict watch.Verdict
	pid     int
}

func newTarget(o change, p *plan) *target {
	return &target{name: o.target, round: o.round, spec: o.spec, plan: p, told: make([]told, len(p.items))}
}

func byName(a, b *target) int { return cmp.Compare(a.name, b.name) }

func (t *target) find(id procscan.ID) *proc {
	for _, p := range t.procs {
		if p.id == id {
			return p
		}
	}
	return nil
}

// rank orders the verdicts of several processes: the target has the highest one. Pending
// is above OK: a sign is ok only if it is ok for all.
func rank(v watch.Verdict) int {
	switch v {
	case watch.Bad:
		return 5
	case watch.Failing:
		return 4
	case watch.Blind:
		return 3
	case watch.Pending:
		return 2
	}
	return 1
}

// worst is the process that gives a sign of the target its verdict: if several are bad,
// the one that was reported before. It is nil if none is left.
func (t *target) worst(item int) *proc {
	var worst *proc
	for _, p := range t.procs {
		if p.gone {
			continue
		}
		if worst == nil {
			worst = p
			continue
		}
		v, w := rank(p.life.courses[item].verdict), rank(worst.life.courses[item].verdict)
		if v > w || v == w && p.id.PID == t.told[item].pid {
			worst = p
		}
	}
	return worst
}

// tell adds the signs whose verdict differs from what was reported, or which are bad for
// another process. If no process is left it adds nothing: the end of a process is not a
// sign.
func (t *target) tell(signs []watch.SignChange, now, boot time.Duration) []watch.SignChange {
	t.dirty = false
	for i := range t.plan.items {
		p := t.worst(i)
		if p == nil {
			return signs
		}
		h := &p.life.courses[i]
		is := told{verdict: h.verdict, pid: p.id.PID}
		if is == t.told[i] || h.verdict == watch.Pending || is.verdict == t.told[i].verdict && is.verdict != watch.Bad {
			continue
		}
		t.told[i] = is
		signs = append(signs, t.sign(i, p, now, boot))
	}
	return signs
}

func (t *target) sign(i int, p *proc, now, boot time.Duration) watch.SignChange {
	it, h := &t.plan.items[i], &p.life.courses[i]
	s := watch.SignChange{
		Target: t.name, Round: t.round, Name: it.name, Verdict: h.verdict, Report: it.report,
		PID: p.id.PID, Text: p.life.text(it, h, &p.r, now), At: boot,
	}
	if h.verdict == watch.Failing || h.verdict == watch.Bad {
		s.Took = now - h.since
	}
	return s
}

// broken makes every sign of a process unknown, and reports whether that is new.
func (p *proc) broken(why any) (changed bool) {
	err := fmt.Errorf("internal failure: %v", why)
	for i := range p.life.courses {
		h := &p.life.courses[i]
		changed = changed || h.verdict != watch.Blind
		*h = course{verdict: watch.Blind, why: err}
	}
	return changed
}
