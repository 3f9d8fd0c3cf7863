package probe

import (
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// budget is the time of one check, and all that it opens. The time stands still while
// procward itself is at work, as when a name is resolved: what is checked has its whole
// timeout all the same.
type budget struct {
	timeout time.Duration
	cancel  context.CancelFunc

	mu    sync.Mutex
	timer *time.Timer
	left  time.Duration
	from  time.Time     // since when left runs out
	aside time.Duration // for how long it stood still
	spent bool          // the time is over
	over  bool          // so is the check
	opens []io.Closer
}

// begin starts the time. The context ends when it is over, and so does everything that
// was opened; end must be called.
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

// end closes everything that was opened. It gives the time that stood still.
func (b *budget) end() time.Duration {
	b.timer.Stop()
	b.release()
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.aside
}

// release closes everything that was opened, and what is opened from now on at once.
func (b *budget) release() {
	b.mu.Lock()
	opens := b.opens
	b.opens, b.over = nil, true
	b.mu.Unlock()
	for _, c := range slices.Backward(opens) { // TLS says that it ends, over the connection below it
		_ = c.Close()
	}
}

// keep has a connection closed with the check.
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

// brokenOff reports whether the check is over before its time is.
func (b *budget) brokenOff() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.over && !b.spent
}

// pause has the time stand still until the function is called that it gives.
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
