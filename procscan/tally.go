package procscan

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// tally gathers what a scan finds for each query.
type tally struct {
	queries []query
	numbers []int // of the queries, in the memory
	out     []Selection
}

// keep adds the finding of one process.
func (t *tally) keep(f *finding) {
	if !f.asked {
		return
	}
	for i, v := range f.verdicts {
		sel := &t.out[i]
		switch v {
		case yes:
			sel.Matching = append(sel.Matching, f.process)
		case doubt:
			sel.Unreadable = append(sel.Unreadable, unreadable(f.process, f.doubts[i]))
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

// note remembers the name of a process, and which queries a settled one does not answer.
func (s *Scanner) note(place int, f *finding, numbers []int, now time.Duration) {
	told := !f.ended && s.connector.err == nil
	old := told && now-ID{Start: f.start}.Started() >= s.settled
	for i, v := range f.verdicts {
		s.memory.set(place, numbers[i], old && v == no)
	}
	switch {
	case old:
		s.memory.call(place, f.comm, never)
	case told:
		s.memory.call(place, f.comm, now+s.reliable)
	default:
		s.memory.call(place, nil, 0)
	}
}

// never is when what cannot change untold has to be read again.
const never = time.Duration(math.MaxInt64)

// finish chooses from what matches, and reads the control groups of what is chosen.
func (s *Scanner) finish(ctx context.Context, t *tally) error {
	var chosen []*Process
	for i := range t.out {
		sel := &t.out[i]
		sel.Err = t.queries[i].err
		sel.choose(&t.queries[i])
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

// unit is the control group of a process, or empty: one that has just ended, or whose
// group cannot be read, is chosen all the same.
func (w *worker) unit(id ID, threads int) string {
	if w.enter(id, whats[ofUnit]) != nil {
		return ""
	}
	fs := w.subject.fs
	unit, err := fs.unit(id.PID, 0)
	if threads > 1 && (err != nil || unit == "/") { // as of a leader that has exited
		if tid, _ := fs.liveThread(id.PID, w.subject.textBuf[:cap(w.subject.textBuf)]); tid != 0 {
			unit, _ = fs.unit(id.PID, tid)
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
	if q.match.Pidfile != "" {
		for _, p := range sel.Matching {
			if p.PID == q.hint {
				sel.Selected, sel.Hint = []Process{p}, p.PID
			}
		}
		return
	}
	switch all := sel.Matching; q.match.Select {
	case All:
		sel.Selected = all
	case Oldest:
		sel.Selected = all[:1:1]
	case Newest:
		sel.Selected = all[len(all)-1:]
	default:
		sel.Selected = roots(all)
	}
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
