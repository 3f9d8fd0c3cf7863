// Package systemd is the link to the service manager in PID 1 and to logind: whose
// hands a unit is in, whether the host boots or shuts down, and restarts of units, over
// D-Bus (org.freedesktop.systemd1(5), org.freedesktop.login1(5)).
package systemd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ErrAbsent says that the host does not run systemd (sd_booted(3)).
var ErrAbsent = errors.New("systemd does not run here")

// ErrConflict says that systemd has another job for the unit, or got one meanwhile:
// an operator's, which goes first.
var ErrConflict = errors.New("another job goes first")

// ErrClosed says that the link has been closed.
var ErrClosed = errors.New("the link to systemd is closed")

const (
	callLimit  = 10 * time.Second // of a call whose context has no deadline
	dialLimit  = 5 * time.Second
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// Link is a connection to systemd. It connects again by itself when the bus goes away;
// calls made meanwhile wait for that until their context ends. A call whose context has
// no deadline gets one of 10 s. It is safe for concurrent use.
type Link struct {
	root   string
	cancel context.CancelFunc
	closed <-chan struct{}
	hurry  chan struct{} // a call waits for a connection

	mu      sync.Mutex
	session *session      // nil while there is no connection
	change  chan struct{} // closed, and replaced, when session is set or unset
	err     error         // why there is no connection
	jobs    map[string]*job
	main    map[string]string   // of each unit that was asked for, systemd's name
	asked   map[string][]string // and the other way round
	news    unitNews
	waiting map[*wait]bool
	host    host
}

// Runs reports whether systemd is the service manager of this host (sd_booted(3)).
func Runs() bool { return runs("/") }

func runs(root string) bool {
	st, err := os.Lstat(filepath.Join(root, "run/systemd/system"))
	return err == nil && st.IsDir()
}

// Connect makes the link: over the system bus, or, as root where there is none, over
// systemd's private socket. It returns ErrAbsent where systemd does not run. Where it
// runs and cannot be reached yet, the link goes on trying.
func Connect(ctx context.Context) (*Link, error) { return connect(ctx, "/") }

// connect takes the root directory of the host, which a test puts elsewhere.
func connect(ctx context.Context, root string) (*Link, error) {
	if !runs(root) {
		return nil, ErrAbsent
	}
	life, cancel := context.WithCancel(context.Background())
	l := &Link{
		root: root, cancel: cancel, closed: life.Done(), hurry: make(chan struct{}, 1), change: make(chan struct{}),
		err: errors.New("not tried yet"), jobs: map[string]*job{}, waiting: map[*wait]bool{},
		main: map[string]string{}, asked: map[string][]string{}, news: unitNews{moved: map[string]bool{}, wake: make(chan struct{}, 1)},
		host: host{watchers: map[*watcher]bool{}},
	}
	first, err := dial(ctx, l)
	l.set(first, err)
	go l.keep(life, first)
	return l, nil
}

// Close ends the link. Calls that are under way fail.
func (l *Link) Close() error {
	l.cancel()
	return nil
}

// keep keeps a connection up until life ends.
func (l *Link) keep(life context.Context, s *session) {
	retry := firstRetry
	for life.Err() == nil {
		if s != nil {
			retry = firstRetry
			s.wait(life)
			l.set(nil, errors.New("the connection was lost"))
		}
		select {
		case <-life.Done():
			return
		case <-l.hurry:
			retry = firstRetry
		case <-time.After(retry):
			retry = min(2*retry, lastRetry)
		}
		var err error
		s, err = dial(life, l)
		l.set(s, err)
	}
	if s != nil {
		s.conn.Close()
	}
}

func (l *Link) set(s *session, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session, l.err = s, err
	close(l.change)
	l.change = make(chan struct{})
	if s != nil {
		go l.lookAtHost(s)
		go l.lookAtLogind(s)
		for unit := range l.main { // whatever was told meanwhile is lost
			l.news.tell(unit)
		}
	}
}

// connected is the present connection; it waits for one until ctx ends.
func (l *Link) connected(ctx context.Context) (*session, error) {
	for {
		l.mu.Lock()
		s, err, change := l.session, l.err, l.change
		l.mu.Unlock()
		if s != nil && s.conn.Connected() {
			return s, nil
		}
		select {
		case l.hurry <- struct{}{}:
		default:
		}
		select {
		case <-change:
		case <-l.closed:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: no connection to it: %w (%w)", ErrUnheard, err, ctx.Err())
		}
	}
}

// read asks systemd something, and asks again where the connection broke meanwhile. ask
// must only read.
func (l *Link) read(ctx context.Context, ask func(context.Context, *session) error) error {
	ctx, cancel := bounded(ctx, callLimit)
	defer cancel()
	for {
		s, err := l.connected(ctx)
		if err != nil {
			return err
		}
		if err = ask(ctx, s); err == nil || !s.lost(err) || ctx.Err() != nil {
			return l.orClosed(err)
		}
	}
}

// orClosed is ErrClosed instead of an error that it causes.
func (l *Link) orClosed(err error) error {
	select {
	case <-l.closed:
		if err != nil {
			return ErrClosed
		}
	default:
	}
	return err
}

// bounded gives a context a deadline if it has none.
func bounded(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, limit)
}
