package message

import (
	"context"
	"errors"
	"testing"
)

// A log is turned at once, also where the sink that it had hangs.
func TestTurn(t *testing.T) {
	hangs, got := make(chan struct{}), make(chan Message, 1)
	defer close(hangs)
	log := NewLog(NewQueue(sinkFunc(func(Message) error { <-hangs; return nil }), "old", 8))
	log.Send(Message{Kind: Found, PID: 1})
	finish := log.Turn(NewLog(NewQueue(sinkFunc(func(m Message) error { got <- m; return nil }), "new", 8)))
	log.Send(Message{Kind: Found, PID: 2})
	if m := <-got; m.PID != 2 {
		t.Errorf("the new sink has got the message of pid %d", m.PID)
	}
	if names := log.Names(); len(names) != 1 || names[0] != "new" {
		t.Errorf("names %v", names)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := finish(over); !errors.Is(err, context.Canceled) {
		t.Errorf("the former sink hangs: %v", err)
	}
	if err := log.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
