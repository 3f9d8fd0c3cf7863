package procscan

import (
	"errors"
	"os"
)

// finding is what a worker found of one item.
type finding struct {
	query    query
	unit     string
	near     NearMiss
	verdicts []verdict
	doubts   []error
	process  Process // where a verdict is not no
	asked    bool    // process is filled
	start    uint64
	comm     []byte // until the next item; empty where it could not be read
	ended    bool
}

// judge reads one process as far as the queries need it.
func (w *worker) judge(pid int, queries []query) {
	f, s := &w.found, w.subject
	f.verdicts, f.doubts = f.verdicts[:0], f.doubts[:0]
	f.asked, f.ended = false, false
	err := s.open(pid)
	f.start, f.comm = s.id.Start, s.stat.comm
	if errors.Is(err, os.ErrNotExist) {
		f.ended = true
		return
	}
	for i := range queries {
		v, why := doubt, err
		if err == nil {
			v, why = s.judge(&queries[i])
		} else if queries[i].none {
			v = no
		}
		f.verdicts = append(f.verdicts, v)
		f.doubts = append(f.doubts, why)
	}
	f.ended = s.over
	if !f.ended && !f.allNo() {
		f.process, f.asked = s.process(), true
	}
}

func (f *finding) allNo() bool {
	for _, v := range f.verdicts {
		if v != no {
			return false
		}
	}
	return true
}
