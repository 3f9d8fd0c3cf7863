package message

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// socket is a connection to the unix socket of a log daemon. It is made at the first
// write, and again after every error, because a restarted daemon listens on a new socket.
//
// It is connected, and each write has a deadline. The unconnected socket of go-systemd's
// journal.Send has neither: while the receive queue of journald is full (unix(7),
// max_dgram_qlen) it tries to write without pause, one core at 100 %, because the kernel
// wakes a waiting writer only if the socket is connected.
type socket struct {
	path     string
	networks []string // "unixgram", "unix", tried in this order
	conn     net.Conn
}

// send writes one message, within writeTimeout. If an older connection turns out to be
// dead it tries once more.
func (s *socket) send(b []byte) error {
	fresh := s.conn == nil
	err := s.try(b)
	if err != nil && !fresh && !errors.Is(err, os.ErrDeadlineExceeded) {
		err = s.try(b)
	}
	if err != nil {
		return fmt.Errorf("write to %s: %w", s.path, err)
	}
	return nil
}

func (s *socket) try(b []byte) error {
	if err := s.connect(); err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		s.Close()
		return err
	}
	if s.conn.RemoteAddr().Network() == "unix" {
		b = append(b, '\n') // a stream needs something that ends a message
	}
	if _, err := s.conn.Write(b); err != nil {
		s.Close()
		return err
	}
	return nil
}

func (s *socket) connect() error {
	if s.conn != nil {
		return nil
	}
	var errs []error
	for _, network := range s.networks {
		conn, err := net.DialTimeout(network, s.path, writeTimeout)
		if err == nil {
			s.conn = conn
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Close ends the connection; the next send makes a new one.
func (s *socket) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}
