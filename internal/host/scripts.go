package host

import (
	"sync"
	"sync/atomic"
	"time"

	"procward/internal/engine"
)

// scripts are those that run, by token: an order about one that is not there has no
// effect.
type scripts struct {
	mu sync.Mutex
	of map[int]*scriptRun
}

// scriptRun is what was ordered about a script that runs.
type scriptRun struct {
	held atomic.Bool   // it must not be killed by its timeout
	end  chan struct{} // closed: it is to end
	once sync.Once     // closes it
}

func (r *scriptRun) toEnd() { r.once.Do(func() { close(r.end) }) }

// ending reports whether it must end.
func (r *scriptRun) ending() bool {
	select {
	case <-r.end:
		return true
	default:
		return false
	}
}

func (s *scripts) begin(token int) *scriptRun {
	r := &scriptRun{end: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[int]*scriptRun{}
	}
	s.of[token] = r
	return r
}

// with does something to a script if it is still running.
func (s *scripts) with(token int, do func(*scriptRun)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.of[token]; r != nil {
		do(r)
	}
}

func (s *scripts) over(token int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, token)
}

func (h *Host) run(e engine.Run, r *scriptRun) {
	e.Job.End, e.Job.Spare = r.end, r.held.Load
	result := h.Scripts.Run(h.ctx, e.Job, func(pid int, at time.Duration) {
		p, _ := h.FS.Read(pid) // it is there until it is reaped, and that is after this
		h.Loop.Send(h.ctx, engine.ScriptStarted{Token: e.Token, ID: p.ID, At: at})
	})
	h.scripts.over(e.Token)
	h.Loop.Send(h.ctx, engine.ScriptEnded{Token: e.Token, Result: result})
}
