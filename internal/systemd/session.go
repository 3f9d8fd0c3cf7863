package systemd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	busName     = "org.freedesktop.DBus"
	systemdName = "org.freedesktop.systemd1"
	logindName  = "org.freedesktop.login1"

	managerPath  = "/org/freedesktop/systemd1"
	logindPath   = "/org/freedesktop/login1"
	managerIface = systemdName + ".Manager"
	unitIface    = systemdName + ".Unit"
	serviceIface = systemdName + ".Service"
	logindIface  = logindName + ".Manager"
	getProperty  = "org.freedesktop.DBus.Properties.Get"

	busSocket     = "/run/dbus/system_bus_socket"
	privateSocket = "/run/systemd/private"
)

// session is one connection. The goroutine that reads the replies also takes the signals,
// so a caller with a reply has seen every signal that was sent before it.
type session struct {
	link  *Link
	conn  *dbus.Conn
	bus   bool          // over the bus, not straight to PID 1
	stale chan struct{} // systemd has left the bus, or come to it: begin again
	once  sync.Once

	mu     sync.Mutex
	owners map[string]string // unique bus names of systemd and logind

	following sync.Mutex
	followed  map[string]bool // units whose jobs the bus tells us of
	all       bool            // it tells of those of all units
}

// dial connects and subscribes, within dialLimit.
func dial(ctx context.Context, l *Link) (*session, error) {
	s, err := establish(ctx, l, busSocket)
	if err == nil || os.Geteuid() != 0 {
		return s, err
	}
	s, other := establish(ctx, l, privateSocket)
	if other != nil {
		return nil, errors.Join(err, other)
	}
	return s, nil
}

func establish(ctx context.Context, l *Link, socket string) (s *session, err error) {
	// The context of a connection is its life, so the limit is a timer.
	life, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, cancel)
	timer := time.AfterFunc(dialLimit, cancel)
	defer func() {
		timer.Stop()
		if !stop() || err != nil {
			cancel()
		}
	}()
	s = &session{link: l, bus: socket == busSocket, stale: make(chan struct{}), owners: map[string]string{}, followed: map[string]bool{}}
	address := "unix:path=" + dbus.EscapeBusAddressValue(filepath.Join(l.root, socket))
	s.conn, err = dbus.Dial(address, dbus.WithContext(life), dbus.WithSignalHandler(s))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", socket, err)
	}
	if err = s.open(life); err != nil {
		s.conn.Close()
		return nil, fmt.Errorf("connect to %s: %w", socket, err)
	}
	return s, nil
}

// open identifies us and asks for the signals.
func (s *session) open(ctx context.Context) error {
	if err := s.conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))}); err != nil {
		return err
	}
	if s.bus {
		if err := s.match(ctx); err != nil {
			return err
		}
	}
	return s.subscribe(ctx)
}

// subscribe asks systemd for its signals. On the private socket a first message that
// comes together with the end of the authentication is not read before there is more to
// read (seen with systemd 252); so more is sent until it is answered.
func (s *session) subscribe(ctx context.Context) error {
	answer := s.manager().GoWithContext(ctx, managerIface+".Subscribe", 0, make(chan *dbus.Call, 1)).Done
	for {
		select {
		case call := <-answer:
			return call.Err
		case <-time.After(10 * time.Millisecond):
			s.manager().Go("org.freedesktop.DBus.Peer.Ping", dbus.FlagNoReplyExpected, nil)
		}
	}
}

func (s *session) match(ctx context.Context) error {
	if err := s.conn.Hello(); err != nil {
		return err
	}
	const signal = "type='signal',sender='%s',interface='%s',member='%s'"
	for _, rule := range []string{
		fmt.Sprintf(signal, busName, busName, "NameOwnerChanged") + ",arg0='" + systemdName + "'",
		fmt.Sprintf(signal, busName, busName, "NameOwnerChanged") + ",arg0='" + logindName + "'",
		fmt.Sprintf(signal, systemdName, managerIface, "StartupFinished"),
		fmt.Sprintf(signal, logindName, logindIface, "PrepareForShutdown"),
	} {
		if err := s.conn.BusObject().CallWithContext(ctx, busName+".AddMatch", 0, rule).Err; err != nil {
			return fmt.Errorf("AddMatch: %w", err)
		}
	}
	for _, unit := range slices.Concat(shutdownUnits, s.link.units()) {
		if err := s.follow(ctx, unit); err != nil {
			return err
		}
	}
	for _, name := range []string{systemdName, logindName} {
		var owner string
		if s.conn.BusObject().CallWithContext(ctx, busName+".GetNameOwner", 0, name).Store(&owner) == nil {
			s.setOwner(name, owner)
		}
	}
	return nil
}

func (s *session) manager() dbus.BusObject { return s.conn.Object(systemdName, managerPath) }

// wait returns when the connection is useless, and closes it.
func (s *session) wait(life context.Context) {
	select {
	case <-s.conn.Context().Done():
	case <-s.stale:
	case <-life.Done():
	}
	s.conn.Close()
}

// lost reports whether a call failed because the connection broke. If so it closes the
// connection, which may not have noticed yet.
func (s *session) lost(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, dbus.ErrClosed) || !s.conn.Connected() {
		s.conn.Close()
		return true
	}
	return false
}

// unsent reports whether a call failed before systemd could have heard of it.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "write"
}

func (s *session) setOwner(name, owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners[name] = owner
}

// from reports whether a signal comes from the owner of a name. On the system bus
// everybody may send signals, also directly to us; only the bus guarantees who the sender
// is.
func (s *session) from(name string, signal *dbus.Signal) bool {
	if !s.bus {
		return name != logindName
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return signal.Sender != "" && s.owners[name] == signal.Sender
}

// DeliverSignal takes one signal; it makes session a dbus.SignalHandler. It must not
// block.
func (s *session) DeliverSignal(iface, member string, signal *dbus.Signal) {
	switch iface {
	case busName:
		var name, before, now string
		if member == "NameOwnerChanged" && signal.Sender == busName && dbus.Store(signal.Body, &name, &before, &now) == nil {
			s.setOwner(name, now)
			if name == systemdName {
				s.once.Do(func() { close(s.stale) })
			}
		}
	case managerIface:
		if s.from(systemdName, signal) {
			s.managerSignal(member, signal.Body)
		}
	case logindIface:
		var begins bool
		if member == "PrepareForShutdown" && s.from(logindName, signal) && dbus.Store(signal.Body, &begins) == nil {
			s.link.prepareForShutdown(begins)
		}
	}
}

func (s *session) managerSignal(member string, body []any) {
	var id uint32
	var path dbus.ObjectPath
	var unit, result string
	switch member {
	case "JobNew":
		if dbus.Store(body, &id, &path, &unit) == nil {
			s.link.jobNew(s, id, unit)
		}
	case "JobRemoved":
		if dbus.Store(body, &id, &path, &unit, &result) == nil {
			s.link.jobRemoved(s, id, unit, result)
		}
	case "StartupFinished":
		s.link.bootFinished()
	}
}

// property reads one property into value.
func (s *session) property(ctx context.Context, path dbus.ObjectPath, iface, name string, value any) error {
	return s.conn.Object(systemdName, path).CallWithContext(ctx, getProperty, 0, iface, name).Store(value)
}
