package systemd

import (
	"context"
	"fmt"
	"slices"

	"github.com/godbus/dbus/v5"
)

// HostState is the manager's SystemState: initializing, starting, running, degraded,
// maintenance, stopping.
type HostState string

// Booting reports whether the boot has not finished.
func (s HostState) Booting() bool { return s == "initializing" || s == "starting" }

// Stopping reports whether the host is being shut down.
func (s HostState) Stopping() bool { return s == "stopping" }

// Host reads the state of the host.
func (l *Link) Host(ctx context.Context) (state HostState, err error) {
	err = l.read(ctx, func(ctx context.Context, s *session) (err error) {
		state, err = s.systemState(ctx)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("state of the host: %w", err)
	}
	return state, nil
}

func (s *session) systemState(ctx context.Context) (HostState, error) {
	var state string
	err := s.property(ctx, managerPath, managerIface, "SystemState", &state)
	return HostState(state), err
}

// HostEvent is a change of the host.
type HostEvent struct {
	Kind HostKind
	Why  string // in words: "logind prepares for a shutdown", "job for reboot.target"
}

// HostKind says what changed.
type HostKind int

// The kinds of HostEvent.
const (
	BootFinished      HostKind = iota + 1 // the boot has finished
	ShutdownBegins                        // the host is going down
	ShutdownCancelled                     // it is not, after all
)

// Watch calls f with every change of the host until ctx ends or the link is closed, one
// at a time and in order, and returns why it ended. It begins with the present state:
// BootFinished and ShutdownBegins are reported even if they happened before. A change
// during a lost connection is reported when there is one again.
//
// A shutdown is reported by logind, before anything is stopped, and by the jobs that
// systemd queues for it, without logind. "systemctl --force --force" is not reported by
// anybody.
func (l *Link) Watch(ctx context.Context, f func(HostEvent)) error {
	w := &watcher{news: make(chan struct{}, 1)}
	l.mu.Lock()
	l.host.add(w)
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.host.watchers, w)
	}()
	for {
		l.mu.Lock()
		events := w.queue
		w.queue = nil
		l.mu.Unlock()
		for _, e := range events {
			f(e)
		}
		select {
		case <-w.news:
		case <-ctx.Done():
			return ctx.Err()
		case <-l.closed:
			return ErrClosed
		}
	}
}

// watcher is one Watch.
type watcher struct {
	queue []HostEvent
	news  chan struct{}
}

func (w *watcher) tell(e HostEvent) {
	w.queue = append(w.queue, e)
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// host is what is known of the host; it is used with the link's lock held.
type host struct {
	booted   bool
	logind   string // why logind says that it goes down, or empty
	job      string // why systemd says so, or empty
	watchers map[*watcher]bool

	jobNews, logindNews int // so that an answer is not taken for newer than the signals after it
}

func (h *host) add(w *watcher) {
	h.watchers[w] = true
	if h.booted {
		w.tell(HostEvent{Kind: BootFinished})
	}
	if why := h.why(); why != "" {
		w.tell(HostEvent{ShutdownBegins, why})
	}
}

// why it goes down, or empty.
func (h *host) why() string {
	if h.logind != "" {
		return h.logind
	}
	return h.job
}

func (h *host) tell(e HostEvent) {
	for w := range h.watchers {
		w.tell(e)
	}
}

func (h *host) setBooted() {
	if !h.booted {
		h.booted = true
		h.tell(HostEvent{Kind: BootFinished, Why: "the boot has finished"})
	}
}

func (h *host) setJob(why string) { h.set(&h.job, why) }

func (h *host) setLogind(begins bool) {
	if begins {
		h.set(&h.logind, "logind prepares for a shutdown")
	} else {
		h.set(&h.logind, "")
	}
}

// set changes one of the two reasons, and reports when there is a first one or none any
// more.
func (h *host) set(reason *string, why string) {
	before := h.why()
	if *reason == "" || why == "" {
		*reason = why
	}
	switch now := h.why(); {
	case before == "" && now != "":
		h.tell(HostEvent{ShutdownBegins, now})
	case before != "" && now == "":
		h.tell(HostEvent{ShutdownCancelled, before})
	}
}

// shutsDown reports whether a unit takes the host down. All such units need
// shutdown.target (systemd.special(7)); the others are listed to give a better reason.
func shutsDown(unit string) bool { return slices.Contains(shutdownUnits, unit) }

var shutdownUnits = []string{"shutdown.target", "reboot.target", "poweroff.target", "halt.target", "kexec.target", "soft-reboot.target"}

func (l *Link) bootFinished() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.host.setBooted()
}

func (l *Link) prepareForShutdown(begins bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.host.logindNews++
	l.host.setLogind(begins)
}

// shutdownJob takes the news of a job for a unit that takes the host down; it is called
// with the link's lock held. Then it is asked whether a shutdown follows.
func (l *Link) shutdownJob(s *session, why string) {
	l.host.jobNews++
	if why != "" {
		l.host.setJob(why)
	}
	go l.lookAtHost(s)
}

// lookAtHost reads what signals may not have reported: what was before the connection,
// and whether there is a job for a shutdown.
func (l *Link) lookAtHost(s *session) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	l.mu.Lock()
	news := l.host.jobNews
	l.mu.Unlock()
	state, err := s.systemState(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || news != l.host.jobNews { // whoever brought the news looks again
		return
	}
	if state.Stopping() {
		l.host.setJob("systemd is stopping")
		return
	}
	l.host.setJob("")
	if !state.Booting() {
		l.host.setBooted()
	}
}

// lookAtLogind reads whether a shutdown was announced, or cancelled, before there was a
// connection. A host without logind has no such announcement.
func (l *Link) lookAtLogind(s *session) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	l.mu.Lock()
	news := l.host.logindNews
	l.mu.Unlock()
	var begins bool
	_ = s.conn.Object(logindName, logindPath).CallWithContext(ctx, getProperty, dbus.FlagNoAutoStart, logindIface, "PreparingForShutdown").Store(&begins)
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() == nil && s.conn.Connected() && news == l.host.logindNews {
		l.host.setLogind(begins)
	}
}
