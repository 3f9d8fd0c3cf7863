package systemd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// askAtOnce is how many units are asked about at the same time. Each may have some ten
// questions open, and a bus allows 128 calls without an answer (dbus-daemon(1),
// max_replies_per_connection).
const askAtOnce = 10

// Units reads units as Unit does, all together. A unit that systemd reports is in the
// answer under the name that was asked for. It ends when ctx ends, or when systemd has
// said nothing at all for silence; the error is then about the missing units, and the
// others are in the answer all the same.
func (l *Link) Units(ctx context.Context, names []string, silence time.Duration) (map[string]Unit, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(fmt.Errorf("systemd has said nothing for %v: %w", silence, context.DeadlineExceeded)) })
	defer watchdog.Stop()
	var (
		mu     sync.Mutex
		told   = map[string]Unit{}
		errs   []error
		asking sync.WaitGroup
		slots  = make(chan struct{}, askAtOnce)
	)
	for _, name := range names {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		asking.Go(func() {
			defer func() { <-slots }()
			u, err := l.Unit(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				told[name] = u
				watchdog.Reset(silence)
			case ctx.Err() == nil:
				errs = append(errs, err)
			}
		})
	}
	asking.Wait()
	if len(told)+len(errs) < len(names) {
		errs = append(errs, context.Cause(ctx))
	}
	return told, errors.Join(errs...)
}
