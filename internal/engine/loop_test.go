package engine

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/watch"
)

// bubble is a world in a synctest bubble: one process, whose script fails.
type bubble struct {
	engine *Engine
	ctx    context.Context
	alive  procscan.Process
	down   atomic.Bool
	ran    []time.Duration // since the start
	start  time.Time
	block  chan struct{} // if not nil, Do waits for it
}

func (s *bubble) Do(e Effect) {
	if s.block != nil {
		<-s.block
	}
	switch e := e.(type) {
	case Look:
		time.AfterFunc(time.Millisecond, func() {
			found := map[string]Finding{}
			for name := range e.Of {
				f := Finding{}
				if !s.down.Load() {
					f.Selection.Selected = []procscan.Process{s.alive}
				}
				found[name] = f
			}
			s.engine.Send(s.ctx, Looked{Token: e.Token, Found: found})
		})
	case Run:
		s.ran = append(s.ran, time.Since(s.start))
		time.AfterFunc(time.Second, func() {
			s.engine.Send(s.ctx, ScriptStarted{Token: e.Token, At: s.engine.clock()})
			s.engine.Send(s.ctx, ScriptEnded{Token: e.Token, Result: script.Result{Code: 1}})
		})
	}
}

type silence struct{}

func (silence) Send(message.Message) {}

func newBubble(ctx context.Context) *bubble {
	s := &bubble{ctx: ctx, start: time.Now()}
	s.alive.ID = procscan.ID{PID: 7, Start: 7}
	s.engine = NewEngine(NewMachine(false, 1), silence{})
	s.engine.clock = func() time.Duration { return time.Hour + time.Since(s.start) }
	return s
}

func TestLoopKeepsTheScheduleAndEndsWithTheRungsCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := newBubble(ctx)
		cfg := one(func(p *confd.Process) {
			p.Restart.Attempts, p.Restart.StartTimeout = scalar.AtMost(2), scalar.Duration(10*time.Second)
			code := 73
			p.Escalate = &escalate.Ladder{{StopDaemon: &escalate.StopDaemon{ExitCode: &code}}}
		})
		ended := make(chan int, 1)
		go func() { ended <- s.engine.Run(ctx, s) }()
		s.engine.Send(ctx, Configured{Config: cfg})
		time.Sleep(time.Minute)
		s.down.Store(true)
		s.engine.Send(ctx, Died{Events: []watch.Event{{ID: s.alive.ID, At: s.engine.clock()}}})
		if code := <-ended; code != 73 {
			t.Errorf("the loop ended with %d, want 73", code)
		}
		// The second attempt: 1 s of script, 10 s of start-timeout and 1 s of backoff later.
		want := []time.Duration{time.Minute + time.Millisecond, time.Minute + 12*time.Second + 2*time.Millisecond}
		if len(s.ran) != 2 || (s.ran[0]-want[0]).Abs() > 10*time.Millisecond || (s.ran[1]-want[1]).Abs() > 10*time.Millisecond {
			t.Errorf("scripts ran at %v, want about %v", s.ran, want)
		}
	})
}

func TestLoopComesRoundOnlyWhileItMakesProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newBubble(ctx)
		round := func() error {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			return s.engine.Round(ctx)
		}
		done := make(chan int, 1)
		go func() { done <- s.engine.Run(ctx, s) }()
		if err := round(); err != nil {
			t.Errorf("an idle engine does not come round: %v", err)
		}
		s.block = make(chan struct{})
		s.engine.Send(ctx, Configured{Config: one(nil)})
		if err := round(); err != context.DeadlineExceeded {
			t.Errorf("an engine that hangs comes round: %v", err)
		}
		close(s.block)
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("the loop ended with %d, want 0", code)
		}
	})
}

func TestStatusGivesUpWithItsContext(t *testing.T) {
	s := newBubble(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.engine.Status(ctx); err == nil {
		t.Error("status of an engine that does not run gave no error")
	}
}
