package host

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	confd "procward/conf.d"
	"procward/escalate"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/watch"
)

// bubble is a world in a synctest bubble: one process, whose script fails.
type bubble struct {
	loop  *Loop
	ctx   context.Context
	alive procscan.Process
	down  atomic.Bool
	ran   []time.Duration // since the start
	start time.Time
	block chan struct{} // if not nil, Do waits for it
}

func (s *bubble) Do(e engine.Effect) {
	if s.block != nil {
		<-s.block
	}
	switch e := e.(type) {
	case engine.Look:
		time.AfterFunc(time.Millisecond, func() {
			found := map[string]engine.Finding{}
			for name := range e.Of {
				f := engine.Finding{}
				if !s.down.Load() {
					f.Selection.Selected = []procscan.Process{s.alive}
				}
				found[name] = f
			}
			s.loop.Send(s.ctx, engine.Looked{Token: e.Token, Found: found})
		})
	case engine.Run:
		s.ran = append(s.ran, time.Since(s.start))
		time.AfterFunc(time.Second, func() {
			s.loop.Send(s.ctx, engine.ScriptStarted{Token: e.Token, At: s.loop.clock()})
			s.loop.Send(s.ctx, engine.ScriptEnded{Token: e.Token, Result: script.Result{Code: 1}})
		})
	}
}

type silence struct{}

func (silence) Send(message.Message) {}

func newBubble(ctx context.Context) *bubble {
	s := &bubble{ctx: ctx, start: time.Now()}
	s.alive.ID = procscan.ID{PID: 7, Start: 7}
	s.loop = NewLoop(engine.NewMachine(false, 1), silence{})
	s.loop.clock = func() time.Duration { return time.Hour + time.Since(s.start) }
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
		go func() { ended <- s.loop.Run(ctx, s) }()
		s.loop.Send(ctx, engine.Configured{Config: cfg})
		time.Sleep(time.Minute)
		s.down.Store(true)
		s.loop.Send(ctx, engine.Died{Events: []watch.Event{{ID: s.alive.ID, At: s.loop.clock()}}})
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
			return s.loop.Round(ctx)
		}
		done := make(chan int, 1)
		go func() { done <- s.loop.Run(ctx, s) }()
		if err := round(); err != nil {
			t.Errorf("an idle engine does not come round: %v", err)
		}
		s.block = make(chan struct{})
		s.loop.Send(ctx, engine.Configured{Config: one(nil)})
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
	if _, err := s.loop.Status(ctx); err == nil {
		t.Error("status of an engine that does not run gave no error")
	}
}
