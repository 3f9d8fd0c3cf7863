package daemon

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"procward/internal/control"
	"procward/internal/engine"
	"procward/internal/message"
	"procward/internal/state"
	"procward/internal/trust"
	"procward/procscan"
)

// keepPatience is how long an action waits for the state to be written. A file system
// that hangs, or a full disk, must not prevent restarts; rungs that end the machine wait
// for the disk. After a wait in vain, keepGlance is enough until the file system answers
// again.
const (
	keepPatience = 200 * time.Millisecond
	keepGlance   = 5 * time.Millisecond
)

// keeper writes the engine's durable state, and reports when that fails.
type keeper struct {
	book  *state.Book
	lock  *control.Lock
	voice *voice
	kept  *state.Kept // what was there at the start

	forgets error // why what is kept does not outlive a boot, or nil

	mu   sync.Mutex
	hung bool // the last wait was in vain, and this was reported
}

// openState opens the state directory and, if so, says why it is not known what was done
// before. If the directory cannot be used, procward goes on without: this is reported as
// a fallback, and keeper is nil. The only error is that another procward has it.
func openState(dir string, v *voice) (k *keeper, lost string, err error) {
	without := func(err error) (*keeper, string, error) {
		v.fellBack("nothing outlives the daemon: " + err.Error())
		return nil, lost, nil
	}
	opened, err := trust.Dir(dir, 0o700)
	if err != nil {
		return without(fmt.Errorf("the state directory: %w", err))
	}
	opened.Close() // the book opens it again, with its own check
	lock, err := control.Acquire(filepath.Join(dir, "lock"))
	if errors.Is(err, control.ErrRunning) {
		return nil, "", err
	}
	if err != nil {
		return without(err)
	}
	k = &keeper{lock: lock, voice: v, forgets: state.Forgetful(dir)}
	var problems []state.Problem
	k.book, k.kept, problems, err = state.OpenBook(dir, k.told)
	for _, p := range problems {
		v.say(message.StateLost, p.Error())
		lost = p.Error()
	}
	if err != nil {
		_ = lock.Release() // the kernel does it in the end
		return without(err)
	}
	return k, lost, nil
}

// told takes the reports of the book about its writing.
func (k *keeper) told(err error) {
	k.mu.Lock()
	k.hung = err != nil
	k.mu.Unlock()
	if err != nil {
		k.voice.say(message.NotDurable, err.Error())
		return
	}
	k.voice.say(message.DurableAgain, "")
}

// Keep is the engine's Keeper.
func (k *keeper) Keep(changes map[string]any, must bool) {
	if len(changes) > 0 {
		k.book.Put(changes)
	}
	if !must {
		return
	}
	k.mu.Lock()
	patience := keepPatience
	if k.hung {
		patience = keepGlance
	}
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	k.waited(k.book.Written(ctx))
}

// recordPatience is how long a rung that ends the machine waits for the disk.
const recordPatience = 30 * time.Second

// Record is the engine's Keeper.
func (k *keeper) Record(ctx context.Context) error {
	if k.forgets != nil {
		return k.forgets
	}
	ctx, cancel := context.WithTimeout(ctx, recordPatience)
	defer cancel()
	return k.book.Flush(ctx)
}

// waited takes the end of a wait for the file system. Failures of the book are reported
// by the book itself.
func (k *keeper) waited(err error) {
	late := errors.Is(err, context.DeadlineExceeded)
	k.mu.Lock()
	was := k.hung
	if late || err == nil {
		k.hung = late
	}
	k.mu.Unlock()
	switch {
	case late && !was:
		k.voice.say(message.NotDurable, fmt.Sprintf("the file system does not answer within %v", keepPatience))
	case err == nil && was:
		k.voice.say(message.DurableAgain, "")
	}
}

// restore gives the machine what was kept.
func (k *keeper) restore(m *engine.Machine) error {
	kept := k.kept
	if k.kept = nil; kept == nil {
		return nil
	}
	saved := engine.Saved{}
	for key, v := range kept.Values {
		saved[key] = v
	}
	then := engine.Moment{Boot: kept.Boot, Uptime: kept.Boottime, Wall: kept.Wall}
	return m.Restore(saved, then, engine.Moment{Boot: k.book.Boot(), Uptime: procscan.Boottime(), Wall: time.Now()})
}

// run begins to write; the function that it returns ends that in a limited time, brings
// everything to the disk and gives the lock back.
func (k *keeper) run() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- errors.Join(k.book.Run(ctx), k.lock.Release()) }()
	return func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				k.voice.say(message.NotDurable, err.Error())
			}
		case <-time.After(flushTime):
			k.voice.say(message.NotDurable, "the file system does not answer")
		}
	}
}
