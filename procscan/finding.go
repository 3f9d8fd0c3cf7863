package procscan

import (
	"errors"
	"os"
)

// finding is what a worker found out about one item.
type finding struct {
	query   query
	unit    string
	near    NearMiss
	answers []answerTo
	process Process // where there are answers
	glanced bool    // the process was not read, and what is known of it stays
	fact    fact    // otherwise what is known of it now
	start   uint64
	ended   bool
}

// answerTo says that a process is meant by a query, or could be.
type answerTo struct {
	query int
	verdict
	why error // of a doubt
}

// judge reads one process as far as the queries need it. known is what is remembered of
// it.
func (w *worker) judge(pid int, known fact, x *index) {
	f, s := &w.found, w.subject
	f.answers, f.glanced, f.ended, f.fact = f.answers[:0], false, false, fact{}
	if _, exeOnly := x.asks(&known); exeOnly && s.runsNone(pid, x) {
		f.glanced = true
		return
	}
	err := s.open(pid)
	f.start = s.id.Start
	switch {
	case errors.Is(err, os.ErrNotExist):
		f.ended = true
		return
	case err != nil:
		f.doubtAll(x, err)
	default:
		w.ask(x)
		f.fact = fact{comm: commFrom(s.stat.Comm), uid: s.uid, user: s.has(ofUser), kernel: s.stat.Kernel()}
	}
	if f.ended = s.over; f.ended {
		f.answers = f.answers[:0]
	}
	if len(f.answers) > 0 {
		f.process = s.process()
	}
}

// ask judges the process by each query that it could answer, once.
func (w *worker) ask(x *index) {
	s := w.subject
	if s.nobody() {
		return
	}
	w.round++
	if len(w.asked) < len(x.queries) {
		w.asked = make([]uint64, len(x.queries))
	}
	x.meant(s, func(i int) {
		if w.asked[i] == w.round {
			return
		}
		w.asked[i] = w.round
		s.judged++
		if v, why := s.judge(&x.queries[i]); v != no {
			w.found.answers = append(w.found.answers, answerTo{i, v, why})
		}
	})
}

// doubtAll is the finding for a process of which nothing could be read.
func (f *finding) doubtAll(x *index, why error) {
	for i := range x.queries {
		if !x.queries[i].none {
			f.answers = append(f.answers, answerTo{i, doubt, why})
		}
	}
}
