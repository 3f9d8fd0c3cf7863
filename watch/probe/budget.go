package probe

import (
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// budget is the time of one check, and everything that it opens. The time stands still
// while procward itself is working, for example while a name is resolved: the service
// still has its whole timeout.
type budget struct {
	timeout time.Duration
	cancel  context.CancelFunc

	mu    sync.Mutex
	timer *time.Timer
	left  time.Duration
	from  time.Time     // since when left runs out
	aside time.Duration // how long it stood still
	spent bool          // the time is over
	over  bool          // so is the check
	opens []io.Closer
}

// begin starts the time. When it is over the context ends, and everything that was opened
// is closed; end must be called.
func begin(ctx context.Context, timeout time.Duration) (context.Context, *budget) {
	b := &budget{timeout: timeout, left: timeout, from: time.Now()}
	ctx, b.cancel = context.WithCancel(ctx)
	context.AfterFunc(ctx, b.release)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = time.AfterFunc(timeout, b.spend)
	return ctx, b
}

func (b *budget) spend() {
	b.mu.Lock()
	b.spent = !b.over
	b.mu.Unlock()
	b.cancel()
}

// end closes everything that was opened. It returns how long the time stood still.
func (b *budget) end() time.Duration {
	b.timer.Stop()
	b.release()
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.aside
}

// release closes everything that was opened, and closes at once what is opened later.
func (b *budget) release() {
	b.mu.Lock()
	opens := b.opens
	b.opens, b.over = nil, true
	b.mu.Unlock()
	for _, c := range slices.Backward(opens) { // TLS says that it ends, over the connection below it
		_ = c.Close()
	}
}

// keep makes the check close a connection at its end.
func (b *budget) keep(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	over := b.over
	if !over {
		b.opens = append(b.opens, conn)
	}
	b.mu.Unlock()
	if over {
		conn.Close()
		return nil, net.ErrClosed
	}
	return conn, nil
}

// late reports whether the time is over.
func (b *budget) late() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent
}

// brokenOff reports whether the check was stopped before its time was over.
func (b *budget) brokenOff() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.over && !b.spent
}

// pause stops the time until the function that it returns is called.
func (b *budget) pause() (resume func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.timer.Stop() {
		return func() {} // it is over
	}
	began := time.Now()
	b.left -= began.Sub(b.from)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.from = time.Now()
		b.aside += b.from.Sub(began)
		if b.over {
			return
		}
		b.timer.Reset(max(b.left, 0))
	}
}
