package probe

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/account"
	"procward/internal/hang"
)

// ear is the socket of a notify check. A goroutine of its own opens it and reads it, so
// that writers never wait.
type ear struct {
	path, user string
	ask        account.Ask // about users; nil: only the files are read
	awake      func() time.Duration
	urgent     func() // is called when something came that should be judged now
	life       life

	mu     sync.Mutex
	closed bool
	conn   *net.UnixConn // nil: not open
	file   inode         // of the socket while it is open
	err    error         // why it is not open
	done   chan struct{} // closed when the goroutine has ended; nil: there was none yet

	looking hang.Guard
}

// hearing judges what an ear has heard.
type hearing struct {
	ear    *ear
	maxAge time.Duration
}

// check judges what was heard. If a socket could not be opened this is tried again, and
// one that was removed is made again: the directory that systemd makes for a service
// disappears each time the service ends.
func (h hearing) check(ctx context.Context, timeout time.Duration) result {
	h.ear.mu.Lock()
	err := h.ear.err
	h.ear.mu.Unlock()
	switch {
	case err != nil:
		h.ear.listen(nil)
		return unknown("%v", err)
	case h.ear.isLost(ctx, timeout):
		return unknown("the socket %s was removed, and is made anew", h.ear.path)
	}
	return h.ear.life.judge(h.maxAge, h.ear.awake())
}

// isLost reports whether the path leads to something else than the socket. Then the
// listening ends, the next check begins it again, and programs that could not be heard
// get their time again.
func (e *ear) isLost(ctx context.Context, timeout time.Duration) bool {
	e.mu.Lock()
	open, file := e.conn != nil, e.file
	e.mu.Unlock()
	if !open {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	now, err := hang.Until(ctx, &e.looking, "path", func() (inode, error) { return inodeAt(unix.AT_FDCWD, e.path), nil })
	if err != nil || now == file {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn != nil && e.file == file {
		_ = e.conn.SetReadDeadline(time.Unix(1, 0))
	}
	return true
}

// listen opens the socket and reads it until close, unless that is done already. It
// returns at once. after, if not nil, is closed when the path is free.
func (e *ear) listen(after <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.conn != nil || e.done != nil && e.err == nil {
		return
	}
	e.err, e.done = nil, make(chan struct{})
	go e.serve(after, e.done)
}

func (e *ear) serve(after <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	if after != nil {
		<-after
	}
	nest, uids, err := bind(e.path, e.user, e.ask)
	if err == nil && e.opened(nest) {
		err = fmt.Errorf("read %s: %w", e.path, e.read(nest.conn, uids))
	}
	nest.clear()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.conn, e.err = nil, err
}

// opened reports whether the socket is still wanted.
func (e *ear) opened(n nest) bool {
	e.life.lapse(e.awake()) // until now nobody could be heard
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.conn, e.file = n.conn, n.file
	return true
}

// close ends the listening and returns at once; the channel that it returns is closed
// when the socket is removed. It is nil if there never was one.
func (e *ear) close() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.conn != nil {
		_ = e.conn.SetReadDeadline(time.Unix(1, 0))
	}
	return e.done
}

// read takes what the allowed users write, until the socket is closed.
func (e *ear) read(conn *net.UnixConn, uids []uint32) error {
	message := make([]byte, 8<<10)
	oob := make([]byte, unix.CmsgSpace(unix.SizeofUcred)+unix.CmsgSpace(4*16))
	for {
		n, m, _, _, err := conn.ReadMsgUnix(message, oob)
		if err != nil {
			return err
		}
		if uid, ok := sender(oob[:m]); ok && slices.Contains(uids, uid) && e.life.hear(string(message[:n]), e.awake()) {
			e.urgent()
		}
	}
}

// sender is the user that the kernel names. File descriptors that come along (FDSTORE=1,
// BARRIER=1) are closed.
func sender(oob []byte) (uid uint32, ok bool) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, false
	}
	for i := range messages {
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil {
			for _, fd := range fds {
				unix.Close(fd)
			}
		}
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			uid, ok = cred.Uid, true
		}
	}
	return uid, ok
}
