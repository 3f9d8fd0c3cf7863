package probe

import (
	"context"
	"fmt"
	"net"
	osuser "os/user"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ear is the socket of a notify check. It is opened by a goroutine of its own, which
// then reads it, so that nobody who writes ever waits.
type ear struct {
	path, user string
	awake      func() time.Duration
	urgent     func() // is called where what came should be judged now
	life       life

	mu     sync.Mutex
	closed bool
	conn   *net.UnixConn // nil: not open
	err    error         // why it is not
	done   chan struct{} // closed when the goroutine has ended; nil: there was none yet
}

// hearing judges what an ear hears.
type hearing struct {
	ear    *ear
	maxAge time.Duration
}

// check judges what was heard. A socket that could not be opened is tried again.
func (h hearing) check(context.Context, time.Duration) result {
	h.ear.mu.Lock()
	err := h.ear.err
	h.ear.mu.Unlock()
	if err != nil {
		h.ear.listen(nil)
		return unknown("%v", err)
	}
	return h.ear.life.judge(h.maxAge, h.ear.awake())
}

// listen opens the socket and reads it until close, where that is not done already. It
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
	nest, uids, err := bind(e.path, e.user)
	if err == nil && e.opened(nest.conn) {
		err = fmt.Errorf("read %s: %w", e.path, e.read(nest.conn, uids))
	}
	nest.clear()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.conn, e.err = nil, err
}

// opened says whether the socket is still wanted.
func (e *ear) opened(conn *net.UnixConn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.conn = conn
	return true
}

// close ends the listening and returns at once; the socket is removed when what it
// returns is closed. That is nil where there never was one.
func (e *ear) close() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.conn != nil {
		_ = e.conn.SetReadDeadline(time.Unix(1, 0))
	}
	return e.done
}

// read hears what those say who may, until the socket is closed.
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

func userID(name string) (uint32, error) {
	u, err := osuser.Lookup(name)
	if err != nil {
		if u, err = osuser.LookupId(name); err != nil {
			return 0, fmt.Errorf("there is no user %q", name)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("user %q: %w", name, err)
	}
	return uint32(uid), nil
}
