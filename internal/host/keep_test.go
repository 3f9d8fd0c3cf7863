package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"procward/internal/engine"
	"procward/watch"
)

// ledger writes down the order in which things are kept and done.
type ledger struct {
	*bubble
	mu    sync.Mutex
	order []string
}

func (l *ledger) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order = append(l.order, what)
}

func (l *ledger) Keep(changes map[string]any, must bool) {
	if text, err := json.Marshal(changes["process httpd"]); err == nil && must && bytes.Contains(text, []byte(`"asked":true`)) {
		l.note("kept")
	}
}

// Record is never asked for here.
func (l *ledger) Record(context.Context) error { return errors.New("not in this test") }

func (l *ledger) Do(e engine.Effect) {
	if _, runs := e.(engine.Run); runs {
		l.note("run")
	}
	l.bubble.Do(e)
}

func TestAnAttemptIsKeptBeforeItsScriptRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := &ledger{bubble: newBubble(ctx)}
		l.loop.Keeper = l
		ended := make(chan int, 1)
		go func() { ended <- l.loop.Run(ctx, l) }()
		l.loop.Send(ctx, engine.Configured{Config: one(nil)})
		time.Sleep(time.Minute)
		l.down.Store(true)
		l.loop.Send(ctx, engine.Died{Events: []watch.Event{{ID: l.alive.ID, At: l.loop.clock()}}})
		time.Sleep(time.Hour)
		cancel()
		<-ended
		if want := []string{"kept", "run", "kept", "run", "kept", "run"}; !slices.Equal(l.order, want) {
			t.Errorf("it went %v, want %v", l.order, want)
		}
	})
}
