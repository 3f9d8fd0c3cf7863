package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/trust"
)

// Server listens on the control socket.
type Server struct {
	path     string
	lock     *Lock
	listener *net.UnixListener
	http     *http.Server
}

// draftSuffix is at the end of the socket's name until it is ready.
const draftSuffix = ".new"

// Listen makes the socket at path, mode 0600; if the directory is missing it is made
// (0755). As root the directory must be one in which nobody else can replace root's
// files. The socket of a dead daemon is replaced; if a daemon answers, or holds the lock
// beside the socket, the error is ErrRunning. Nothing is answered before Serve; earlier
// callers wait.
func Listen(path string) (*Server, error) {
	if n := len(unix.RawSockaddrUnix{}.Path) - 1 - len(draftSuffix); len(path) > n {
		return nil, fmt.Errorf("socket %s: the path is longer than %d bytes (unix(7)): choose a shorter --socket", path, n)
	}
	dir, err := trust.Dir(filepath.Dir(path), 0o755)
	if err != nil {
		return nil, fmt.Errorf("the directory of the socket: %w", err)
	}
	defer dir.Close()
	lock, err := Acquire(path + ".lock")
	if err != nil {
		return nil, err
	}
	l, err := listen(path)
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return &Server{path: path, lock: lock, listener: l, http: &http.Server{
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       2 * headerTimeout,
		WriteTimeout:      2 * answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnContext:       withPeer,
		ErrorLog:          log.New(io.Discard, "", 0),
	}}, nil
}

// Serve answers from d until Close, and returns nil then.
func (s *Server) Serve(d Daemon) error {
	s.http.Handler = newHandler(d, os.Geteuid())
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", s.path, err)
	}
	return nil
}

// Close stops listening, removes the socket, lets answers in progress finish until ctx
// ends, and gives the lock back. It may be called without Serve.
func (s *Server) Close(ctx context.Context) error {
	err := os.Remove(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if s.http.Shutdown(ctx) != nil {
		err = errors.Join(err, s.http.Close())
	}
	if e := s.listener.Close(); !errors.Is(e, net.ErrClosed) {
		err = errors.Join(err, e)
	}
	return errors.Join(err, s.lock.Release())
}

// listen is called with the lock held, so if nobody answers at a socket it belongs to
// nobody. The socket is made under another name and renamed when it is ready: everybody
// who sees it at path can connect, and a dead one is replaced without a gap.
func listen(path string) (*net.UnixListener, error) {
	if err := vacant(path); err != nil {
		return nil, err
	}
	draft := path + draftSuffix
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove what a dead daemon left: %w", err)
	}
	config := net.ListenConfig{Control: private}
	made, err := config.Listen(context.Background(), "unix", draft)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l := made.(*net.UnixListener)
	l.SetUnlinkOnClose(false)
	if err = os.Rename(draft, path); err != nil {
		return nil, errors.Join(fmt.Errorf("put the socket in its place: %w", err), l.Close(), os.Remove(draft))
	}
	return l, nil
}

// private gives a socket its mode before it has a path: the file is made with it (unix(7)).
func private(_, _ string, raw syscall.RawConn) error {
	var set error
	err := raw.Control(func(fd uintptr) { set = unix.Fchmod(int(fd), 0o600) })
	return errors.Join(err, set)
}

// vacant returns nil if path is free for our socket: nothing is there, or the socket of a
// dead daemon.
func vacant(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is not a socket: move it away, or choose another --socket", path)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is a socket of the user %d: move it away, or choose another --socket", path, st.Uid)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		defer c.Close()
		if pid := int(peerOf(c).pid); !doomed(pid) {
			return running(pid, path)
		}
		return nil // a script has a copy of the dead daemon's socket until it is executed, or a thread of the daemon cannot end
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return fmt.Errorf("ask whether somebody listens on the socket: %w", err)
	}
	return nil
}
