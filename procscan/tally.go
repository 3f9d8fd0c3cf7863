package procscan

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// tally collects what a scan finds for each query.
type tally struct {
	index *index
	out   []Selection
}

// keep adds the finding of one process.
func (t *tally) keep(f *finding) {
	for _, a := range f.answers {
		sel := &t.out[a.query]
		if a.verdict == yes {
			sel.Matching = append(sel.Matching, f.process)
		} else {
			sel.Unreadable = append(sel.Unreadable, unreadable(f.process, a.why))
		}
	}
}

func unreadable(p Process, err error) Unreadable {
	var u *unreadError
	if errors.As(err, &u) {
		return Unreadable{Process: p, What: u.what, Err: u.err}
	}
	return Unreadable{Process: p, What: whatStat, Err: err}
}

// note remembers what the kernel will report when it changes.
func (s *Scanner) note(place int, f *finding, now time.Duration) {
	if f.glanced {
		return
	}
	known := fact{}
	if !f.ended && s.connector.err == nil {
		known = f.fact
		known.until = now + s.reliable
		if now-(ID{Start: f.start}).Started() >= s.settled {
			known.until = never
		}
	}
	s.memory.note(place, known)
}

// never is when something that cannot change without a report has to be read again.
const never = time.Duration(math.MaxInt64)

// finish selects among the matching processes, and reads the control groups of the
// selected ones.
func (s *Scanner) finish(ctx context.Context, t *tally) error {
	var chosen []*Process
	for i := range t.out {
		sel := &t.out[i]
		sel.Err = t.index.queries[i].err
		sel.choose(&t.index.queries[i])
		for j := range sel.Selected {
			if sel.Selected[j].Unit == "" {
				chosen = append(chosen, &sel.Selected[j])
			}
		}
	}
	return s.crew.run(ctx, job{len(chosen), func(w *worker, i int) {
		w.found.unit = w.unit(chosen[i].ID, chosen[i].Threads)
	}, func(w *worker, i int) {
		chosen[i].Unit = w.found.unit
	}})
}

// unit is the control group of a process, or empty: a process that has just ended, or
// whose group cannot be read, is still selected.
func (w *worker) unit(id ID, threads int) string {
	if w.enter(id, whats[ofUnit]) != nil {
		return ""
	}
	s := w.subject
	unit, err := s.unitOf(id.PID, 0)
	if threads > 1 && (err != nil || unit == "/") { // for example of a leader that has exited
		if tid, _, _ := s.fs.dir.LiveThread(id.PID, s.textBuf[:cap(s.textBuf)]); tid != 0 {
			unit, _ = s.unitOf(id.PID, tid)
		}
	}
	if unit == w.found.unit {
		return w.found.unit // the same string for all processes of a unit
	}
	return unit
}

// choose fills Selected and Hint from Matching, as the pidfile or Select says.
func (sel *Selection) choose(q *query) {
	slices.SortFunc(sel.Matching, older)
	slices.SortFunc(sel.Unreadable, func(a, b Unreadable) int { return older(a.Process, b.Process) })
	sel.Matching = slices.Clip(sel.Matching)
	if len(sel.Matching) == 0 {
		return
	}
	for _, p := range sel.Matching {
		if p.PID == q.hint { // otherwise the pidfile is no hint, and the match decides alone
			sel.Selected, sel.Hint = []Process{p}, p.PID
			return
		}
	}
	sel.Selected = q.match.Select.of(sel.Matching)
}

// of selects among what matches: at least one process, in the order of age.
func (by Select) of(all []Process) []Process {
	switch by {
	case All:
		return all
	case Oldest:
		return all[:1:1]
	case Newest:
		return all[len(all)-1:]
	}
	return roots(all)
}

// roots are those whose parent is not among them.
func roots(all []Process) []Process {
	pids := make(map[int]struct{}, len(all))
	for _, p := range all {
		pids[p.PID] = struct{}{}
	}
	child := func(p Process) bool {
		_, ok := pids[p.PPID]
		return ok
	}
	if !slices.ContainsFunc(all, child) {
		return all
	}
	var out []Process
	for _, p := range all {
		if !child(p) {
			out = append(out, p)
		}
	}
	return out
}

// older orders by start time, and within one hundredth of a second by PID.
func older(a, b Process) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.PID, b.PID))
}
