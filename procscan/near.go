package procscan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxNear is how many near misses are reported at most.
const MaxNear = 10

// NearMiss is a process that nearly matches.
type NearMiss struct {
	Process
	Why string // in words: "name is nginx, but user is root, not www-data"

	holds int // keys
}

// Near finds the processes that nearly match: at least one of exe, name, args and unit
// points to them, and something excludes them. Those with the most matching keys come
// first; there are at most MaxNear. It reads much more than Scan, and is meant for
// people.
func (s *Scanner) Near(ctx context.Context, m *Matcher) ([]NearMiss, error) {
	found, err := s.Scan(ctx, []*Matcher{m})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	queries, err := s.resolve(ctx, []*Matcher{m})
	if err == nil {
		err = s.listing.read(s.fs)
	}
	if err != nil {
		return nil, err
	}
	out := leftOut(&queries[0], found[0])
	entries, own := s.listing.entries, s.ours
	err = s.crew.run(ctx, job{len(entries), func(w *worker, i int) {
		w.subject.ours = own
		w.found.near = w.subject.near(entries[i].pid, &queries[0])
	}, func(w *worker, _ int) {
		if w.found.near.Why != "" {
			out = append(out, w.found.near)
		}
	}})
	if s.crew.hanging.Load() > 0 {
		s.listing.entries = nil // a worker that was left behind may still look into it
	}
	if err != nil {
		return nil, fmt.Errorf("look for near misses: %w", err)
	}
	slices.SortStableFunc(out, func(a, b NearMiss) int { return cmp.Compare(b.holds, a.holds) })
	return out[:min(len(out), MaxNear)], nil
}

// leftOut are the processes that match and are not selected.
func leftOut(q *query, sel Selection) []NearMiss {
	var out []NearMiss
	for _, p := range sel.Matching {
		if slices.ContainsFunc(sel.Selected, func(c Process) bool { return c.ID == p.ID }) {
			continue
		}
		miss := NearMiss{Process: p, Why: "matches, but " + notChosen(q, sel, p), holds: len(clues) + 1}
		if sel.Hint == 0 && q.match.Select == Root {
			miss.holds = 0 // workers are many and expected: they come last
		}
		out = append(out, miss)
	}
	return out
}

func notChosen(q *query, sel Selection, p Process) string {
	switch {
	case sel.Hint != 0:
		return fmt.Sprintf("pidfile %s names PID %d", q.match.Pidfile, sel.Hint)
	case q.match.Select == Root:
		return fmt.Sprintf("is a child of PID %d, which matches too (select: root)", p.PPID)
	}
	return fmt.Sprintf("PID %d is the %s one (select: %[2]s)", sel.Selected[0].PID, q.match.Select)
}

// near says why a process does not match, in Why, if it nearly matches.
func (s *subject) near(pid int, q *query) NearMiss {
	if s.open(pid) != nil {
		return NearMiss{}
	}
	if s.stat.Dead() || s.stat.Kernel() {
		return s.lifeless(q)
	}
	if v, _ := s.judge(q); v == yes {
		return NearMiss{}
	}
	var answers [len(clues)]answer
	close := false
	for i, c := range clues {
		if c.want(q) == "" {
			continue
		}
		a := answer{given: true}
		a.holds, a.err = c.holds(s, q)
		if s.over {
			return NearMiss{}
		}
		close = close || a.err == nil && c.points != nil && c.points(s, q)
		answers[i] = a
	}
	if !close {
		return NearMiss{}
	}
	return s.explain(q, answers[:])
}

// lifeless is near for a zombie or a kernel thread: only its name can be read.
func (s *subject) lifeless(q *query) NearMiss {
	comm := string(s.stat.Comm)
	if comm != q.match.Name && !(q.match.Name == "" && q.match.Exe != "" && comm == commOf(q.match.Exe)) {
		return NearMiss{}
	}
	what := "it is a kernel thread"
	if s.stat.Dead() {
		what = fmt.Sprintf("it is a zombie: dead, and not yet reaped by its parent, PID %d", s.stat.PPID)
	}
	return NearMiss{Process: s.process(), Why: fmt.Sprintf("name is %s, but %s", comm, what), holds: 1}
}

// explain says in a sentence which keys match and which do not.
func (s *subject) explain(q *query, answers []answer) NearMiss {
	var good, bad []string
	for i, a := range answers {
		c := clues[i]
		switch {
		case !a.given, a.holds && c.is == nil:
		case a.err != nil:
			bad = append(bad, fmt.Sprintf("%s cannot be read: %v", c.word, errors.Unwrap(a.err)))
		case a.holds:
			good = append(good, c.is(s, q))
		default:
			bad = append(bad, c.isNot(s, q))
		}
	}
	holds := len(good)
	if len(bad) == 0 {
		bad = append(bad, s.excluded(q))
		holds = len(clues)
	}
	why := strings.Join(bad, ", ")
	if len(good) > 0 {
		why = strings.Join(good, ", ") + ", but " + why
	}
	return NearMiss{Process: s.process(), Why: why, holds: holds}
}

// excluded says why a process with all keys right does not match.
func (s *subject) excluded(q *query) string {
	if s.id.PID == s.fs.self {
		return "it is procward itself"
	}
	if q.none {
		return q.err.Error()
	}
	if own, err := s.ours.owns(s, q); own || err != nil {
		return "it is procward's own script or child"
	}
	return "it is in another PID namespace (namespace: own)"
}
